//! Conversations that are kept: listed, shown, and their files in ranges.

use crate::served::Served;
use duologue_conversation::names;
use std::path::{Path, PathBuf};

pub(crate) const ID: &str = "c-20261121-141642-3a6bee";

/// A conversation as a process leaves it on the disk.
pub(crate) fn keep(home: &Path, status: &str) -> PathBuf {
    let folder = home.join("conversations").join(ID);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(names::SUMMARY), summary(status).to_string()).unwrap();
    std::fs::write(folder.join(names::TRANSCRIPT), transcript(&["Hello, this is Joe."]).to_string()).unwrap();
    std::fs::write(folder.join(names::EVENTS), "").unwrap();
    std::fs::write(folder.join(names::STEREO), (0..=255).collect::<Vec<u8>>()).unwrap();
    std::fs::write(folder.join(names::REPORT), "<!doctype html><title>Report</title>").unwrap();
    folder
}

pub(crate) fn summary(status: &str) -> serde_json::Value {
    let agent = |side: &str, name: &str| serde_json::json!({ "side": side, "agent_name": format!("{side}-agent"), "name": name, "models": {}, "voice": "" });
    serde_json::json!({
        "conversation_id": ID, "status": status, "scenario": "internet-outage", "title": "Internet outage",
        "started_at": "2026-11-21T14:16:42Z", "duration_s": 12.5,
        "end_reason": if status == "ended" { Some("scenario_completed") } else { None },
        "ended_by": null, "error": null, "turns": 2, "goal_reached": true,
        "verdicts": [{ "criterion": "Anna is helped", "passed": true, "why": "she says so" }],
        "metrics": duologue_score::Metrics::default(), "agents": [agent("support", "Joe"), agent("customer", "Anna")],
        "guidance": "course", "seed": 1, "version": "0.1.0", "files": { "report": "report.html" },
    })
}

pub(crate) fn transcript(said: &[&str]) -> serde_json::Value {
    let utterance = |(n, text): (usize, &&str)| {
        serde_json::json!({
            "id": n + 1, "speaker": if n % 2 == 0 { "support" } else { "customer" }, "name": "Joe", "agent_name": "a",
            "text": text, "heard": null, "wer": null, "start_s": n as f64, "end_s": n as f64 + 0.8,
            "interrupted": false, "source": null, "hint": null, "metrics": null,
        })
    };
    serde_json::json!({ "utterances": said.iter().enumerate().map(utterance).collect::<Vec<_>>(), "tool_calls": [] })
}

#[tokio::test]
async fn what_is_kept_is_listed_and_shown() {
    let home = tempfile::tempdir().unwrap();
    keep(home.path(), "ended");
    let served = Served::start(home.path()).await;
    let listed = served.get("/api/v1/conversations").await.json();
    assert_eq!((&listed["total"], &listed["conversations"][0]["id"]), (&1.into(), &ID.into()));
    assert_eq!(listed["conversations"][0]["end_reason"], "scenario_completed");
    let none = served.get("/api/v1/conversations?status=running").await.json();
    assert_eq!(none["conversations"], serde_json::json!([]));
    let shown = served.get(&format!("/api/v1/conversations/{ID}")).await.json();
    assert_eq!(shown["utterances"][0]["text"], "Hello, this is Joe.");
    assert_eq!(shown["verdicts"][0]["passed"], true);
    assert!(shown["files"].as_array().unwrap().iter().any(|file| file["kind"] == "stereo" && file["bytes"] == 256));
}

#[tokio::test]
async fn files_come_in_ranges() {
    let home = tempfile::tempdir().unwrap();
    keep(home.path(), "ended");
    let served = Served::start(home.path()).await;
    let path = format!("/api/v1/conversations/{ID}/files/stereo.ogg");
    let whole = served.get(&path).await;
    assert_eq!((whole.status, whole.body.len(), whole.header("content-type")), (200, 256, Some("audio/ogg")));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let part = served.ask("GET", &path, &[("Range", "bytes=16-31")], "").await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 16-31/256")));
    assert_eq!(part.body, (16..=31).collect::<Vec<u8>>());
    let tail = served.ask("GET", &path, &[("Range", "bytes=-4")], "").await;
    assert_eq!(tail.body, [252, 253, 254, 255]);
    assert_eq!(served.ask("GET", &path, &[("Range", "bytes=300-")], "").await.status, 416);
}

#[tokio::test]
async fn nothing_outside_a_conversation_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let folder = keep(home.path(), "ended");
    std::fs::write(home.path().join("secret.txt"), "a secret").unwrap();
    std::fs::write(folder.join("notes.txt"), "somebody's own").unwrap();
    let served = Served::start(home.path()).await;
    for path in [
        format!("/api/v1/conversations/{ID}/files/notes.txt"),
        format!("/api/v1/conversations/{ID}/files/..%2F..%2Fsecret.txt"),
        format!("/api/v1/conversations/..%2F{ID}/files/summary.json"),
        format!("/api/v1/conversations/{}/files/summary.json", folder.to_string_lossy().replace('/', "%2F")),
        "/api/v1/conversations/%2e%2e/files/summary.json".to_owned(),
        // The beginning of an id is enough for people, not for programs.
        "/api/v1/conversations/c-20261121".to_owned(),
    ] {
        assert_eq!(served.get(&path).await.status, 404, "{path}");
    }
    #[cfg(unix)]
    {
        std::fs::remove_file(folder.join(names::STEREO)).unwrap();
        std::os::unix::fs::symlink(home.path().join("secret.txt"), folder.join(names::STEREO)).unwrap();
        let through = served.get(&format!("/api/v1/conversations/{ID}/files/stereo.ogg")).await;
        assert_eq!(through.problem(), "not-found");
    }
}

#[tokio::test]
async fn a_report_is_shown_in_an_origin_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    keep(home.path(), "ended");
    let served = Served::start(home.path()).await;
    for path in ["report", "files/report.html"] {
        let report = served.get(&format!("/api/v1/conversations/{ID}/{path}")).await;
        assert_eq!((report.status, report.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let policy = report.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox allow-scripts allow-downloads; default-src 'none'"), "{policy}");
        assert!(!policy.contains("same-origin") && !policy.contains("connect-src"), "{policy}");
    }
}
