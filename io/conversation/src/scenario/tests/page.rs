//! The page for people who write scenarios shows files that work.

use super::Library;
use crate::scenario::*;
use std::path::Path;

/// The YAML blocks of the page.
fn examples() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/how-to/write-a-scenario.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml\n").skip(1);
    blocks.map(|b| b.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_examples_of_the_page_load() {
    let examples = examples();
    let scenario = examples.iter().find(|e| e.contains("\ncourse:")).expect("a whole scenario");
    let cast = parse_scenario("page", "page", scenario, &Library).unwrap_or_else(|files| panic!("{}", files[0]));
    assert!(cast.has_course());
    let persona = examples.iter().find(|e| e.contains("\nbackground:")).expect("a whole persona");
    parse_persona("page", "page", persona).unwrap_or_else(|bad| panic!("{bad}"));
}

#[test]
fn the_back_end_of_the_page_ends_as_it_says() {
    let examples = examples();
    let part = examples.iter().find(|e| e.starts_with("backends:")).expect("an example with back ends");
    let whole = format!("title: T\ndescription: D\nsupport: {{persona: joe}}\ncustomer: {{persona: anna}}\n{part}");
    let cast = parse_scenario("page", "page", &whole, &Library).unwrap_or_else(|files| panic!("{}", files[0]));
    let arguments = serde_json::json!({"order": "4417", "address": "twenty-four Maple Street"});
    let call = CalledTool { name: "change_address".to_owned(), arguments, ok: true };
    let judged = |tool_calls| judge(&cast, &ConversationFacts { tool_calls, ..Default::default() }).remove(0);
    assert!(judged(vec![call.clone()]).passed, "{}", judged(vec![call]).why);
    assert!(!judged(Vec::new()).passed);
}

#[test]
fn the_message_that_the_page_quotes_is_the_real_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/how-to/write-a-scenario.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples = examples();
    let scenario = examples.iter().find(|e| e.contains("\ncourse:")).expect("a whole scenario");
    let broken = scenario.replacen("  persona:", "  persoan:", 1);
    let said = parse_scenario("table.yaml", "table", &broken, &Library).unwrap_err()[0].to_string();
    assert!(page.contains(said.trim_end()), "the page should quote:\n{said}");
}
