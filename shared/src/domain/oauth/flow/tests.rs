use super::*;
use crate::secret::Secret;

fn ring() -> KeyRing {
    KeyRing::parse(r#"{"current":"k1","k1":"0123456789abcdef0123456789abcdef"}"#).unwrap()
}

fn config() -> OrgConfig {
    let json = serde_json::json!({
        "name": "Acme", "currency": "USD", "returnOrigins": ["https://shop.example"],
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_challenge_is_that_of_rfc_7636() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(
        s256(verifier),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn a_state_is_good_at_its_org_and_provider_until_it_is_over_and_tells_nothing() {
    let (ring, vendors) = (ring(), Vendors::default());
    let (acme, globex): (OrgId, OrgId) = ("acme".parse().unwrap(), "globex".parse().unwrap());
    let settings = OAuthSettings {
        client_id: "app".to_owned(),
        client_secret: Secret::new("secret"),
        redirect_uri: None,
    };
    let sign_in = SignIn {
        provider: Provider::Google,
        org: &acme,
        settings,
        ring: &ring,
        vendors: &vendors,
    };
    let to = "https://shop.example/in";
    let begun = sign_in
        .begin_by_client(&config(), to, "challenge".to_owned())
        .unwrap();
    let open = |org, provider, state: &str| {
        Flow::open(&ring, org, provider, state).map_err(|error| error.refusal().code)
    };
    let flow = open(&acme, Provider::Google, &begun.state).unwrap();
    assert!(!begun.url.contains(&flow.derived("verifier")) && !begun.url.contains(&flow.secret));
    let elsewhere = begun.state.replacen("acme", "globex", 1);
    for (org, provider, state) in [
        (&globex, Provider::Google, begun.state.as_str()),
        (&globex, Provider::Google, elsewhere.as_str()),
        (&acme, Provider::Github, begun.state.as_str()),
        (
            &acme,
            Provider::Google,
            &begun.state[..begun.state.len() - 2],
        ),
        (&acme, Provider::Google, "acme"),
        (&acme, Provider::Google, ""),
    ] {
        let refused = open(org, provider, state).err();
        assert_eq!(refused, Some(Code::InvalidState), "{state}");
    }
    let over = Flow {
        until: clock::unix_seconds(),
        ..flow
    };
    let over = sign_in.begun(&over).unwrap().state;
    assert_eq!(
        open(&acme, Provider::Google, &over).err(),
        Some(Code::InvalidState)
    );
}

#[test]
fn a_sign_in_is_ended_by_the_browser_or_the_client_that_began_it() {
    let mut flow = Flow::new("https://api.example/cb".to_owned(), s256("verifier"));
    assert!(flow.must_be_of_client("verifier").is_ok());
    assert!(flow.must_be_of_client("another").is_err());
    assert!(flow.return_url(None).is_err());
    let browser = Browser::known(Browser::unknown().cookie()).unwrap();
    flow.browser = Some(browser.hash());
    flow.return_url = Some("https://shop.example/".to_owned());
    assert_eq!(
        flow.return_url(Some(&browser)).unwrap(),
        "https://shop.example/"
    );
    assert!(flow.return_url(None).is_err());
    assert!(flow.return_url(Some(&Browser::unknown())).is_err());
    assert!(
        flow.must_be_of_client("verifier").is_err(),
        "it goes through the browser"
    );
}
