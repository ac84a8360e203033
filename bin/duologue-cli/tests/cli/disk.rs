//! A disk that is full from the start, or becomes full in the middle of a call.

use crate::{duologue, last_json, scripted};
use duologue_media::decode_ogg_opus;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Runs commands in a mount namespace of their own with a small disk at `full`, as a script would.
///
/// `$1` is the disk's size, `$2` its place, `$3` a folder for what is on it at the end; `$4` and on the command.
const ON_A_SMALL_DISK: &str = r#"
mount -t tmpfs -o size="$1" none "$2" || exit 99
size=$1 disk=$2 kept=$3
shift 3
[ "$size" != 4k ] || head -c 4096 /dev/zero > "$disk/ballast"
"$@"
code=$?
"$DUOLOGUE" conversation show "$disk/call" > "$kept/shown" 2>&1
cp -r "$disk/call" "$kept/" 2>/dev/null
exit $code
"#;

/// What a command did on a disk of `size` at `home/full`; its `call` is left in `home/kept`. `None` where this machine lets
/// nobody mount one.
fn on_a_disk_of(size: &str, home: &Path, command: &Command) -> Option<Output> {
    let (full, kept) = (home.join("full"), home.join("kept"));
    std::fs::create_dir_all(&full).unwrap();
    std::fs::create_dir_all(&kept).unwrap();
    for own_user in [&[][..], &["--map-root-user"]] {
        let mut unshare = Command::new("unshare");
        unshare.args(own_user).args(["--mount", "/bin/sh", "-c", ON_A_SMALL_DISK, "sh", size]).arg(&full).arg(&kept);
        unshare.arg(command.get_program()).args(command.get_args()).current_dir(home).env_clear();
        unshare.envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
        unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DUOLOGUE", env!("CARGO_BIN_EXE_duologue"));
        match unshare.output() {
            Ok(run) if run.status.code() != Some(99) && !refused_by_unshare(&run) => return Some(run),
            _ => {}
        }
    }
    eprintln!("SKIPPED: this machine lets the tests mount no small disk (`unshare --mount`)");
    None
}

fn refused_by_unshare(run: &Output) -> bool {
    String::from_utf8_lossy(&run.stderr).starts_with("unshare:")
}

fn told(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

#[test]
fn a_full_disk_is_told_before_anybody_speaks() {
    let home = tempfile::tempdir().unwrap();
    let mut command = scripted(home.path());
    command.arg("--out").arg(home.path().join("full/call"));
    let Some(run) = on_a_disk_of("4k", home.path(), &command) else { return };
    let told = told(&run);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("full/call/summary.json") && told.contains("No space left"), "{told}");
    assert!(told.contains("help:") && !told.contains("Joe  "), "{told}");
    assert!(last_json(&run.stdout)["error"].as_str().unwrap().contains("full/call"));
}

#[test]
fn a_full_data_directory_is_told_too() {
    let home = tempfile::tempdir().unwrap();
    let mut command = scripted(home.path());
    command.env("DUOLOGUE_HOME", home.path().join("full"));
    let Some(run) = on_a_disk_of("4k", home.path(), &command) else { return };
    let told = told(&run);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("full/conversations/c-") && told.contains("No space left"), "{told}");
}

#[test]
fn a_disk_that_becomes_full_ends_the_call_and_keeps_what_was_written() {
    std::thread::scope(|scope| {
        for size in ["48k", "56k", "64k", "80k"] {
            scope.spawn(move || {
                let home = tempfile::tempdir().unwrap();
                let mut command = scripted(home.path());
                command.arg("--out").arg(home.path().join("full/call"));
                let Some(run) = on_a_disk_of(size, home.path(), &command) else { return };
                let told = told(&run);
                assert_eq!(run.status.code(), Some(1), "{size}: {told}");
                assert!(told.contains("No space left") && told.contains("full/call/"), "{size}: {told}");
                check_what_is_left(&home.path().join("kept"), size);
                check_reason(&home.path().join("kept/call"), size);
                check_opens_elsewhere(home.path(), size);
            });
        }
    });
}

/// Each conversation takes some 160 kB: some fit, and the one that does not leaves nothing.
#[test]
fn a_disk_that_becomes_full_ends_a_suite_and_keeps_what_was_held() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), crate::simulated::SUITE).unwrap();
    let mut command = duologue(home.path());
    command.args(["--json", "simulate", "one.yaml", "--seeds", "40", "--jobs", "2", "--out"]);
    command.arg(home.path().join("full/call"));
    let Some(run) = on_a_disk_of("2m", home.path(), &command) else { return };
    let told = told(&run);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left") && told.contains("of 40 conversations were held and are kept"), "{told}");
    let kept = home.path().join("kept/call");
    let results: Value = serde_json::from_slice(&std::fs::read(kept.join("run.json")).unwrap()).unwrap();
    let held = results["cases"][0]["conversations"].as_array().unwrap();
    assert!((2..40).contains(&held.len()) && results["complete"] == false, "{results}");
    for conversation in held {
        assert!(kept.join(conversation["folder"].as_str().unwrap()).join("report.html").is_file(), "{conversation}");
    }
    assert_eq!(std::fs::read_dir(kept.join("conversations/order")).unwrap().count(), held.len());
    assert!(std::fs::read_to_string(kept.join("index.html")).unwrap().contains("This run is incomplete"));
    assert!(std::fs::read_to_string(kept.join("junit.xml")).unwrap().ends_with("</testsuites>\n"));
}

