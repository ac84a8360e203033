//! Made-up folders, each with one trouble.

use super::facts::read_events;
use super::*;
use duologue_ids::Mono;
use duologue_score::{Interval, Track};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

fn summary() -> Value {
    let agent = |side: &str, name: &str| {
        json!({ "side": side, "agent_name": "", "name": name, "voice": "",
            "models": {"stt": format!("{side}-ears"), "llm": format!("{side}-brain"), "tts": format!("{side}-mouth")} })
    };
    json!({
        "conversation_id": "c-1", "status": "ended", "scenario": "s", "title": "t", "started_at": "", "duration_s": 30.0,
        "end_reason": "agent_ended", "ended_by": "support", "error": null, "turns": 4, "goal_reached": true, "verdicts": [],
        "metrics": duologue_score::Metrics::default(), "guidance": "free", "seed": 1, "version": "",
        "files": {"report": "report.html"}, "agents": [agent("support", "Joe"), agent("customer", "Anna")],
    })
}

fn with(changes: Value) -> Readable<crate::summary::Summary> {
    let mut all = summary();
    for (key, value) in changes.as_object().unwrap() {
        all[key] = value.clone();
    }
    Readable::Yes(serde_json::from_value(all).unwrap())
}

/// A track of 30 s that is audible from second to second.
fn side(spans: &[(u64, u64)]) -> SideFacts {
    let interval =
        |(from, to): &(u64, u64)| Interval::new(Mono::from_millis(from * 1_000), Mono::from_millis(to * 1_000));
    let speech: Track = spans.iter().map(interval).collect();
    SideFacts { speech, length: Duration::from_secs(30), bytes: Some(9_000) }
}

fn utterance(speaker: &str, heard: Option<&str>, wer: Option<f64>) -> Value {
    json!({ "id": 1, "speaker": speaker, "name": "", "agent_name": "", "text": "the light is red", "heard": heard, "wer": wer,
        "start_s": 1.0, "end_s": 2.0, "interrupted": false, "source": null, "hint": null, "metrics": null })
}

fn transcript(utterances: &[Value]) -> Readable<crate::transcript::Transcript> {
    Readable::Yes(serde_json::from_value(json!({ "utterances": utterances, "tool_calls": [] })).unwrap())
}

/// A call with which nothing is wrong.
fn healthy() -> Facts {
    let heard = |side: &str| utterance(side, Some("the light is red"), Some(0.0));
    Facts {
        is_running: false,
        summary: with(json!({})),
        transcript: transcript(&[heard("support"), heard("customer"), heard("support"), heard("customer")]),
        events: Vec::new(),
        torn_lines: 0,
        sides: [side(&[(0, 5), (10, 15)]), side(&[(6, 9), (16, 20)])],
        opener: Some(Side::Support),
    }
}

fn events(lines: &str) -> Vec<Told> {
    let (events, torn) = read_events(lines.as_bytes());
    assert_eq!((torn, events.len()), (0, lines.lines().count()));
    events
}

/// The one trouble of these facts.
fn trouble(facts: &Facts) -> Finding {
    let found = diagnose(facts);
    let troubles: Vec<&Finding> = found.findings.iter().filter(|f| f.severity == Severity::Trouble).collect();
    assert!(!troubles.is_empty(), "nothing was found");
    assert!(!found.is_healthy());
    assert!(found.findings.iter().all(|f| !f.seen.is_empty() && !f.cause.is_empty() && !f.next.is_empty()));
    troubles[0].clone()
}

#[test]
fn a_good_call_has_no_findings() {
    assert_eq!(diagnose(&healthy()), Diagnosis { is_running: false, findings: vec![] });
}

fn silent() -> Facts {
    Facts { transcript: transcript(&[]), sides: [side(&[]), side(&[])], ..healthy() }
}

#[test]
fn nobody_talked_and_the_stage_that_owed_an_answer_is_named() {
    let found = trouble(&silent());
    assert_eq!((found.code, found.side), ("nobody_talked", Some(Side::Support)));
    assert!(found.cause.contains("its session never began"), "{found:?}");
    let began = r#"{"t":0.1,"side":"support","event":"speech_created","turn":1,"source":"opening","hint":null}"#;
    let found = trouble(&Facts { events: events(began), ..silent() });
    assert!(found.cause.contains("language model of Joe (support) (support-brain)"), "{found:?}");
    let usage = r#"{"t":0.9,"side":"support","event":"usage_collected","turn":1,"usage":{"prompt_tokens":1,"cached_tokens":0,"completion_tokens":1}}"#;
    let wrote = events(&format!("{began}\n{usage}"));
    assert!(trouble(&Facts { events: wrote, ..silent() }).cause.contains("voice of Joe (support) (support-mouth)"));
}

