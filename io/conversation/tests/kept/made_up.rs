//! Folders as conversations leave them, without holding any.

use duologue_conversation::names;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A conversation that ended, in the archive of `home`.
pub(crate) fn conversation(home: &Path, id: &str, started_at: &str) -> PathBuf {
    let folder = home.join("conversations").join(id);
    write(&folder, id, started_at);
    folder
}

/// The same anywhere.
pub(crate) fn write(folder: &Path, id: &str, started_at: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let summary = json!({
        "conversation_id": id, "status": "ended", "scenario": "s", "title": "t", "started_at": started_at,
        "duration_s": 9.0, "end_reason": "agent_ended", "ended_by": "support", "error": null, "turns": 0,
        "goal_reached": true, "verdicts": [], "metrics": duologue_score::Metrics::default(), "guidance": "free", "seed": 1,
        "version": "", "files": {"report": names::REPORT}, "agents": [],
    });
    for (name, content) in [
        (names::SUMMARY, serde_json::to_vec(&summary).unwrap()),
        (names::EVENTS, Vec::new()),
        (names::TRANSCRIPT, b"{\"utterances\": [], \"tool_calls\": []}".to_vec()),
        (names::TRANSCRIPT_TEXT, b"Nobody spoke.".to_vec()),
        (names::CAPTIONS, b"WEBVTT".to_vec()),
        (names::REPORT, format!("<p>{id}</p>").into_bytes()),
        // Longer than what is copied at a time, and not the same in any two places.
        (names::STEREO, (0..150_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// All files below a folder with their contents, without those whose names begin with a dot.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), std::fs::read(path).unwrap())),
        }
    }
    found.sort();
    found
}

/// The same with paths relative to the folder.
pub(crate) fn relative(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    contents(folder).into_iter().map(|(p, b)| (p.strip_prefix(folder).unwrap().to_owned(), b)).collect()
}