/// Why it ended was written in the room that was held back.
fn check_reason(call: &Path, size: &str) {
    let summary: Value = serde_json::from_slice(&std::fs::read(call.join("summary.json")).unwrap()).unwrap();
    assert!(summary["error"].as_str().unwrap().contains("No space left"), "{size}: {summary}");
    assert_eq!(summary["status"], "ended", "{size}");
}

/// What fitted opens, on the full disk too.
fn check_what_is_left(kept: &Path, size: &str) {
    let call = kept.join("call");
    for name in ["stereo.ogg", "support.ogg", "customer.ogg"] {
        let bytes = std::fs::read(call.join(name)).unwrap();
        if !bytes.is_empty() {
            let sound = decode_ogg_opus(&bytes, 16_000).unwrap_or_else(|e| panic!("{size}, {name}: {e}"));
            assert!(sound.samples[0].len() < 60 * 16_000);
        }
    }
    for name in ["events.jsonl", "metrics.jsonl"] {
        let lines = std::fs::read_to_string(call.join(name)).unwrap_or_default();
        assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{size}, {name}: {lines}");
    }
    assert!(std::fs::read_dir(&call).unwrap().flatten().all(|f| f.path().extension().is_none_or(|e| e != "part")));
    let shown = std::fs::read_to_string(kept.join("shown")).unwrap();
    assert!(shown.contains("Northwind, this is Joe."), "{size}: {shown}");
}

/// Once there is room a report is made of it.
fn check_opens_elsewhere(home: &Path, size: &str) {
    let call = home.join("kept/call");
    let shown = duologue(home).args(["--json", "conversation", "show"]).arg(&call).output().unwrap();
    let told = last_json(&shown.stdout);
    let summary = &told["summary"];
    assert!(["cut_off", "ended"].contains(&summary["status"].as_str().unwrap()), "{size}: {told}");
    assert!(!told["transcript"]["utterances"].as_array().unwrap().is_empty(), "{size}: {told}");
    assert!(call.join("report.html").is_file() && summary["files"]["report"].is_string(), "{size}: {told}");
    assert!(!summary["verdicts"].as_array().unwrap().is_empty(), "{size}: {told}");
}

/// A call in whose process no file may grow beyond `kilobytes`; what it told, and its result.
#[cfg(unix)]
fn limited(home: &Path, kilobytes: u32) -> (String, Value) {
    let command = scripted(home);
    let mut limited = Command::new("bash");
    limited.args(["-c", &format!("ulimit -f {kilobytes}; exec \"$@\""), "bash"]);
    limited.arg(command.get_program()).args(command.get_args()).arg("--out").arg(home.join("call"));
    limited.current_dir(home).env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let run = limited.env("PATH", "/usr/bin:/bin").output().unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    (told(&run), last_json(&run.stdout))
}

#[cfg(unix)]
fn opened(home: &Path) -> String {
    let opened = duologue(home).args(["conversation", "open", "call"]).output().unwrap();
    assert!(opened.status.success(), "{opened:?}");
    let page = String::from_utf8(opened.stdout).unwrap();
    std::fs::read_to_string(page.trim()).unwrap()
}

/// Where no disk can be mounted, a limit on the size of files stands for it: the system answers with another error.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_ends_the_call_with_its_first_cause() {
    let home = tempfile::tempdir().unwrap();
    let (told, result) = limited(home.path(), 12);
    let stereo = home.path().join("call/stereo.ogg");
    let cause = format!("cannot write {}: File too large", stereo.display());
    assert!(told.contains(&format!("error: {cause}")) && !told.contains("cannot write report.html"), "{told}");
    assert!(told.contains("this process may write 12288 bytes to a file") && told.contains("ulimit -f"), "{told}");
    assert!(told.contains("duologue conversation open") && !told.contains("call/report.html"), "{told}");
    assert!(result["error"].as_str().unwrap().starts_with(&cause), "{result}");
    assert_eq!((&result["status"], &result["end_reason"]), (&"ended".into(), &"agent_error".into()));
    assert!(result["files"]["report"].is_null() && result["verdicts"][0]["passed"].is_boolean(), "{result}");
    let page = opened(home.path());
    for part in [
        "Northwind, this is Joe.",
        "stereo.ogg: File too large",
        "Judged on an unfinished call",
        "Ended: something failed",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let listed = duologue(home.path()).args(["conversation", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("  failed  "), "{listed:?}");
}

#[cfg(unix)]
#[test]
fn a_report_for_which_there_was_no_room_is_made_when_there_is() {
    let home = tempfile::tempdir().unwrap();
    let (told, result) = limited(home.path(), 64);
    let report = home.path().join("call/report.html");
    let cause = format!("cannot write {}: File too large", report.display());
    assert!(told.contains(&format!("error: {cause}")) && told.contains("65536 bytes"), "{told}");
    assert!(result["error"].as_str().unwrap().starts_with(&cause), "{result}");
    assert!(!report.exists());
    let page = opened(home.path());
    assert!(page.contains("Thank you, goodbye.") && !page.contains("File too large"));
    assert!(page.contains("Passed <span>1 of 1 criterion<"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_fits_nowhere_is_told_and_where_it_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = scripted(home.path());
    let run = command.args(["--duration", "1", "--out", "call"]).stdout(full).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(told(&run).contains("call/summary.json") && home.path().join("call/summary.json").is_file(), "{run:?}");
}
