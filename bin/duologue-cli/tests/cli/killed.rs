//! `kill -9` and Ctrl-C: early, in the middle, while the last files are written.

use crate::{LINES, duologue, last_json, scripted};
use duologue_media::decode_ogg_opus;
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

/// A call under way, and what it prints on standard error.
struct Call {
    child: Child,
    told: Lines<BufReader<ChildStderr>>,
    /// Lines of speech that were printed.
    said: usize,
}

impl Call {
    fn start(home: &Path) -> Call {
        let out = home.join("call");
        let mut child =
            scripted(home).arg("--out").arg(out).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap()).lines();
        Call { child, told, said: 0 }
    }

    /// Waits for so many lines; fewer come where it ends before.
    fn hear_lines(&mut self, lines: usize) {
        for line in self.told.by_ref().take(lines).map_while(Result::ok) {
            self.said += usize::from(line.contains("s  Joe  ") || line.contains("s  Anna  "));
        }
    }

    /// Waits until so many utterances were heard to their end.
    fn hear_utterances(&mut self, count: usize) {
        while self.said < count {
            let before = self.said;
            self.hear_lines(1);
            assert!(self.said > before || self.child.try_wait().unwrap().is_none(), "it ended after {before}");
        }
    }

    /// Kills it with `SIGKILL`; returns how many utterances were heard, and whether it was still running.
    fn kill(mut self) -> (usize, bool) {
        self.child.kill().unwrap();
        let was_running = self.child.wait().unwrap().code().is_none();
        self.hear_lines(usize::MAX);
        (self.said, was_running)
    }
}

fn listed(home: &Path) -> Vec<Value> {
    let list = duologue(home).args(["--json", "conversation", "list"]).output().unwrap();
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
    last_json(&list.stdout)["conversations"].as_array().unwrap().clone()
}

fn script() -> Vec<String> {
    let dialogue: duologue_models::scripted::Dialogue = LINES.parse().unwrap();
    dialogue.lines().iter().map(|line| line.say.clone()).collect()
}

/// Seconds in each channel of a recording, which must open.
fn seconds(file: &Path) -> f64 {
    let sound = decode_ogg_opus(&std::fs::read(file).unwrap(), 16_000).unwrap_or_else(|e| panic!("{file:?}: {e}"));
    sound.samples[0].len() as f64 / 16_000.0
}

/// Everything that was said is in the folder, and what a killed process could not write is written by the first look.
fn check_kept(home: &Path, said: usize, was_killed: bool) {
    let call = home.join("call");
    let list = listed(home);
    if !call.join("summary.json").is_file() {
        assert_eq!((said, list.len()), (0, 0), "nothing was said yet");
        return;
    }
    let status = list[0]["status"].as_str().unwrap();
    assert!(status == "cut_off" || (status == "ended" && said == 5), "{status} after {said} utterances");
    assert!(was_killed || status == "ended");
    let shown = duologue(home).args(["--json", "conversation", "show"]).arg(&call).output().unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let told = last_json(&shown.stdout);
    assert_eq!(told["summary"]["status"], status);
    let utterances = told["transcript"]["utterances"].as_array().unwrap();
    assert!(utterances.len() >= said, "{said} were heard: {told}");
    for (utterance, line) in utterances.iter().zip(script()) {
        assert!(line.starts_with(utterance["text"].as_str().unwrap()), "{utterance}");
    }
    check_audio(&call, &utterances[..said]);
    for name in ["events.jsonl", "metrics.jsonl"] {
        let lines = std::fs::read_to_string(call.join(name)).unwrap_or_default();
        assert!(lines.is_empty() || lines.ends_with('\n'), "{name} ends with half a line");
        assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{name}");
    }
    let page = std::fs::read_to_string(call.join("report.html")).unwrap();
    check_judged(&told["summary"], said, &page);
    assert!(utterances.iter().all(|u| page.contains(u["text"].as_str().unwrap())));
    assert!(call.join("transcript.txt").is_file() && call.join("captions.vtt").is_file());
    let deleted = duologue(home).args(["conversation", "delete", "--yes"]).arg(&call).output().unwrap();
    assert!(deleted.status.success() && !call.exists(), "{}", String::from_utf8_lossy(&deleted.stderr));
    assert_eq!(listed(home).len(), 0);
}

