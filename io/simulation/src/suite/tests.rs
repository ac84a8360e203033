use super::*;
use proptest::prelude::*;
use std::path::Path;

const GOOD: &str = "
title: One question
situations:
  - id: one
    title: The caller asks one thing
    greeting: Good morning.
    agent: [It is green.]
    caller: [{say: What colour is it?}, {backchannel: mhm, after_ms: 300}, {hang_up: true}]
";

fn refused(text: &str) -> String {
    parse("my.yaml", "my", text).expect_err(text).to_string()
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
    assert!(parse("my.yaml", "my", GOOD).is_ok());
    let typo = refused(&GOOD.replace("greeting", "greting"));
    assert!(typo.contains("unknown key `greting`, did you mean `greeting`?") && typo.contains("my.yaml:6"), "{typo}");
    let two = refused(&GOOD.replace("{hang_up: true}", "{hang_up: true, say: Bye.}"));
    assert!(two.contains("situation `one`, step 3 of the caller: it has both `say` and `hang_up`"), "{two}");
    let none = refused(&GOOD.replace("{hang_up: true}", "{after_ms: 5}"));
    assert!(none.contains("it does nothing; give it one of `say`, `spell`"), "{none}");
    let senseless = refused(&GOOD.replace("{hang_up: true}", "{say: Bye., after_ms: 5}"));
    assert!(senseless.contains("`after_ms` has no meaning beside `say`"), "{senseless}");
    let line = refused(&GOOD.replace("    agent:", "    lines: [moon]\n    agent:"));
    assert!(line.contains("the line `moon`, which the suite does not have"), "{line}");
    let delay = refused(&format!("latency: {{stt: {{ms: 5, from: 3}}}}\n{}", GOOD.trim_start()));
    assert!(delay.contains("`latency: stt` has to be one of"), "{delay}");
    assert!(refused("title: Nothing").contains("there is nothing to hold"));
}

#[test]
fn what_could_never_fail_or_be_done_is_refused_with_its_line() {
    let with = |expect: &str| refused(&GOOD.replace("    agent:", &format!("    expect: {expect}\n    agent:")));
    let typo = with("{parties.support.response_rat: {min: 1}}");
    assert!(typo.contains("did you mean `parties.support.response_rate`?") && typo.contains("my.yaml:7:14"), "{typo}");
    let unknown = with("{politeness: {min: 1}}");
    assert!(unknown.contains("there is no figure `politeness`") && unknown.contains("docs/metrics.md"), "{unknown}");
    let direction = with("{stt_wer.agent_heard_by_support: {max: 0.1}}");
    assert!(direction.contains("did you mean `stt_wer.customer_heard_by_support`?"), "{direction}");
    assert!(with("{turns: {}}").contains("neither `min` nor `max`"));
    assert!(with("{turns: {min: 3, max: 2}}").contains("both at least 3 and at most 2"));
    let whole = format!("expect: {{turns: {{min: 1, max: 0}}}}\n{}", GOOD.trim_start());
    assert!(refused(&whole).contains("my.yaml:1:10"), "{}", refused(&whole));
    let dead = refused(&GOOD.replace("{hang_up: true}]", "{hang_up: true}, {say: Bye.}]"));
    assert!(dead.contains("step 4 of the caller: it stands behind `hang_up`") && dead.contains("my.yaml:8"), "{dead}");
    for (delay, why) in [
        ("{from: 800, to: 200}", "from 800 to 200"),
        ("{ms: -5}", "less than 0 ms"),
        ("{median: 400, p95: 300}", "a median of 400 ms"),
    ] {
        let told = refused(&format!("latency: {{stt: {delay}}}\n{}", GOOD.trim_start()));
        assert!(told.contains(why) && told.contains("my.yaml:1:11"), "{told}");
    }
}

#[test]
fn a_file_that_is_named_otherwise_is_not_shown() {
    let told = |file: &str, text: &str| parse(file, "x", text).expect_err(text).to_string();
    let secret = told(".env.local", "OPENAI_API_KEY=sk-secret\n");
    assert!(!secret.contains("sk-secret") && secret.contains(".env.local:1:1"), "{secret}");
    let secret = told("keys", "sk-secret: 1\n");
    assert!(!secret.contains("sk-secret") && secret.contains("keys:1:1"), "{secret}");
    assert!(told("my.yaml", "titel: shown\n").contains("titel: shown"));
}

#[test]
fn a_folder_is_told_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = load(&folder.path().display().to_string()).expect_err("it is no file").to_string();
    assert!(told.contains("is a folder"), "{told}");
}

#[test]
fn a_suite_that_does_not_exist_is_named_with_those_that_do() {
    let missing = load("suites/nothing.yaml").expect_err("there is none").to_string();
    assert!(missing.contains("`suites/nothing.yaml`") && missing.contains("support, turn-taking"), "{missing}");
    assert_eq!(load("suites/turn-taking.yaml").map(|s| s.id).unwrap_or_default(), "turn-taking");
}

/// `DUOLOGUE_WRITE_SCHEMAS=1 cargo test -p duologue-simulation schema` writes it anew.
#[test]
fn the_committed_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/suite.schema.json");
    if std::env::var_os("DUOLOGUE_WRITE_SCHEMAS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&suite_schema()).unwrap_or_default() + "\n")
            .expect("written");
    }
    // As values: the order of keys depends on features that other crates switch on.
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(committed == suite_schema(), "run with DUOLOGUE_WRITE_SCHEMAS=1 and commit it");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(at in 0..GOOD.len(), put in any::<String>()) {
        let text: String = GOOD.chars().take(at).collect::<String>() + &put + &GOOD.chars().skip(at).collect::<String>();
        drop(parse("my.yaml", "my", &text));
    }
}
