//! The decision log: every outcome, chained, and what is left of it when the process or the disk goes.

use crate::bed::{allow_if, call, folder, load};
use duologue_policy::{Cause, DecisionRecord, Input, Outcome, Principal};
use duologue_policy_engine::{
    DecisionLog, DefaultPolicy, Embedded, Engine, FileLog, FileLogError, PolicyEngine, StoreLog,
};
use duologue_store::{Link, Store, StoreConfig};
use proptest::prelude::*;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const KILLED: &str = "DUOLOGUE_TEST_DECISION_LOG";

fn policy(log: DecisionLog) -> PolicyEngine {
    let text =
        allow_if("input.caller.spiffe_id == \"spiffe://example.org/orchestrator\"\n\tinput.request.params.n > 0");
    PolicyEngine::new(Engine::Embedded(Arc::new(load(&[("p.rego", &text)]).expect("loaded"))), log)
}

fn record(id: usize) -> DecisionRecord<'static> {
    DecisionRecord { id: id.to_string().into(), outcome: Outcome::Deny, ..DecisionRecord::default() }
}

fn open(path: &Path) -> FileLog {
    FileLog::open(path, false).unwrap_or_else(|error| panic!("{error}"))
}

fn records(path: &Path) -> Vec<DecisionRecord<'static>> {
    let text = std::fs::read_to_string(path).expect("a log");
    let record = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["record"].take();
    text.lines().map(|line| serde_json::from_value(record(line)).expect("a record")).collect()
}

#[tokio::test]
async fn every_outcome_is_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for strict in [false, true] {
        let path = folder.path().join(format!("{strict}.jsonl"));
        let policy = policy(DecisionLog::File(FileLog::open(&path, strict).expect("a log")));
        let other = Input { caller: Principal("spiffe://example.org/other".into()), ..call() };
        assert_eq!(policy.decide(call()).await.outcome(), Outcome::Allow);
        assert_eq!(policy.decide(other).await.outcome(), Outcome::Deny);
        let kept = records(&path);
        assert_eq!(kept.iter().map(|record| record.outcome).collect::<Vec<_>>(), [Outcome::Allow, Outcome::Deny]);
        assert_eq!(kept[0].rule.as_deref(), Some("data.duologue.authz.allow (p.rego:3)"));
        assert_eq!((kept[0].cause.as_deref(), kept[1].cause.as_deref()), (None, Some("undefined")));
        assert_eq!((&*kept[1].caller, &*kept[1].agent), ("spiffe://example.org/other", "spiffe://example.org/worker"));
        assert!(kept[0].policy.starts_with("sha256:") && kept[0].input != kept[1].input);
        assert!(!std::fs::read_to_string(&path).expect("a log").contains("a b"), "parameters are not logged");
        assert_eq!(FileLog::verify(&path).expect("sound").seq, 2);
    }
}

/// What nobody would find later is not kept.
#[tokio::test]
async fn a_file_that_is_taken_away_denies_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    for (strict, cut_off) in [(false, false), (false, true), (true, false), (true, true)] {
        let path = folder.path().join(format!("{strict}-{cut_off}.jsonl"));
        let policy = policy(DecisionLog::File(FileLog::open(&path, strict).expect("a log")));
        assert_eq!(policy.decide(call()).await.outcome(), Outcome::Allow);
        if cut_off {
            std::fs::write(&path, "").expect("cut off");
        } else {
            std::fs::remove_file(&path).expect("removed");
        }
        for _ in 0..2 {
            let decision = policy.decide(call()).await;
            let why = decision.cause().map(ToString::to_string).unwrap_or_default();
            assert_eq!(decision.outcome(), Outcome::Deny);
            assert!(matches!(decision.cause(), Some(Cause::NotLogged(_))) && why.contains("somebody"), "{why}");
        }
        assert_eq!(path.exists().then(|| std::fs::read(&path).expect("a file")), cut_off.then(Vec::new));
    }
}