/// What was said so far is judged, and said to be no whole call.
fn check_judged(summary: &Value, said: usize, page: &str) {
    let verdicts = summary["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), usize::from(said > 0 || !verdicts.is_empty()), "{summary}");
    let Some(verdict) = verdicts.first() else { return };
    assert!(said < 2 || verdict["passed"] == true, "the second line is on the light: {verdict}");
    assert_eq!(page.contains("Judged on an unfinished call"), summary["status"] == "cut_off");
}

/// The audio misses less than its last second: pages of 0.8 s, written 0.1 s behind the present.
fn check_audio(call: &Path, heard: &[Value]) {
    let Some(last) = heard.last() else { return };
    // The end of the last one may have been on its way to the disk.
    assert!(heard.iter().rev().skip(1).all(|u| u["end_s"].is_number()), "{heard:?}");
    let end = last["end_s"].as_f64().or(last["start_s"].as_f64()).unwrap();
    for name in ["stereo.ogg", "support.ogg", "customer.ogg"] {
        let kept = seconds(&call.join(name));
        assert!(kept > end - 1.0, "{name}: {kept} s are on disk, of {end} s");
    }
}

/// The moments are lines of its output, from none at all (the process has just begun) to the last; all calls run at once.
#[test]
fn a_call_killed_at_any_moment_leaves_what_was_said() {
    std::thread::scope(|scope| {
        for lines in 0..=10 {
            scope.spawn(move || {
                let home = tempfile::tempdir().unwrap();
                let mut call = Call::start(home.path());
                call.hear_lines(lines);
                let (said, was_killed) = call.kill();
                check_kept(home.path(), said, was_killed);
            });
        }
    });
}

/// What happens to the files of a call, one event after the other, as the kernel tells it.
#[cfg(target_os = "linux")]
mod files {
    use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
    use std::mem::MaybeUninit;
    use std::path::Path;

    /// Calls `each` with every event and the file's name until it says that it has seen enough.
    pub(super) fn watch(folder: &Path, start: impl FnOnce(), mut each: impl FnMut(&str, ReadFlags) -> bool) {
        let queue = init(CreateFlags::CLOEXEC).unwrap();
        add_watch(&queue, folder, WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::MOVED_TO).unwrap();
        start();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(queue, &mut buffer);
        loop {
            let event = events.next().unwrap();
            let name = event.file_name().map_or("".into(), |name| name.to_string_lossy());
            if each(&name, event.events()) {
                return;
            }
        }
    }
}

/// Kills a call when something has happened to its files, and checks what is left. It ends with its second summary.
#[cfg(target_os = "linux")]
fn kill_when(mut happened: impl FnMut(&str, bool) -> bool) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("call");
    std::fs::create_dir(&folder).unwrap();
    let (mut call, mut summaries) = (None, 0);
    let start = || call = Some(Call::start(home.path()));
    files::watch(&folder, start, |name, event| {
        let is_new = event.contains(rustix::fs::inotify::ReadFlags::CREATE);
        let is_moved = event.contains(rustix::fs::inotify::ReadFlags::MOVED_TO);
        summaries += usize::from(is_moved && name == "summary.json");
        happened(name, is_new) || summaries == 2
    });
    let (said, was_killed) = call.unwrap().kill();
    check_kept(home.path(), said, was_killed);
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_killed_between_any_two_writes_leaves_what_was_said() {
    std::thread::scope(|scope| {
        // A call of this length has some hundred writes; the first ones are made before anybody speaks.
        let drawn = (0..8).map(|n| duologue_ids::Seed(n).derive("write").0 % 400);
        for moment in [1, 2, 3, 5, 8].into_iter().chain(drawn) {
            scope.spawn(move || {
                let mut writes = 0;
                kill_when(|_, _| {
                    writes += 1;
                    writes >= moment
                });
            });
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_killed_while_its_last_files_are_written_leaves_what_was_said() {
    std::thread::scope(|scope| {
        for (last, nth) in [("transcript.txt", 1), ("captions.vtt", 1), ("report.html", 1), ("summary.json", 2)] {
            scope.spawn(move || {
                let (unfinished, mut seen) = (format!("{last}.part"), 0);
                kill_when(|name, is_new| {
                    seen += usize::from(is_new && name == unfinished);
                    seen == nth
                });
            });
        }
    });
}

#[test]
fn a_folder_in_which_nothing_was_kept_can_be_used_again() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("call")).unwrap();
    // What a process leaves that is killed between its first two writes.
    std::fs::write(home.path().join("call/events.jsonl"), "").unwrap();
    std::fs::write(home.path().join("call/summary.json.part"), "{").unwrap();
    check_kept(home.path(), 0, true);
    let mut call = Call::start(home.path());
    call.hear_utterances(1);
    let (said, was_killed) = call.kill();
    check_kept(home.path(), said, was_killed);
}

#[test]
fn nobody_takes_a_call_that_goes_on_for_one_that_was_killed() {
    let home = tempfile::tempdir().unwrap();
    let mut call = Call::start(home.path());
    call.hear_utterances(1);
    assert_eq!(listed(home.path())[0]["status"], "running");
    let list = duologue(home.path()).args(["conversation", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("  still running  "), "{list:?}");
    let folder = home.path().join("call");
    let refused = duologue(home.path()).args(["conversation", "delete", "--yes"]).arg(&folder).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("still going on") && folder.join("stereo.ogg").is_file());
    let opened = duologue(home.path()).args(["conversation", "open"]).arg(&folder).output().unwrap();
    assert!(String::from_utf8_lossy(&opened.stderr).contains("is still going on, and its report"), "{opened:?}");
    let second = scripted(home.path()).arg("--out").arg(&folder).output().unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("already holds a conversation"));
    call.hear_utterances(5);
    assert_eq!(call.child.wait().unwrap().code(), Some(0));
    assert_eq!(listed(home.path())[0]["status"], "ended");
}

/// Nobody reads its output any more: `duologue converse … 2>&1 | head`.
#[test]
fn a_call_whose_output_nobody_reads_goes_on_to_its_end() {
    let home = tempfile::tempdir().unwrap();
    let mut call = Call::start(home.path());
    call.hear_utterances(1);
    let Call { mut child, told, .. } = call;
    drop(told);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(listed(home.path())[0]["turns"], 5);
}

/// `timeout` signals a program and then its whole group.
#[cfg(unix)]
#[test]
fn two_signals_at_once_are_one_wish() {
    let home = tempfile::tempdir().unwrap();
    let mut command = scripted(home.path());
    command.args(["--out", "call"]).stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("s  Joe  ")), "it never began");
    let pid = rustix::process::Pid::from_child(&child);
    let terminate = || rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    terminate();
    assert!(told.any(|line| line.contains("once more to stop at once")), "the first is not heeded");
    terminate();
    told.for_each(drop);
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130));
    let result = last_json(&run.stdout);
    assert_eq!(result["end_reason"], "cancelled", "{result}");
    assert!(home.path().join("call/report.html").is_file());
}

#[cfg(unix)]
#[test]
fn an_interrupted_call_ends_in_order() {
    let home = tempfile::tempdir().unwrap();
    let mut call = Call::start(home.path());
    call.hear_utterances(1);
    let pid = rustix::process::Pid::from_child(&call.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    call.told.by_ref().for_each(drop);
    assert_eq!(call.child.wait().unwrap().code(), Some(130));
    let summary = std::fs::read(home.path().join("call/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!((&summary["status"], &summary["end_reason"]), (&"ended".into(), &"cancelled".into()));
    let stereo = std::fs::read(home.path().join("call/stereo.ogg")).unwrap();
    assert!(decode_ogg_opus(&stereo, 16_000).unwrap().complete);
}
