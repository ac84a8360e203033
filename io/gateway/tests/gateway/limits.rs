//! What is too much.

use crate::bed::{Script, anna, gateway};
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn bodies_are_bounded_in_length_and_depth() {
    let gateway = gateway(&Script::new(), |config| config.limits.body = 1_000);
    let client = anna(&gateway);
    let long = "x".repeat(1_001);
    for path in ["", "/message:send"] {
        assert_eq!(
            client.whole(client.request("POST", path, long.clone())).await.status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        let deep = "[".repeat(900);
        let answer = client.whole(client.request("POST", path, deep)).await;
        assert!(String::from_utf8_lossy(&answer.body).contains("levels deep"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_page_that_poses_as_this_machine_is_not_served() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    for (host, status) in [
        ("localhost", StatusCode::OK),
        ("127.0.0.1:1234", StatusCode::OK),
        ("[::1]:1234", StatusCode::OK),
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("localhost.evil.example:1234", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let mut request = client.request("GET", "/.well-known/agent-card.json", "");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(client.whole(request).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_make_calls() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let body =
        json!({"message": {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "say hello"}]}}).to_string();
    for (name, value, status) in [
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "http://localhost.evil.example:9999", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("origin", "http://localhost:3000", StatusCode::OK),
        ("origin", "http://127.0.0.1:3000", StatusCode::OK),
        ("sec-fetch-site", "none", StatusCode::OK),
    ] {
        let asking = client.with(name, value);
        let answer = asking.whole(asking.request("POST", "/message:send", body.clone())).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        let card = asking.whole(asking.request("GET", "/.well-known/agent-card.json", "")).await;
        assert_eq!(card.status, StatusCode::OK, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_status_and_its_body_say_the_same() {
    let gateway = gateway(&Script::new(), |config| config.limits.body = 10);
    let client = anna(&gateway);
    for (verb, body, status) in
        [("GET", "", StatusCode::METHOD_NOT_ALLOWED), ("POST", "more than ten", StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let answer = client.whole(client.request(verb, "/message:send", body)).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_u64()), (status, Some(status.as_u16().into())));
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_before_it_is_read() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway).with("content-type", "text/plain");
    let answer = client.whole(client.request("POST", "/message:send", "{}")).await;
    assert_eq!(answer.json()["error"]["details"][0]["reason"], "CONTENT_TYPE_NOT_SUPPORTED");
}
