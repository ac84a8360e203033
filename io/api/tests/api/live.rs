//! Conversations while they are held, by a process that only writes into a folder.

use crate::kept::{ID, keep, summary, transcript};
use crate::served::Served;
use duologue_conversation::names;
use std::fs::File;
use std::path::Path;

fn replace(folder: &Path, name: &str, value: &serde_json::Value) {
    std::fs::write(folder.join("next"), value.to_string()).unwrap();
    std::fs::rename(folder.join("next"), folder.join(name)).unwrap();
}

/// Holds the lock that a conversation holds while it goes on.
fn hold(folder: &Path) -> File {
    let events = File::open(folder.join(names::EVENTS)).unwrap();
    events.lock().unwrap();
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_followed_while_its_folder_grows() {
    let home = tempfile::tempdir().unwrap();
    let folder = keep(home.path(), "running");
    let lock = hold(&folder);
    let served = Served::start(home.path()).await;
    let path = format!("/api/v1/conversations/{ID}/events");
    let followed = tokio::task::spawn_blocking(move || {
        let mut events = served.events(&path, None);
        let all = events.wait("conversation");
        assert_eq!((&all.data["status"], all.data["utterances"].as_array().unwrap().len()), (&"running".into(), 1));
        let seen = all.id.expect("an id");

        replace(&folder, names::TRANSCRIPT, &transcript(&["Hello, this is Joe.", "Hi."]));
        let said = events.wait("utterance");
        assert_eq!((&said.data["id"], &said.data["text"]), (&2.into(), &"Hi.".into()));
        replace(&folder, names::TRANSCRIPT, &transcript(&["Hello, this is Joe.", "Hi. My internet is down."]));
        assert_eq!(events.wait("utterance").data["text"], "Hi. My internet is down.");
        drop(events);

        // Who comes back gets what it missed, and nothing else.
        let mut again = served.events(&path, Some(&seen));
        let missed = again.next().unwrap();
        assert_eq!((missed.name.as_str(), &missed.data["text"]), ("utterance", &"Hi. My internet is down.".into()));
        let mut stranger = served.events(&path, Some("made-up.99"));
        assert_eq!(stranger.next().unwrap().name, "conversation");

        replace(&folder, names::SUMMARY, &summary("ended"));
        drop(lock);
        assert_eq!(again.wait("ended").data["goal_reached"], true);
        assert_eq!(again.next(), None, "nothing follows");
    });
    followed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_killed_process_shows() {
    let home = tempfile::tempdir().unwrap();
    let folder = keep(home.path(), "running");
    let lock = hold(&folder);
    let served = Served::start(home.path()).await;
    let path = format!("/api/v1/conversations/{ID}/events");
    let followed = tokio::task::spawn_blocking(move || {
        let mut events = served.events(&path, None);
        assert_eq!(events.wait("conversation").data["status"], "running");
        drop(lock);
        assert_eq!(events.wait("ended").data["status"], "cut_off");
    });
    followed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_goes_on_is_told_also_while_no_room_server_answers() {
    let home = tempfile::tempdir().unwrap();
    let folder = keep(home.path(), "running");
    let _lock = hold(&folder);
    let served = Served::start(home.path()).await;
    let told = tokio::task::spawn_blocking(move || served.events("/api/v1/events", None).wait("overview"));
    let overview = told.await.unwrap().data;
    assert_eq!(overview["conversations"][0]["id"], ID);
    assert!(overview["problem"].as_str().unwrap().contains("no LiveKit server can be reached"), "{overview}");
}
