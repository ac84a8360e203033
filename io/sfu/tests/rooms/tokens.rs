//! Who is not let in is told why, with the status and the words of livekit-server.

use crate::server::{KEY, LiveKit, config, token, token_with};
use duologue_livekit_wire::join;
use duologue_livekit_wire::proto::{ClientInfo, JoinRequest};
use duologue_livekit_wire::token::{self, VideoGrants};
use duologue_worker::{ConnectError, JoinError, JoinOptions, Room};
use std::time::Duration;

const HOUR: usize = 3_600;

fn forged() -> String {
    let mut claims = token::claims(KEY, "anna", 1, Duration::from_secs(1 << 33));
    claims.video = VideoGrants { room_join: true, room: "kitchen".into(), ..Default::default() };
    token::sign(&claims, "another-secret-of-at-least-32-characters").expect("a token")
}

/// A token and what livekit-server v1.13.5 says to it.
fn table() -> Vec<(String, u16, &'static str)> {
    let with = |change: fn(&mut token::Claims)| token_with("kitchen", "anna", change);
    vec![
        (String::new(), 401, "no permissions to access the room"),
        ("no.token".into(), 401, "invalid authorization token"),
        (forged(), 401, "invalid token: "),
        (with(|claims| (claims.nbf, claims.exp) = (1, 1 + HOUR)), 401, "invalid token: "),
        (with(|claims| (claims.nbf, claims.exp) = (claims.nbf + HOUR, claims.exp + HOUR)), 401, "invalid token: "),
        (with(|claims| claims.iss = "stranger".into()), 401, "invalid API key: stranger"),
        (with(|claims| claims.video = VideoGrants::default()), 401, "no permissions to access the room"),
        (with(|claims| claims.video.room_join = false), 401, "permissions denied"),
        (with(|claims| (claims.video.room_join, claims.video.room_admin) = (false, true)), 401, "permissions denied"),
        (with(|claims| claims.sub = "a".repeat(257)), 400, "participant identity length exceeds limits"),
        (with(|claims| claims.video.room = "r".repeat(257)), 400, "room name length exceeds limits"),
        (token("kitchen", "anna"), 200, "success"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_token_has_its_status_and_its_words() {
    let server = LiveKit::with(config()).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asked =
        JoinRequest { client_info: Some(ClientInfo { protocol: 16, ..Default::default() }), ..Default::default() };
    let asked = format!("join_request={}", join::write(&asked));
    for (token, status, words) in table() {
        for path in ["rtc/validate".to_string(), format!("rtc/v1/validate?{asked}")] {
            let mut request = http.get(format!("http://127.0.0.1:{}/{path}", server.port));
            if !token.is_empty() {
                request = request.bearer_auth(&token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.headers()["access-control-allow-origin"], "*");
            let (got, body) = (answer.status().as_u16(), answer.text().await.expect("words"));
            assert!(got == status && body.starts_with(words), "{path}: {got} {body:?} instead of {status} {words:?}");
            assert!(token.is_empty() || !body.contains(&token), "the token is repeated");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_faults_of_requests_have_theirs() {
    let server = LiveKit::with(config()).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let server_at = |path: &str| format!("http://127.0.0.1:{}/{path}", server.port);
    let at = |path: &str| http.get(server_at(path));
    let token = token("kitchen", "anna");
    let nowhere = token_with("kitchen", "anna", |claims| claims.video = VideoGrants::default());
    let faults = [
        (at("rtc/v1/validate").bearer_auth(&token), 400, "join_request is required"),
        (at("rtc/v1/validate?join_request=%%").bearer_auth(&token), 400, "cannot"),
        (at("rtc/validate").header("authorization", &token), 401, "invalid authorization header"),
        (at("rtc/v1/validate").bearer_auth(&nowhere), 401, "no permissions to access the room"),
        (http.post(server_at("rtc/validate")).bearer_auth(&token), 200, "success"),
        (at(&format!("rtc/validate?access_token={token}")), 200, "success"),
        // No WebSocket.
        (at("rtc").bearer_auth(&token), 404, ""),
        (at("agent").bearer_auth(&token), 404, ""),
        (at("rtc").bearer_auth("no.token"), 401, "invalid authorization token"),
        (at(""), 200, "OK"),
    ];
    for (request, status, words) in faults {
        let answer = request.send().await.expect("an answer");
        let (got, url) = (answer.status().as_u16(), answer.url().clone());
        let body = answer.text().await.expect("words");
        assert!(got == status && body.starts_with(words), "{url}: {got} {body:?} instead of {status} {words:?}");
    }
    let preflight = http
        .request(reqwest::Method::OPTIONS, format!("http://127.0.0.1:{}/rtc/validate", server.port))
        .header("origin", "https://example.com")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let allowed = preflight.send().await.expect("an answer");
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.headers()["access-control-allow-headers"], "authorization");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_ours_says_what_was_wrong() {
    let server = LiveKit::with(config()).await;
    let Err(error) = Room::join(&server.at(), &forged(), JoinOptions::default()).await else { panic!("let in") };
    let said = error.to_string();
    assert!(matches!(error, JoinError::Connect(ConnectError::Unauthorized { .. })), "{said}");
    assert!(said.contains("invalid token") && said.contains("LIVEKIT_API_SECRET"), "{said}");
}
