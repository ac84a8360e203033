//! Where cards are found, that they are asked for anew by their tag, and whose signature holds.

use crate::scripted::{Answer, Scripted, card};
use duologue_a2a::card::{Form, Header, sign};
use duologue_a2a::model::AgentCard;
use duologue_a2a::version::Dialect;
use duologue_gateway::key::{SigningKey, jwks};
use duologue_gateway::outbound::{Binding, Client, ConnectError, KeySet, Options};
use serde_json::{Value, json};

fn nothing() -> Answer {
    Answer::Plain(404, vec![], String::new())
}

fn targets(agent: &Scripted) -> Vec<String> {
    agent.seen().into_iter().map(|seen| seen.target).collect()
}

#[tokio::test]
async fn a_card_is_looked_for_where_each_version_has_it() {
    let agent = Scripted::bare(vec![nothing(), nothing(), nothing()]).await;
    agent.add(Answer::Json(200, card(&format!("{}/worker", agent.url), &[])));
    let client = Client::connect(&format!("{}/worker/", agent.url), Options::default()).await.expect("a card");
    assert_eq!(client.fetched().card.name, "Scripted");
    assert_eq!(
        targets(&agent),
        [
            "GET /worker/.well-known/agent-card.json",
            "GET /worker/.well-known/agent.json",
            "GET /.well-known/agent-card.json",
            "GET /.well-known/agent.json"
        ]
    );
    let none = Scripted::bare(vec![nothing(), nothing()]).await;
    let told = Client::connect(&none.url, Options::default()).await.expect_err("there is none").to_string();
    assert!(told.contains("/.well-known/agent.json (404 Not Found)"), "{told}");
}

#[tokio::test]
async fn the_card_of_another_agent_on_the_same_host_is_not_taken() {
    let refused = async |answers: Vec<Answer>, other: &str| {
        let agent = Scripted::bare(answers).await;
        agent.add(Answer::Json(200, card(&format!("{}{other}", agent.url), &[])));
        let told =
            Client::connect(&format!("{}/worker", agent.url), Options::default()).await.expect_err("not its card");
        (told, agent.seen().len())
    };
    let of = |status, name, value: &str| Answer::Plain(status, vec![(name, value.to_owned())], String::new());
    for status in [401, 403] {
        let (told, asked) = refused(vec![of(status, "www-authenticate", "Bearer")], "").await;
        assert!(matches!(told, ConnectError::Hidden { .. }) && told.to_string().contains("/worker/"), "{told}");
        assert_eq!(asked, 1);
    }
    let (told, asked) = refused(vec![of(302, "location", "https://agent.example.org/login")], "").await;
    assert!(told.to_string().contains("302 Found") && asked == 1, "{told}");
    for other in ["", "/workers"] {
        let (told, asked) = refused(vec![nothing(), nothing()], other).await;
        assert!(matches!(&told, ConnectError::AnotherAgents { name, .. } if name == "Scripted"), "{told}");
        assert_eq!(asked, 3);
    }
}

#[tokio::test]
async fn a_card_of_0_3_is_spoken_with_in_0_3() {
    let agent = Scripted::bare(vec![]).await;
    agent.add(Answer::Json(
        200,
        json!({
            "name": "Old", "description": "", "version": "1", "protocolVersion": "0.3.0", "url": format!("{}/rpc", agent.url),
            "preferredTransport": "JSONRPC", "capabilities": {}, "skills": [],
            "defaultInputModes": [], "defaultOutputModes": [],
        }),
    ));
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    assert_eq!((client.fetched().dialect, client.interface().dialect), (Dialect::V0_3, Dialect::V0_3));
    assert_eq!(client.interface().binding, Binding::JsonRpc);
}

#[tokio::test]
async fn a_card_is_fetched_again_only_where_it_has_changed() {
    let agent = Scripted::bare(vec![]).await;
    let tagged = |tag: &str, name: &str| {
        let mut card = card(&agent.url, &[]);
        card["name"] = name.into();
        Answer::Plain(200, vec![("etag", tag.into())], card.to_string())
    };
    agent.add(tagged("\"1\"", "One"));
    agent.add(Answer::Plain(304, vec![], String::new()));
    agent.add(tagged("\"2\"", "Two"));
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    assert_eq!(client.refreshed().await.expect("the same").fetched().card.name, "One");
    assert_eq!(client.refreshed().await.expect("another").fetched().card.name, "Two");
    let seen = agent.seen();
    let tags: Vec<Option<&str>> = seen.iter().map(|seen| seen.header("if-none-match")).collect();
    assert_eq!(tags, [None, Some("\"1\""), Some("\"1\"")]);
}

fn signed(url: &str, key: &SigningKey) -> Value {
    let mut card: AgentCard = serde_json::from_value(card(url, &[])).expect("a card");
    let header = Header { alg: "EdDSA".into(), kid: key.kid().into(), typ: Some("JOSE".into()), jku: None };
    let signature = sign(&card, &header, Form::Specified, |input| key.sign(input)).expect("a signature");
    card.signatures.push(signature);
    serde_json::to_value(&card).expect("JSON")
}

fn trusting(key: &SigningKey) -> Options {
    let set = jwks(&[key.verifying()]).to_string();
    Options { card_keys: Some(KeySet::from_jwks(set.as_bytes()).expect("a set")), ..Options::default() }
}

#[tokio::test]
async fn only_cards_by_trusted_keys_are_taken_where_keys_are_given() {
    let (key, other) = (SigningKey::generate().expect("a key"), SigningKey::generate().expect("a key"));
    let agent = Scripted::with_card(|url| signed(url, &key), vec![]).await;
    let client = Client::connect(&agent.url, trusting(&key)).await.expect("it is signed");
    assert_eq!(client.fetched().signer.as_ref().map(|header| header.kid.as_str()), Some(key.kid()));
    for (keys, change) in [(&other, "Scripted"), (&key, "Changed")] {
        let mut card = signed(&agent.url, &key);
        card["name"] = change.into();
        agent.add(Answer::Json(200, card));
        assert!(matches!(Client::connect(&agent.url, trusting(keys)).await, Err(ConnectError::Signature { .. })));
    }
    agent.add(Answer::Json(200, card(&agent.url, &[])));
    let unsigned = Client::connect(&agent.url, trusting(&key)).await.expect_err("it is not signed").to_string();
    assert!(unsigned.contains("not signed"), "{unsigned}");
}

#[tokio::test]
async fn what_is_no_card_is_told_as_that() {
    for (body, words) in [("<html>", "none of A2A"), (r#"{"name":"A","supportedInterfaces":[]}"#, "names no address")] {
        let agent = Scripted::bare(vec![Answer::Plain(200, vec![], body.into())]).await;
        let told = Client::connect(&agent.url, Options::default()).await.expect_err("it is none").to_string();
        assert!(told.contains(words), "{told}");
    }
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let told = Client::connect(&format!("http://{closed}"), Options::default()).await.expect_err("nobody is there");
    assert!(matches!(told, ConnectError::Unreachable { .. }), "{told}");
}
