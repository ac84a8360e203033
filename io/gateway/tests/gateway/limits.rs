//! What is too much.

use crate::bed::{Script, anna, gateway};
use http::StatusCode;

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
async fn what_is_not_json_is_refused_before_it_is_read() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway).with("content-type", "text/plain");
    let answer = client.whole(client.request("POST", "/message:send", "{}")).await;
    assert_eq!(answer.json()["error"]["details"][0]["reason"], "CONTENT_TYPE_NOT_SUPPORTED");
}
