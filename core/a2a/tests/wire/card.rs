//! Canonical forms and signatures.

use crate::strategies::card;
use duologue_a2a::card::{Form, Header, VerifyError, canonical, sign, verify};
use duologue_a2a::model::*;
use duologue_a2a::v0_3;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Stands for a signature: two inputs with the same value are the same input (FNV-1a, 64 bits).
fn made(input: &[u8]) -> Vec<u8> {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    input.iter().fold(0xcbf2_9ce4_8422_2325, step).to_be_bytes().to_vec()
}

fn holds(header: &Header, input: &[u8], signature: &[u8]) -> bool {
    header.kid == "key-1" && header.alg == "ES256" && signature == made(input)
}

fn signed(mut card: AgentCard, form: Form) -> AgentCard {
    let header = Header {
        alg: "ES256".into(),
        kid: "key-1".into(),
        typ: Some("JOSE".into()),
        jku: Some("https://example.com/agent/jwks.json".into()),
    };
    card.signatures.push(sign(&card, &header, form, made).expect("a canonical form"));
    card
}

#[test]
fn the_canonical_form_is_that_of_the_specification() {
    // Its §8.4.1, as far as it goes: required fields stay, optional ones that are set too, empty lists go.
    let card: AgentCard = serde_json::from_value(json!({
        "name": "Example Agent", "description": "", "skills": [], "signatures": [{ "protected": "a", "signature": "b" }],
        "capabilities": { "streaming": false, "pushNotifications": false, "extensions": [] },
    }))
    .expect("a card");
    let form = String::from_utf8(canonical(&card, Form::Specified).expect("a canonical form")).expect("UTF-8");
    assert_eq!(
        form,
        concat!(
            r#"{"capabilities":{"pushNotifications":false,"streaming":false},"defaultInputModes":[],"#,
            r#""defaultOutputModes":[],"description":"","name":"Example Agent","skills":[],"#,
            r#""supportedInterfaces":[],"version":""}"#
        )
    );
}

#[test]
fn numbers_and_names_are_ordered_and_written_as_rfc_8785_has_them() {
    let params = r#"{"\u20ac":333333333.33333329,"\r":1e30,"1":4.50,"\ud83d\ude00":2e-3,"\ufb33":1e-27}"#;
    let params: Value = serde_json::from_str(params).expect("an object");
    let extension = AgentExtension { params: params.as_object().cloned(), ..Default::default() };
    let capabilities = AgentCapabilities { extensions: vec![extension], ..Default::default() };
    let card = AgentCard { capabilities, ..Default::default() };
    let form = String::from_utf8(canonical(&card, Form::Specified).expect("a canonical form")).expect("UTF-8");
    let expected = "{\"\\r\":1e+30,\"1\":4.5,\"\u{20ac}\":333333333.3333333,\"\u{1f600}\":0.002,\"\u{fb33}\":1e-27}";
    assert!(form.contains(expected), "{form}");
}

#[test]
fn the_protected_header_is_the_one_of_the_specification() {
    let protected = signed(AgentCard::default(), Form::Specified).signatures.remove(0).protected;
    // §8.4.2 has the same members in another order.
    assert!(protected.starts_with("eyJhbGciOiJFUzI1NiIs"), "{protected}");
}

#[test]
fn what_was_changed_or_is_not_signed_is_refused() {
    let json = |card: &AgentCard| serde_json::to_vec(card).expect("a card");
    assert!(matches!(verify(&json(&AgentCard::default()), &[Form::Specified], holds), Err(VerifyError::Unsigned)));
    let mut card = signed(AgentCard { name: "A".into(), ..Default::default() }, Form::Specified);
    card.name = "B".into();
    assert!(matches!(verify(&json(&card), &[Form::Specified], holds), Err(VerifyError::NoneHolds(1))));
    // A header that asks for what is not known, and one without an algorithm.
    for header in ["eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIiwiY3JpdCI6WyJ4Il19", "eyJhbGciOiJub25lIn0", "*", "bnVsbA"] {
        let signature = AgentCardSignature { protected: header.into(), signature: "AA".into(), header: None };
        let card = AgentCard { signatures: vec![signature], ..Default::default() };
        assert!(verify(&json(&card), &[Form::Specified], |_, _, _| true).is_err(), "{header}");
    }
}

proptest! {
    #[test]
    fn a_signature_holds_through_the_wire(card in card()) {
        for form in [Form::Specified, Form::WithoutEmpty] {
            let card = signed(card.clone(), form);
            // As it is, and with what only clients of 0.3 read beside it.
            for value in [serde_json::to_value(&card)?, v0_3::combined_card(&card)] {
                let json = serde_json::to_vec(&value)?;
                prop_assert!(verify(&json, &[form], holds).is_ok());
            }
        }
    }

    #[test]
    fn members_that_are_unknown_here_are_covered_by_their_signature(card in card(), added in "[a-z]{9,12}") {
        let mut value = serde_json::to_value(&card)?;
        value[&added] = json!([1, 2]);
        let payload = serde_json_canonicalizer::to_vec(&value)?;
        let protected = base64_url(br#"{"alg":"ES256","kid":"key-1"}"#);
        let input = format!("{protected}.{}", base64_url(&payload));
        let signature = base64_url(&made(input.as_bytes()));
        value["signatures"] = json!([{ "protected": protected, "signature": signature }]);
        prop_assert!(verify(&serde_json::to_vec(&value)?, &[Form::Specified], holds).is_ok());
        value[&added] = Value::Bool(true);
        prop_assert!(verify(&serde_json::to_vec(&value)?, &[Form::Specified], holds).is_err());
    }
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