#[test]
fn only_one_talked_because_the_other_was_deaf_or_dumb() {
    let only_joe = || Facts {
        transcript: transcript(&[utterance("support", None, None)]),
        sides: [side(&[(0, 5), (10, 15)]), side(&[])],
        ..healthy()
    };
    let found = trouble(&only_joe());
    assert_eq!((found.code, found.side), ("one_silent", Some(Side::Customer)));
    assert!(found.cause.contains("its line is deaf"), "{found:?}");
    let noticed = r#"{"t":0.1,"side":"customer","event":"user_state_changed","speaking":true}
{"t":5.1,"side":"customer","event":"user_state_changed","speaking":false}"#;
    let found = trouble(&Facts { events: events(noticed), ..only_joe() });
    assert!(found.cause.contains("speech recognition of Anna (customer) (customer-ears)"), "{found:?}");
}

#[test]
fn words_that_do_not_arrive_are_told_by_the_listener() {
    let all = |heard: Option<&str>, wer: Option<f64>| {
        let anna = utterance("customer", heard, wer);
        let joe = utterance("support", Some("the light is red"), Some(0.0));
        Facts { transcript: transcript(&[joe.clone(), anna.clone(), joe, anna]), ..healthy() }
    };
    let found = trouble(&all(None, None));
    assert_eq!((found.code, found.side), ("never_heard", Some(Side::Support)));
    assert_eq!(trouble(&all(Some("hat"), Some(1.0))).code, "words_lost");
    let guessed = diagnose(&all(Some("the light is bread"), Some(0.5)));
    assert!(guessed.is_healthy() && guessed.findings[0].code == "words_misheard");
}

#[test]
fn sound_without_words_and_words_without_sound() {
    for empty in [transcript(&[]), Readable::Missing] {
        assert_eq!(trouble(&Facts { transcript: empty, ..healthy() }).code, "empty_transcript");
    }
    let found = trouble(&Facts { sides: [side(&[(0, 5)]), side(&[])], ..healthy() });
    assert_eq!((found.code, found.side), ("no_sound", Some(Side::Customer)));
    let lost = SideFacts { bytes: None, ..SideFacts::default() };
    let found = trouble(&Facts { sides: [side(&[(0, 5)]), lost], ..healthy() });
    assert!(found.code == "lost_track" && found.seen.contains("customer.ogg is missing"), "{found:?}");
}

#[test]
fn a_late_start_and_speech_over_speech() {
    let late = Facts { sides: [side(&[(9, 12)]), side(&[(13, 15)])], ..healthy() };
    assert_eq!(trouble(&late).code, "late_start");
    let both = Facts { sides: [side(&[(0, 20)]), side(&[(4, 20)])], ..healthy() };
    let found = trouble(&both);
    assert!(found.code == "talk_over" && found.seen.contains("16.0 s"), "{found:?}");
}

#[test]
fn what_failed_is_told_by_kind() {
    for (error, code) in [
        ("openai: the server refuses the key (401 Unauthorized)\n  help: set it", "wrong_credentials"),
        ("there is no API key for openai; set OPENAI_API_KEY", "wrong_credentials"),
        ("openai: 429 Too Many Requests", "quota"),
        ("the language model of the support agent (x) had not answered for 12 s when the call ended", "unanswered"),
        ("cannot write /a/stereo.ogg: No space left on device (os error 28)", "disk_full"),
        ("cannot write /a/stereo.ogg: File too large (os error 27)", "disk_full"),
        ("local: the local language model ended unexpectedly (signal: 9)", "engine_gone"),
        ("openai: cannot connect to http://127.0.0.1:1", "unreachable"),
        ("the language model had nothing to say, twice", "nothing_to_say"),
        (
            "the customer agent no longer answered when the call was over; see its worker's log\n  then: it had nothing to say",
            "worker_gone",
        ),
        ("something nobody thought of", "provider_error"),
    ] {
        let facts = Facts { summary: with(json!({ "error": error, "end_reason": "agent_error" })), ..healthy() };
        let found = trouble(&facts);
        assert_eq!(found.code, code, "{error}");
        assert!(error.starts_with(&found.seen) && !found.seen.contains("help:"), "{found:?}");
    }
}

