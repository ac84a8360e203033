//! No text whatever brings the reader down, and it accepts what the schema accepts.

use super::{Library, read};
use crate::scenario::library::{PERSONAS, SCENARIOS};
use crate::scenario::*;
use duologue_yaml::Node;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use std::sync::LazyLock;

static VALIDATOR: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&scenario_schema()).expect("our own schema"));

/// Words that mean something to YAML or to the reader.
const TOKENS: &[&str] = &[
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!x ",
    "? ",
    "---\n",
    "...\n",
    "#",
    "\n",
    "\n  ",
    "\t",
    "null",
    "~",
    "1e999",
    ".nan",
    "0x7f",
    "-0",
    "{customer}",
    "{x}",
    "/(/",
    "true",
    "\u{feff}",
    "\0",
    "\u{1f600}",
    "99999999999999999999",
    "course",
    "persona",
    "support",
    "who: both",
    "$ref",
    "success: []",
    "\\",
    "%YAML 1.1\n",
];

/// A file of the library with some passages cut, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let files: Vec<&'static str> = SCENARIOS.iter().chain(PERSONAS).map(|b| b.text).collect();
    let cut = (any::<Index>(), 0usize..40, select(TOKENS), 0u8..4);
    (select(files), prop::collection::vec(cut, 1..6)).prop_map(|(text, cuts)| {
        cuts.into_iter().fold(text.to_owned(), |text, (at, len, token, how)| mutate(&text, at, len, token, how))
    })
}

fn mutate(text: &str, at: Index, len: usize, token: &str, how: u8) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = at.index(chars.len() + 1);
    let to = (from + len).min(chars.len());
    let string = |part: &[char]| part.iter().collect::<String>();
    let (before, passage, after) = (string(&chars[..from]), string(&chars[from..to]), string(&chars[to..]));
    match how {
        0 => before + &after,
        1 => before + &passage + &passage + &after,
        2 => before + token + &after,
        _ => before + token + &passage + &after,
    }
}

fn has_whole_float(tree: &Value) -> bool {
    match tree {
        Value::Number(n) => n.is_f64() && n.as_f64().is_some_and(|n| n.fract() == 0.0),
        Value::Array(items) => items.iter().any(has_whole_float),
        Value::Object(entries) => entries.values().any(has_whole_float),
        _ => false,
    }
}

/// Reads a text in every way there is; errors have to be presentable.
fn survives(text: &str) {
    if let Err(files) = read(text) {
        for file in files {
            assert!(!file.problems.is_empty());
            let shown = file.to_string();
            assert!(shown.starts_with("error: "), "{shown}");
        }
    }
    let _ = parse_persona("p.yaml", "p", text).map_err(|bad| bad.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_yamlish_text_is_survived(parts in prop::collection::vec(select(TOKENS), 0..60)) {
        survives(&parts.concat());
    }

    #[test]
    fn mutated_files_are_survived(text in mutated()) {
        survives(&text);
    }

    /// The reader's own check of the shape and a general validator come to the same result. Only of a whole number that
    /// is not written as one (`2.0`, `-0`, one of 22 digits) they think differently: JSON Schema lets it pass.
    #[test]
    fn the_reader_and_the_schema_agree(text in mutated()) {
        if let Some(tree) = Node::parse(&text).ok().filter(|tree| !has_whole_float(&tree.to_json())) {
            let read = duologue_yaml::read(&text, &scenario_schema());
            let valid = VALIDATOR.is_valid(&tree.to_json());
            prop_assert_eq!(read.is_ok(), valid, "{:?}", read);
            if valid {
                prop_assert!(serde_json::from_value::<Scenario>(tree.to_json()).is_ok());
            }
        }
    }

    #[test]
    fn any_phrase_is_survived(phrase in any::<String>(), line in any::<String>()) {
        let text = serde_json::json!({
            "title": "t", "description": "d", "support": {"persona": "joe"}, "customer": {"persona": "anna"},
            "success": [{"said": {"by": "either", "any": [phrase]}}],
        });
        if let Ok(cast) = parse_scenario("x.yaml", "x", &text.to_string(), &Library) {
            let line = Line { by: Side::Customer, text: line, heard: None, interrupted: false };
            judge(&cast, &ConversationFacts { lines: vec![line], ..ConversationFacts::default() });
        }
    }
}