/// Each is denied or kept, also where many come at the same time and whoever asked does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn decisions_that_come_at_the_same_time_are_all_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("decisions.jsonl");
    let policy = policy(DecisionLog::File(open(&path)));
    let deciding = (0..500).map(|at| {
        let policy = policy.clone();
        tokio::spawn(async move {
            if at % 10 == 0 {
                // It goes away in the middle: its line may be there or not, and the others are.
                let _ = futures::poll!(std::pin::pin!(policy.decide(call())));
                return;
            }
            assert_eq!(policy.decide(call()).await.outcome(), Outcome::Allow);
        })
    });
    for decided in deciding.collect::<Vec<_>>() {
        decided.await.expect("decided");
    }
    drop(policy);
    let kept = FileLog::verify(&path).expect("sound").seq;
    assert!((450..=500).contains(&kept), "{kept}");
}

#[tokio::test]
async fn every_outcome_is_in_the_audit_chain_of_a_store() {
    for strict in [true, false] {
        let store = Store::open(StoreConfig::in_memory()).await.expect("a store");
        let log = if strict { StoreLog::strict(store.clone()) } else { StoreLog::relaxed(store.clone()) };
        let policy = policy(DecisionLog::Store(log));
        policy.decide(call()).await;
        policy.decide(Input { caller: Principal("anna".into()), ..call() }).await;
        let links = entered(&store, 2).await;
        let outcomes = links.iter().map(|link| {
            assert_eq!(link.entry.kind, "decision");
            serde_json::from_slice::<DecisionRecord>(&link.entry.body).expect("a record").outcome
        });
        assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Allow, Outcome::Deny]);
        assert!(store.audit_verify().await.expect("looked through").broken.is_empty());

        store.close().await;
        // A relaxed log knows it once it has tried.
        let denied = async {
            loop {
                let decision = policy.decide(call()).await;
                if matches!(decision.cause(), Some(Cause::NotLogged(_))) {
                    return decision;
                }
                assert!(!strict, "{decision:?}");
                tokio::task::yield_now().await;
            }
        };
        let decision = timeout(PATIENCE, denied).await.expect("in time");
        assert!(decision.permit().is_err());
    }
}

/// What is in the chain, once it is so much.
async fn entered(store: &Store, number: usize) -> Vec<Link> {
    let all = async {
        loop {
            let chains = store.audit_chains().await.expect("chains");
            let instance = chains.first().map(|chain| chain.instance.clone()).unwrap_or_default();
            let links = store.audit_links(&instance, 0, 10).await.expect("links");
            if links.len() >= number {
                return links;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all).await.expect("in time")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_denies() {
    // Reading it gives no end, so that a chain cannot be begun there: it is refused at once.
    let full = FileLog::open(Path::new("/dev/full"), true);
    assert!(full.is_err(), "{full:?}");
    // A file that may have no more bytes.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let status = Command::new("sh")
        .args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "log::writes_until_the_disk_is_full", "--nocapture", "--ignored"])
        .env(KILLED, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("a process").success());
    let kept = FileLog::verify(&path).expect("a chain of whole lines").seq;
    assert!(kept > 1, "{kept}");
    assert_eq!(open(&path).head().seq, kept);
}

/// Not a test of its own: what [`a_full_disk_denies`] starts.
#[tokio::test]
#[ignore = "writes until its disk is full"]
async fn writes_until_the_disk_is_full() {
    let Some(path) = std::env::var_os(KILLED) else { return };
    let policy = policy(DecisionLog::File(open(Path::new(&path))));
    let mut allowed = 0;
    loop {
        let decision = policy.decide(call()).await;
        match decision.cause() {
            None => allowed += 1,
            Some(Cause::NotLogged(_)) => break,
            Some(other) => panic!("{other}"),
        }
        assert!(allowed < 1_000, "it never gets full");
    }
    assert!(policy.decide(call()).await.permit().is_err());
    assert_eq!(FileLog::verify(Path::new(&path)).expect("sound").seq, allowed);
}

#[tokio::test]
async fn one_process_writes_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let log = open(&path);
    assert!(matches!(FileLog::open(&path, false), Err(FileLogError::Taken(_))));
    drop(log);
    open(&path);
}