#[test]
fn errors_that_the_call_survived_are_remarks_and_are_counted() {
    let line = r#"{"t":1.0,"side":"customer","event":"error","message":"openai: 503, try later","fatal":false}"#;
    let found = diagnose(&Facts { events: events(&format!("{line}\n{line}\n{line}")), ..healthy() });
    assert!(found.is_healthy());
    assert!(found.findings[0].seen.contains("Anna (customer): openai: 503, try later (3 times)"), "{found:?}");
    let tool = r#"{"t":1.0,"side":"support","event":"tool_returned","id":"1","name":"look_up","outcome":{"error":"no such order"}}"#;
    let found = diagnose(&Facts { events: events(tool), ..healthy() });
    assert!(found.findings[0].code == "tool_failed" && found.findings[0].seen.contains("no such order"), "{found:?}");
}

#[test]
fn endings_are_told_where_they_are_a_trouble() {
    let missed = json!({ "criterion": "says light", "passed": false, "why": "nobody said it" });
    let ended = |reason: &str, more: Value| {
        let mut changes = json!({ "end_reason": reason, "goal_reached": false });
        changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Facts { summary: with(changes), ..healthy() }
    };
    let verdicts = || json!({ "verdicts": [missed] });
    for (reason, key) in [("turn_limit", "turns: …"), ("duration_limit", "duration_s: …")] {
        let found = trouble(&ended(reason, verdicts()));
        assert!(found.code == "limit_too_short" && found.next.contains(key), "{found:?}");
    }
    assert_eq!(trouble(&ended("inactivity", json!({}))).code, "fell_silent");
    assert_eq!(trouble(&ended("empty_response", json!({}))).code, "nothing_to_say");
    assert_eq!(trouble(&ended("agent_ended", json!({ "files": {} }))).code, "no_report");
    assert_eq!(diagnose(&ended("cancelled", json!({}))).findings[0].code, "stopped");
}

#[test]
fn a_killed_process_a_running_one_and_torn_files() {
    let running = |is_running| Facts {
        is_running,
        summary: with(json!({ "status": "running", "end_reason": null })),
        ..healthy()
    };
    assert_eq!(trouble(&running(false)).code, "process_gone");
    assert_eq!(diagnose(&running(true)), Diagnosis { is_running: true, findings: vec![] });
    let cut = json!({ "status": "cut_off", "end_reason": null, "error": format!("{}; this is what was said", crate::conclusion::GAVE_OUT) });
    assert_eq!(trouble(&Facts { summary: with(cut), ..healthy() }).code, "process_gone");
    let torn =
        Facts { summary: Readable::No("EOF at line 1".into()), transcript: Readable::No("EOF".into()), ..healthy() };
    let codes: Vec<&str> = diagnose(&torn).findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, ["torn_summary", "torn_transcript"]);
    assert_eq!(trouble(&Facts { summary: Readable::Missing, ..healthy() }).code, "no_summary");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_torn_folder_is_diagnosed(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 4), put in prop::collection::vec(any::<u8>(), 0..40),
        which in 0..5_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let files: [(&str, Vec<u8>); 4] = [
            ("summary.json", serde_json::to_vec(&summary()).unwrap()),
            ("transcript.json", serde_json::to_vec(&json!({"utterances": [utterance("support", None, None)], "tool_calls": []})).unwrap()),
            ("events.jsonl", b"{\"t\":0.1,\"side\":\"support\",\"event\":\"nudged\"}\n".repeat(3)),
            ("support.ogg", vec![b'O'; 300]),
        ];
        for (i, ((name, whole), cut)) in files.iter().zip(&cuts).enumerate() {
            if i != which {
                let mut bytes = whole[..cut.index(whole.len())].to_vec();
                bytes.extend(&put);
                std::fs::write(dir.path().join(name), bytes).unwrap();
            }
        }
        let found = diagnose(&read_facts(dir.path()));
        prop_assert!(found.findings.iter().all(|f| !f.next.is_empty()));
        prop_assert_eq!(found.clone(), diagnose(&read_facts(dir.path())), "nothing was changed by looking");
    }
}
