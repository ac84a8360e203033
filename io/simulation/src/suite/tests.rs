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