#[tokio::test]
async fn a_log_that_was_changed_is_not_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let log = DecisionLog::File(open(&path));
    for id in 0..5 {
        log.write(&record(id)).await.expect("kept");
    }
    drop(log);
    let text = std::fs::read_to_string(&path).expect("a log");
    let lines: Vec<&str> = text.lines().collect();
    let edited = text.replacen("\"id\":\"2\"", "\"id\":\"7\"", 1);
    let without = [&lines[..2], &lines[3..]].concat().join("\n") + "\n";
    let swapped = [lines[0], lines[2], lines[1], lines[3], lines[4]].join("\n") + "\n";
    for (tampered, line) in [(edited, 3), (without, 3), (swapped, 2)] {
        std::fs::write(&path, &tampered).expect("written");
        for error in [FileLog::verify(&path).map(drop), FileLog::open(&path, false).map(drop)] {
            let Err(FileLogError::Broken { broken, .. }) = error else { panic!("{error:?}") };
            assert_eq!(broken.line, line, "{tampered}");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("a log"), tampered, "it is evidence");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Wherever a machine dies within a line, what is whole stays, and the next process goes on behind it.
    #[test]
    fn half_a_line_is_taken_off(written in 1usize..6, cut in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let write = |from: usize, number: usize| {
            let log = DecisionLog::File(open(&path));
            for id in from..from + number {
                runtime.block_on(log.write(&record(id))).expect("kept");
            }
        };
        write(0, written);
        let whole = std::fs::read(&path).expect("a log");
        let cut = cut.index(whole.len() + 1);
        std::fs::write(&path, &whole[..cut]).expect("written");
        let left = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
        write(left, 2);
        let ids: Vec<String> = records(&path).into_iter().map(|record| record.id.into_owned()).collect();
        let expected: Vec<String> = (0..left + 2).map(|id| id.to_string()).collect();
        prop_assert_eq!(ids, expected);
        prop_assert_eq!(FileLog::verify(&path).expect("sound").seq, left as u64 + 2);
    }
}

#[test]
fn a_killed_process_leaves_what_it_was_told_was_kept() {
    let folder = folder(&[]);
    let path = folder.path().join("log");
    let mut before = 0;
    for lines in [1, 50, 333, 7] {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "log::writes_until_it_is_killed", "--nocapture", "--ignored"])
            .env(KILLED, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut told = Vec::new();
        while told.len() < lines {
            let line = output.next().expect("it writes until it is killed").expect("text");
            told.extend(line.strip_prefix("told ").and_then(|seq| seq.parse::<u64>().ok()));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        let seq = open(&path).head().seq;
        let last = told.last().copied().unwrap_or_default();
        assert!(seq >= last && last > before, "{last} was acknowledged, {seq} is there, {before} was before");
        before = seq;
    }
}

/// Not a test of its own: what [`a_killed_process_leaves_what_it_was_told_was_kept`] starts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes until it is killed"]
async fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(KILLED) else { return };
    let log = open(Path::new(&path));
    let policy = PolicyEngine::new(Engine::None(DefaultPolicy::AllowAll), DecisionLog::File(log.clone()));
    loop {
        policy.decide(call()).await.permit().expect("allowed");
        // Where nobody reads any more, the kill is near.
        let _ = writeln!(std::io::stdout().lock(), "told {}", log.head().seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    for strict in [false, true] {
        let path = folder.path().join(strict.to_string());
        let log = DecisionLog::File(FileLog::open(&path, strict).expect("a log"));
        let embedded: Arc<Embedded> = Arc::new(load(&[("p.rego", &allow_if("true"))]).expect("loaded"));
        let policy = PolicyEngine::new(Engine::Embedded(embedded), log);
        let calls = (0..64).map(|_| {
            let policy = policy.clone();
            tokio::spawn(async move { policy.decide(call()).await.permit().is_ok() })
        });
        for allowed in calls.collect::<Vec<_>>() {
            assert!(allowed.await.expect("no panic"));
        }
        assert_eq!(FileLog::verify(&path).expect("sound").seq, 64);
    }
}
