//! The card, its signatures, and asking for it again.

use crate::bed::{Script, anna, gateway};
use duologue_a2a::card::{self, Form};
use duologue_gateway::CardForm;
use duologue_gateway::key::{SigningKey, VerifyingKey};
use http::StatusCode;
use serde_json::Value;

const CARD: &str = "/.well-known/agent-card.json";

#[tokio::test]
async fn a_card_is_signed_by_the_key_that_is_served_beside_it() {
    let key = SigningKey::generate().unwrap();
    for form in [CardForm::Combined, CardForm::Plain] {
        let gateway = gateway(&Script::new(), |config| (config.key, config.card) = (Some(key.clone()), form));
        let client = anna(&gateway).with("a2a-version", if form == CardForm::Combined { "0.3" } else { "1.0" });
        let served = client.whole(client.request("GET", CARD, "")).await;
        let keys = client.whole(client.request("GET", "/.well-known/jwks.json", "")).await.json();
        let keys = VerifyingKey::from_jwks(&keys);
        let holds = |header: &card::Header, input: &[u8], made: &[u8]| {
            keys.iter().any(|key| key.kid() == header.kid && key.verify(input, made))
        };
        // Each form of signature holds by itself.
        let mut json = served.json();
        let signatures = json["signatures"].as_array().unwrap().clone();
        assert_eq!(signatures.len(), if form == CardForm::Combined { 3 } else { 2 });
        // Also for who knows nothing of the card but that it is JSON.
        let as_it_comes = |json: &Value| card::verify(json.to_string().as_bytes(), &[], holds).is_ok();
        assert!(as_it_comes(&json));
        for (name, value) in [("name", "Another"), ("url", "https://evil.example"), ("unknown", "")] {
            let mut changed = json.clone();
            changed[name] = value.into();
            assert!(!as_it_comes(&changed), "{name}");
        }
        for signature in signatures {
            json["signatures"] = vec![signature].into();
            let forms = [Form::Specified, Form::WithoutEmpty];
            assert_eq!(card::verify(json.to_string().as_bytes(), &forms, holds).unwrap().kid, key.kid());
        }
        json["description"] = "Somebody else's".into();
        assert!(card::verify(json.to_string().as_bytes(), &[Form::Specified], holds).is_err());
    }
}

#[tokio::test]
async fn a_card_that_is_known_is_not_sent_again() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let first = client.whole(client.request("GET", CARD, "")).await;
    assert!(first.headers["cache-control"].to_str().unwrap().contains("max-age="));
    let (etag, since) = (first.headers["etag"].to_str().unwrap(), first.headers["last-modified"].to_str().unwrap());
    for (name, value, status) in [
        ("if-none-match", etag, StatusCode::NOT_MODIFIED),
        ("if-none-match", "\"other\", *", StatusCode::NOT_MODIFIED),
        ("if-none-match", "\"other\"", StatusCode::OK),
        ("if-modified-since", since, StatusCode::NOT_MODIFIED),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", StatusCode::OK),
    ] {
        let asking = client.with(name, value);
        let answer = asking.whole(asking.request("GET", CARD, "")).await;
        assert_eq!(
            (answer.status, answer.body.is_empty()),
            (status, status == StatusCode::NOT_MODIFIED),
            "{name} {value}"
        );
    }
    let head = client.whole(client.request("HEAD", CARD, "")).await;
    assert_eq!((head.status, head.body.len(), &head.headers["etag"]), (StatusCode::OK, 0, &first.headers["etag"]));
    assert_eq!(client.whole(client.request("POST", CARD, "")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn clients_of_both_versions_find_their_card() {
    let old = |card: &Value| card.get("preferredTransport").is_some();
    for (form, unsaid) in [(CardForm::Combined, true), (CardForm::Plain, false)] {
        let gateway = gateway(&Script::new(), |config| config.card = form);
        let asks = async |version: &str, path: &str| {
            let client = anna(&gateway).with("a2a-version", version);
            client.whole(client.request("GET", path, "")).await.json()
        };
        assert_eq!(old(&asks("", CARD).await), unsaid);
        assert!(old(&asks("0.3", CARD).await) && !old(&asks("1.0", CARD).await));
        assert!(old(&asks("", "/.well-known/agent.json").await));
    }
}
