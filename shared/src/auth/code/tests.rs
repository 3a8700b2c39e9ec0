use super::*;
use crate::ids::CustomerId;

fn ring() -> KeyRing {
    KeyRing::parse(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#).unwrap()
}

fn org(id: &str) -> OrgId {
    id.parse().unwrap()
}

fn address(org_id: &str, email: &str) -> CodeOwner {
    CodeOwner::Address(org(org_id), AddressHash::of(email))
}

#[test]
fn a_code_is_six_digits_of_one_kind_one_owner_one_address_and_one_time() {
    let ring = ring();
    let of = |id: &str| {
        CodeOwner::Customer(CustomerScope::proved(
            org(id),
            CustomerId::derived(b"one customer"),
        ))
    };
    let code = Code::new(&ring, CodeKind::VerifyPhone, "+14155550123");
    let digits = code.secret(&ring, &of("acme")).unwrap();
    assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()));
    assert!(code.is(&ring, &of("acme"), &digits));
    let mut others = vec![
        code.secret(&ring, &of("globex")),
        code.secret(&ring, &address("acme", "a@b.c")),
    ];
    let mut other = code.clone();
    other.kind = CodeKind::VerifyEmail;
    others.push(other.secret(&ring, &of("acme")));
    let mut other = code.clone();
    other.to = "+14155550124".to_owned();
    others.push(other.secret(&ring, &of("acme")));
    let mut other = code.clone();
    other.nonce = Code::new(&ring, CodeKind::VerifyPhone, "").nonce;
    others.push(other.secret(&ring, &of("acme")));
    // Two of a million numbers may be the same: not all of five.
    let same = others
        .iter()
        .filter(|other| **other == Some(digits.clone()));
    assert!(same.count() < 2, "{digits} {others:?}");
    for wrong in ["", "00000", &digits[..5], &format!("{digits}0")] {
        assert!(!code.is(&ring, &of("acme"), wrong), "{wrong}");
    }
    let mut gone = code;
    gone.kid = "k9".to_owned();
    assert_eq!(gone.secret(&ring, &of("acme")), None);
}

#[test]
fn digits_are_taken_below_the_last_whole_million() {
    let mut tag = [0xff; 32];
    tag[4..8].copy_from_slice(&7_000_042_u32.to_be_bytes());
    assert_eq!(digits(&tag), "000042");
    assert_eq!(digits(&[0xff; 32]), "000000");
}

#[test]
fn a_links_token_is_read_only_in_its_org_for_its_kind_and_unaltered() {
    let ring = ring();
    let owner = address("acme", "ann@acme.example");
    let code = Code::new(&ring, CodeKind::ResetPassword, "ann@acme.example");
    let token = code.secret(&ring, &owner).unwrap();
    let parse = |id, kind, token: &str| Link::parse(&ring, &org(id), kind, token);
    let link = parse("acme", CodeKind::ResetPassword, &token).unwrap();
    assert_eq!(link.nonce, code.nonce);
    assert_eq!(
        link.owner.key(code.kind),
        owner.key(code.kind),
        "it leads to its item"
    );
    assert!(parse("globex", CodeKind::ResetPassword, &token).is_none());
    assert!(parse("acme", CodeKind::SignInLink, &token).is_none());
    for at in 0..token.len() {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert!(parse("acme", CodeKind::ResetPassword, &altered).is_none());
    }
    for wrong in ["", "A", &token[..token.len() - 4], &format!("{token}AAAA")] {
        assert!(
            parse("acme", CodeKind::ResetPassword, wrong).is_none(),
            "{wrong}"
        );
    }
}

#[test]
fn one_a_minute_and_five_a_day_are_sent() {
    let ring = ring();
    let owner = address("acme", "ann@acme.example");
    let mut before = Code::new(&ring, CodeKind::SignInCode, "ann@acme.example");
    let started = before.sent_at;
    let send = |before: &Code, at: i64| {
        let mut next = Code::new(&ring, CodeKind::SignInCode, "ann@acme.example");
        (next.sent_at, next.since) = (started + at, started + at);
        let refused = next.reissue(&owner, before).err();
        (next, refused.and_then(|refusal| refusal.retry_after))
    };
    assert_eq!(send(&before, 0).1, Some(60));
    assert_eq!(send(&before, 59).1, Some(1));
    for nth in 1..5 {
        let (next, refused) = send(&before, nth * 60);
        assert_eq!(
            (refused, next.sends),
            (None, u32::try_from(nth).unwrap() + 1)
        );
        before = next;
    }
    let day = DAY_SECONDS;
    assert_eq!(
        send(&before, 300).1,
        Some(u32::try_from(day - 300).unwrap())
    );
    assert_eq!(send(&before, day - 1).1, Some(1));
    let (next, refused) = send(&before, day);
    assert_eq!((refused, next.sends, next.since), (None, 1, started + day));
}
