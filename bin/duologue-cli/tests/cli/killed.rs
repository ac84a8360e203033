//! `kill -9` and Ctrl-C in the middle.

use crate::{duologue, last_json, scripted};
use duologue_media::decode_ogg_opus;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// Starts a call and waits until so many lines were said.
fn started(home: &std::path::Path, lines: usize) -> (Child, impl Iterator<Item = String>) {
    let out = home.join("call");
    let mut child = scripted(home).arg("--out").arg(out).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let spoken = said.by_ref().filter(|l| l.contains("  Joe  ") || l.contains("  Anna  ")).take(lines).count();
    assert_eq!(spoken, lines);
    (child, said)
}

#[test]
fn a_killed_call_leaves_what_was_said() {
    for lines in [1, 3] {
        let home = tempfile::tempdir().unwrap();
        let (mut child, _said) = started(home.path(), lines);
        child.kill().unwrap();
        child.wait().unwrap();
        let call = home.path().join("call");
        let shown = duologue(home.path()).args(["--json", "conversation", "show"]).arg(&call).output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        let told = last_json(&shown.stdout);
        assert_eq!(told["summary"]["status"], "cut_off");
        let utterances = told["transcript"]["utterances"].as_array().unwrap();
        assert!(utterances.len() >= lines, "{told}");
        assert_eq!(utterances[0]["text"], "Northwind, this is Joe.");
        // Its end may have been on its way to the disk.
        let began = utterances[lines - 1]["start_s"].as_f64().unwrap();
        let stereo = decode_ogg_opus(&std::fs::read(call.join("stereo.ogg")).unwrap(), 16_000).unwrap();
        let kept = stereo.samples[0].len() as f64 / 16_000.0;
        assert!(kept > began, "{kept} s are on disk, it began at {began} s");
        assert!(call.join("report.html").is_file());
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_call_ends_in_order() {
    let home = tempfile::tempdir().unwrap();
    let (mut child, said) = started(home.path(), 1);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    said.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let summary = std::fs::read(home.path().join("call/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!((&summary["status"], &summary["end_reason"]), (&"ended".into(), &"cancelled".into()));
    let stereo = std::fs::read(home.path().join("call/stereo.ogg")).unwrap();
    assert!(decode_ogg_opus(&stereo, 16_000).unwrap().complete);
}
