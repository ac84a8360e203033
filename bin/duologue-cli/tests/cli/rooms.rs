//! Rooms, dispatches and tokens of a LiveKit server. What needs one is passed over, loudly, where none is installed.

#[path = "../../../../io/worker/tests/real/server.rs"]
#[allow(dead_code, reason = "the tests of the worker use all of it")]
mod server;

use crate::{duologue, last_json};
use duologue_worker::JoinOptions;
use serde_json::Value;
use server::{KEY, LiveKit, SECRET, wait};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

fn with_key(home: &Path) -> Command {
    let mut command = duologue(home);
    command.envs([("LIVEKIT_API_KEY", KEY), ("LIVEKIT_API_SECRET", SECRET)]);
    command
}

fn said(command: &mut Command) -> (Option<i32>, String, String) {
    let run = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

fn minted(home: &Path, args: &[&str]) -> String {
    let (code, token, told) = said(with_key(home).args(["token", "mint"]).args(args));
    assert_eq!(code, Some(0), "{told}");
    token.trim().to_owned()
}

fn inspected(command: &mut Command, token: &str) -> (Option<i32>, Value) {
    let run = command.args(["--json", "token", "inspect", token]).output().unwrap();
    (run.status.code(), last_json(&run.stdout))
}

#[test]
fn without_a_server_or_a_key_it_is_said_what_to_set() {
    let home = tempfile::tempdir().unwrap();
    let (code, _, told) = said(duologue(home.path()).args(["room", "list"]));
    assert!(code == Some(1) && told.contains("set LIVEKIT_URL"), "{told}");
    let (_, _, told) = said(duologue(home.path()).args(["room", "--url", "ws://127.0.0.1:1", "list"]));
    assert!(told.contains("LIVEKIT_API_KEY and LIVEKIT_API_SECRET"), "{told}");
    let no_secret = duologue(home.path()).args(["token", "--api-key", "mine", "mint", "--list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&no_secret.stderr).contains("no secret for the API key `mine`"));
    let (code, _, told) = said(with_key(home.path()).args(["room", "--url", "ws://127.0.0.1:1", "list"]));
    assert!(code == Some(1) && told.contains("no LiveKit server can be reached at"), "{told}");
    let (_, _, told) = said(with_key(home.path()).args(["dispatch", "--url", "livekit", "list", "r"]));
    assert!(told.contains("no address of a LiveKit server"), "{told}");
}

#[test]
fn a_token_says_what_it_grants_and_whether_the_key_fits() {
    let home = tempfile::tempdir().unwrap();
    let token = minted(
        home.path(),
        &[
            "--room",
            "kitchen",
            "--identity",
            "anna",
            "--kind",
            "sip",
            "--no-publish",
            "--attribute",
            "a=b",
            "--ttl",
            "5m",
        ],
    );
    let (code, told) = inspected(&mut with_key(home.path()), &token);
    assert_eq!((code, &told["valid"], &told["signature"]), (Some(0), &true.into(), &"fits".into()), "{told}");
    assert_eq!((told["identity"].as_str(), told["room"].as_str()), (Some("anna"), Some("kitchen")));
    assert_eq!((&told["grants"]["canPublish"], &told["attributes"]["a"]), (&false.into(), &"b".into()));

    let (code, told) = inspected(&mut duologue(home.path()), &token);
    assert_eq!((code, &told["signature"]), (Some(0), &"unchecked".into()), "{told}");
    let (code, told) = inspected(with_key(home.path()).env("LIVEKIT_API_SECRET", "another"), &token);
    assert_eq!((code, &told["signature"], &told["valid"]), (Some(1), &"wrong".into(), &false.into()), "{told}");
    let (code, told) = inspected(with_key(home.path()).env("LIVEKIT_API_KEY", "other"), &token);
    assert!(code == Some(1) && told["problem"].as_str().unwrap().contains(KEY), "{told}");

    let (code, text, _) = said(with_key(home.path()).args(["token", "inspect", &token]));
    assert_eq!(code, Some(0));
    assert!(text.contains("anna (sip)") && text.contains("joins kitchen, does not publish, hears others"), "{text}");
    assert!(!text.contains(SECRET) && !text.contains(&token), "{text}");
}

#[test]
fn a_token_that_is_none_or_over_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (code, _, told) = said(with_key(home.path()).args(["token", "inspect", "abc"]));
    assert!(code == Some(1) && told.contains("malformed"), "{told}");
    let (code, _, told) = said(with_key(home.path()).args(["token", "mint", "--room", "kitchen"]));
    assert!(code == Some(1) && told.contains("would grant nothing"), "{told}");
    let (code, _, _) = said(with_key(home.path()).args(["token", "mint", "--identity", "anna"]));
    assert_eq!(code, Some(2));
    // Valid until 1970-01-01T00:00:01Z.
    let mut claims = duologue_livekit_wire::token::claims(KEY, "anna", 0, std::time::Duration::from_secs(1));
    claims.video.room_list = true;
    let over = duologue_livekit_wire::token::sign(&claims, SECRET).unwrap();
    for command in [&mut with_key(home.path()), &mut duologue(home.path())] {
        let (code, _, told) = said(command.args(["token", "inspect", &over]));
        assert!(code == Some(1) && told.contains("the token expired"), "{told}");
    }
}

#[test]
fn the_nearer_file_wins() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, key: &str| {
        let text = format!("LIVEKIT_API_KEY={key}\nLIVEKIT_API_SECRET=of-{key}\n");
        std::fs::write(home.path().join(name), text).unwrap();
    };
    write(".env", "far");
    write(".env.local", "near");
    let (_, token, told) = said(duologue(home.path()).args(["token", "mint", "--list"]));
    assert_eq!(duologue_livekit_wire::token::issuer(token.trim()).as_deref(), Ok("near"), "{told}");
    let shown = duologue(home.path()).args(["config", "show"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("livekit.api_secret") && !shown.contains("of-near"), "{shown}");
}

#[test]
fn rooms_of_the_platform_on_this_machine_are_found_by_themselves() {
    let home = tempfile::tempdir().unwrap();
    let mut up = duologue(home.path());
    up.args(["--json", "up", "--port", "0", "--rooms-port", "0", "--media-port", "0"]);
    let mut up = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said_by_up = String::new();
    BufReader::new(up.stdout.take().unwrap()).read_line(&mut said_by_up).unwrap();
    let ready: Value = serde_json::from_str(&said_by_up).unwrap();
    let port = ready["rooms"]["url"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let here = || {
        let mut command = duologue(home.path());
        command.env("DUOLOGUE_ROOMS_PORT", &port);
        command
    };
    assert_eq!(json(here().args(["room", "create", "kitchen"]))["room"], "kitchen");
    assert_eq!(json(here().args(["room", "list"]))["rooms"][0]["room"], "kitchen");
    let asked = json(here().args(["dispatch", "create", "kitchen", "--agent", "joe"]));
    let listed = json(here().args(["dispatch", "list", "kitchen"]));
    let ids = listed["dispatches"].as_array().unwrap().iter().map(|dispatch| &dispatch["dispatch"]);
    assert!(ids.into_iter().any(|id| *id == asked["dispatch"]), "{listed}");
    let (_, token, _) = said(here().args(["token", "mint", "--list"]));
    assert_eq!(inspected(&mut here(), token.trim()).1["api_key"], ready["rooms"]["api_key"]);
    up.kill().unwrap();
    up.wait().unwrap();
}

/// The command, on that server.
fn at(livekit: &LiveKit, home: &Path) -> Command {
    let mut command = with_key(home);
    command.env("LIVEKIT_URL", format!("ws://127.0.0.1:{}", livekit.port));
    command
}

fn json(command: &mut Command) -> Value {
    let run = command.arg("--json").output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    last_json(&run.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_come_are_seen_and_go() {
    let Some(livekit) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().unwrap();
    let duologue = || at(&livekit, home.path());
    assert!(said(duologue().args(["room", "list"])).1.contains("There is no room on http://127.0.0.1"));
    let made = json(duologue().args(["room", "create", "kitchen", "--empty-timeout", "10m", "--metadata", "m"]));
    assert_eq!((&made["empty_timeout_s"], &made["metadata"]), (&600.into(), &"m".into()));
    let (_anna, mut at_anna) = livekit.join("kitchen", "anna", JoinOptions::default()).await;
    let rooms = json(duologue().args(["room", "list"]));
    assert_eq!(rooms["rooms"][0]["room"], "kitchen");
    let people = json(duologue().args(["room", "participants", "kitchen"]));
    assert_eq!(people["participants"][0]["identity"], "anna");
    let (_, text, _) = said(duologue().args(["room", "participants", "kitchen"]));
    assert!(text.contains("anna") && text.contains("standard") && text.contains("active"), "{text}");

    let (code, _, told) = said(duologue().args(["room", "participants", "cellar"]));
    assert!(code == Some(1) && told.contains("there is no room `cellar`"), "{told}");
    let (code, _, told) = said(duologue().args(["room", "delete", "kitchen"]));
    assert!(code == Some(1) && told.contains("`kitchen` has 1 participant in it") && told.contains("--yes"), "{told}");
    assert_eq!(json(duologue().args(["room", "delete", "kitchen", "--yes"]))["deleted"], "kitchen");
    while let Some(event) = at_anna.recv().await {
        if let duologue_worker::RoomEvent::Closed(reason) = event {
            assert_eq!(reason, duologue_worker::CloseReason::RoomClosed);
        }
    }
    let (code, _, told) = said(duologue().args(["room", "delete", "kitchen", "--yes"]));
    assert!(code == Some(1) && told.contains("duologue room list"), "{told}");
    let (_, _, told) = said(duologue().env("LIVEKIT_API_SECRET", "wrong").args(["room", "list"]));
    assert!(told.contains("refuses the token"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_watched_unseen() {
    let Some(livekit) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().unwrap();
    let (code, _, told) = said(at(&livekit, home.path()).args(["room", "watch", "kitchen"]));
    assert!(code == Some(1) && told.contains("there is no room `kitchen`"), "{told}");
    let (anna, mut at_anna) = livekit.join("kitchen", "anna", JoinOptions::default()).await;
    let mut watch = at(&livekit, home.path());
    watch.args(["--json", "room", "watch", "kitchen", "--for", "300"]).stdout(Stdio::piped());
    let mut watching = watch.spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = |event: &str| {
        let of_kind = |line: std::io::Result<String>| {
            let seen: Value = serde_json::from_str(&line.unwrap()).unwrap();
            (seen["event"] == event).then_some(seen)
        };
        lines.by_ref().find_map(of_kind).expect("it goes on")
    };
    assert_eq!(next("joined")["identity"], "anna");
    let (ben, _at_ben) = livekit.join("kitchen", "ben", JoinOptions::default()).await;
    let is_seen = |event| match event {
        duologue_worker::RoomEvent::Joined(someone) => Some(someone.identity),
        _ => None,
    };
    assert_eq!(wait(&mut at_anna, is_seen).await, "ben", "nobody sees who watches");
    assert_eq!(next("joined")["identity"], "ben");
    anna.set_attributes([("lk.agent.state".into(), "thinking".into())].into()).await.unwrap();
    let attribute = next("attribute");
    assert_eq!((&attribute["attribute"], &attribute["value"]), (&"lk.agent.state".into(), &"thinking".into()));
    ben.publish(duologue_worker::PublishOptions::default()).await.unwrap();
    anna.send_text("lk.transcription", "Hello.", duologue_worker::TextOptions::default()).await.unwrap();
    assert_eq!(next("text")["text"], "Hello.");
    ben.leave().await;
    assert_eq!(next("left")["identity"], "ben");
    livekit.api().delete_room("kitchen").await.unwrap();
    next("closed");
    assert_eq!(watching.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_asked_for() {
    let Some(livekit) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().unwrap();
    let duologue = || at(&livekit, home.path());
    let asked = json(duologue().args(["dispatch", "create", "kitchen", "--agent", "joe", "--metadata", "m"]));
    assert_eq!((&asked["agent"], &asked["metadata"], &asked["room"]), (&"joe".into(), &"m".into(), &"kitchen".into()));
    let id = asked["dispatch"].as_str().unwrap();
    let (_, text, _) = said(duologue().args(["dispatch", "list", "kitchen"]));
    assert!(text.contains(id) && text.contains("no worker has taken it"), "{text}");
    let (code, _, told) = said(duologue().args(["dispatch", "create", "kitchen", "--agent", "joe", "--wait", "1"]));
    assert!(code == Some(1) && told.contains("no worker has begun the job within 1 s"), "{told}");
    assert_eq!(json(duologue().args(["dispatch", "delete", "kitchen", id]))["dispatch"], id);
    let (code, _, told) = said(duologue().args(["dispatch", "delete", "kitchen", id]));
    assert!(code == Some(1) && told.contains("not_found"), "{told}");
}
