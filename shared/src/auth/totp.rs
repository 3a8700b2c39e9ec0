//! One-time passwords by the clock (TOTP, RFC 6238): SHA-1, six digits, steps of 30 seconds, which is what
//! every authenticator app understands.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use data_encoding::BASE32_NOPAD;
use subtle::ConstantTimeEq;

/// The length of a step.
const STEP_SECONDS: u64 = 30;
/// Six digits.
const MODULUS: u32 = 1_000_000;

/// The secret that an authenticator app and the server share.
pub struct Totp(Vec<u8>);

impl Totp {
    /// A new one: 160 bits, as RFC 4226 §4 recommends.
    pub fn generate() -> Self {
        let mut secret = vec![0; 20];
        getrandom::fill(&mut secret).expect("the operating system's random generator works");
        Self(secret)
    }

    /// One that was kept.
    pub fn from_bytes(secret: Vec<u8>) -> Self {
        Self(secret)
    }

    /// One as people type it.
    pub fn from_text(secret: &str) -> Option<Self> {
        BASE32_NOPAD.decode(secret.as_bytes()).ok().map(Self)
    }

    /// The secret itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret as people type it: base32 (RFC 4648 §6).
    pub fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What an authenticator app reads from a QR code. It shows the issuer and the account.
    pub fn url(&self, issuer: &str, account: &str) -> String {
        let escape = |text: &str| {
            let pair = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
            // A plus sign is a space in forms only.
            pair[1..].replace('+', "%20")
        };
        let (issuer, account) = (escape(issuer), escape(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
            self.text()
        )
    }

    /// The step that a time (Unix seconds) is in.
    pub fn step(unix_seconds: i64) -> u64 {
        u64::try_from(unix_seconds).unwrap_or(0) / STEP_SECONDS
    }

    /// The code of a step.
    pub fn code(&self, step: u64) -> String {
        format!("{:06}", self.number(step, MODULUS))
    }

    /// The step whose code this is: the one that `unix_seconds` is in, or the one before or behind it, since
    /// clocks differ and people are slow (RFC 6238 §5.2). Steps up to `spent` are over: their codes may have
    /// been used.
    pub fn accepts(&self, code: &str, unix_seconds: i64, spent: u64) -> Option<u64> {
        let now = Self::step(unix_seconds);
        let mut accepted = None;
        for step in now.saturating_sub(1)..=now + 1 {
            let right = bool::from(self.code(step).as_bytes().ct_eq(code.as_bytes()));
            if right && step > spent {
                accepted = Some(step);
            }
        }
        accepted
    }

    /// Dynamic truncation (RFC 4226 §5.3).
    fn number(&self, step: u64, modulus: u32) -> u32 {
        let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let at = usize::from(bytes[bytes.len() - 1] & 0xf);
        let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        (u32::from_be_bytes(four) & 0x7fff_ffff) % modulus
    }
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> Totp {
        Totp(b"12345678901234567890".to_vec())
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238_appendix_b() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = Totp::step(seconds);
            assert_eq!(rfc().number(step, 100_000_000), code, "{seconds}");
            assert_eq!(rfc().code(step), format!("{:06}", code % 1_000_000));
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_its_neighbours_and_never_again() {
        let (totp, now) = (rfc(), 1_234_567_890);
        let step = Totp::step(now);
        for near in [step - 1, step, step + 1] {
            assert_eq!(totp.accepts(&totp.code(near), now, 0), Some(near));
            assert_eq!(totp.accepts(&totp.code(near), now, near), None);
        }
        for far in [step - 2, step + 2] {
            assert_eq!(totp.accepts(&totp.code(far), now, 0), None);
        }
        for wrong in ["", "00592", "0059245", "００５９２４"] {
            assert_eq!(totp.accepts(wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_the_secret_the_issuer_and_the_account() {
        assert_eq!(
            rfc().url("Acme & Sons", "ann@acme.example"),
            "otpauth://totp/Acme%20%26%20Sons:ann%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Acme%20%26%20Sons&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(
            Totp::from_text(&rfc().text()).unwrap().as_bytes(),
            rfc().as_bytes()
        );
        assert_eq!(format!("{:?}", rfc()), "Totp(…)");
    }
}
