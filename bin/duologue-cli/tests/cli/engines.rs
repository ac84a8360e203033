//! Local engines that are missing, do not start, die, or hang: the call goes on, or ends with an error that says why.

use crate::fake_engine::{Engines, LLM, SPEECH};
use crate::{last_json, scenario};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A call with local models.
fn local(engines: &Engines, home: &Path) -> Command {
    let mut command = engines.duologue(home);
    command
        .args(["--json", "converse", "--in-process", "--seed", "7", "--scenario"])
        .arg(scenario(home))
        .arg("--out")
        .arg(home.join("call"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, last line of standard output, standard error.
fn end(mut child: Child, told: &mut impl Read) -> (Option<i32>, Value, String) {
    let mut said = String::new();
    told.read_to_string(&mut said).unwrap();
    let mut out = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    (child.wait().unwrap().code(), last_json(&out), said)
}

fn run(mut command: Command) -> (Option<i32>, Value, String) {
    let mut child = command.spawn().unwrap();
    let mut told = child.stderr.take().unwrap();
    end(child, &mut told)
}

/// Waits until a line with `text` is printed.
fn wait_for(told: &mut impl BufRead, text: &str) {
    let found = told.lines().map_while(Result::ok).any(|line| line.contains(text));
    assert!(found, "it ended without {text:?}");
}

#[test]
fn an_engine_that_is_killed_in_a_call_is_started_again_and_the_call_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let mut child = local(&engines, home.path()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut told, "s  Joe  ");
    engines.signal(SPEECH, Signal::KILL);
    engines.signal(LLM, Signal::KILL);
    wait_for(&mut told, "s  Anna  ");
    engines.signal(SPEECH, Signal::KILL);
    let (code, result, said) = end(child, &mut told);
    assert_eq!((code, &result["end_reason"], &result["turns"]), (Some(0), &"turn_limit".into(), &5.into()), "{said}");
    assert_eq!((engines.starts(SPEECH).len(), engines.starts(LLM).len()), (3, 2), "{said}");
    engines.await_end();
}

#[test]
fn an_engine_that_dies_whenever_it_is_asked_ends_the_call_with_its_last_words() {
    for name in [SPEECH, LLM] {
        let home = tempfile::tempdir().unwrap();
        let engines = Engines::install(home.path());
        engines.plays(name, "die when asked");
        let (code, result, said) = run(local(&engines, home.path()));
        assert_eq!((code, &result["end_reason"]), (Some(1), &"agent_error".into()), "{name}: {said}");
        let error = result["error"].as_str().unwrap();
        assert!(error.contains("the moon is made of cheese") && error.contains("help:"), "{error}");
        assert!(said.contains(&format!("error: {error}")), "{said}");
        assert!(engines.starts(name).len() <= 4, "it is not started for ever: {:?}", engines.starts(name));
        assert!(home.path().join("call/report.html").is_file());
    }
}

#[test]
fn an_engine_that_hangs_is_replaced_and_the_call_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let mut child = local(&engines, home.path()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut told, "s  Joe  ");
    engines.signal(LLM, Signal::STOP);
    let (code, result, said) = end(child, &mut told);
    assert_eq!((code, &result["end_reason"], &result["turns"]), (Some(0), &"turn_limit".into(), &5.into()), "{said}");
    assert!(said.contains("the local language model showed no sign of life"), "{said}");
    assert_eq!(engines.starts(LLM).len(), 2);
    engines.await_end();
}

#[test]
fn a_call_that_ends_while_a_recogniser_hangs_did_not_end_in_order() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let mut child = local(&engines, home.path()).args(["--duration", "15"]).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut told, "s  Joe  ");
    engines.signal(SPEECH, Signal::STOP);
    let (code, result, said) = end(child, &mut told);
    assert_eq!((code, &result["end_reason"]), (Some(1), &"agent_error".into()), "{said}");
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("the speech recognition of the customer agent (local/whisper-tiny.en)"), "{error}");
    engines.await_end();
}

#[test]
fn an_engine_that_does_not_start_is_told_with_its_last_words() {
    let parts = [
        ("echo 'no memory left' >&2; exit 4", "no memory left"),
        ("kill -9 $$", "ended unexpectedly"),
        ("echo '<html>502 bad gateway</html>'; exec /bin/cat >/dev/null", "unreadable"),
        ("exit 0", "ended unexpectedly"),
    ];
    for (script, reason) in parts {
        for name in [SPEECH, LLM] {
            let home = tempfile::tempdir().unwrap();
            let engines = Engines::install(home.path());
            engines.script(name, script);
            let (code, result, said) = run(local(&engines, home.path()));
            assert_eq!(code, Some(1), "{script}: {said}");
            assert!(said.contains(reason) && said.contains("help:") && !said.contains("panicked"), "{script}: {said}");
            assert!(result["error"].as_str().unwrap().contains(reason), "{script}: {result}");
            assert!(!home.path().join("call").exists(), "nothing was begun");
            engines.await_end();
        }
    }
}

#[test]
fn an_engine_that_cannot_be_found_or_run_is_named_with_its_remedy() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    std::fs::write(home.path().join("engines").join(SPEECH), b"\x7fELF but cut off").unwrap();
    let (code, _, said) = run(local(&engines, home.path()));
    assert!(code == Some(1) && said.contains("cannot be started") && said.contains("make build"), "{said}");
    std::fs::remove_file(home.path().join("engines").join(SPEECH)).unwrap();
    let (code, _, said) = run(local(&engines, home.path()));
    assert!(code == Some(1) && said.contains(SPEECH) && said.contains("make build"), "{said}");
}

/// It never becomes ready; whoever does not want to wait for the end of patience presses Ctrl-C.
#[test]
fn waiting_for_an_engine_can_be_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let started = home.path().join("started");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &started,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    engines.script(SPEECH, &format!("echo up > '{}'; exec /bin/cat >/dev/null", started.display()));
    let mut child = local(&engines, home.path()).spawn().unwrap();
    let mut told = child.stderr.take().unwrap();
    assert_eq!(std::fs::read_to_string(&started).unwrap(), "up\n");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    let (code, result, said) = end(child, &mut told);
    assert_eq!(code, Some(130), "{said}");
    assert!(result["error"].as_str().unwrap().contains("nothing is kept"), "{result}");
    assert!(!home.path().join("call").exists());
    engines.await_end();
}
