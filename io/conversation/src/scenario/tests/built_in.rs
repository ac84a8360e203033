//! What comes with the product is sound.

use crate::scenario::library::{PERSONAS, SCENARIOS};
use crate::scenario::*;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn built_in(id: &str) -> CastScenario {
    load(id, &Casting::default()).unwrap_or_else(|e| panic!("{id}:\n{e}"))
}

#[test]
fn every_scenario_of_the_library_loads() {
    for id in scenario_names() {
        let cast = built_in(id);
        assert_eq!(cast.scenario().id, id);
        let steps = cast.scenario().course.len();
        assert!((10..=14).contains(&steps), "{id} has {steps} steps");
        assert!(cast.scenario().course.last().is_some_and(|s| s.end_call), "{id} does not end");
        for side in [Side::Support, Side::Customer] {
            assert!((5..=7).contains(&cast.course(side).count()), "{id}: {side}");
            let words = cast.instructions(side).split_whitespace().count();
            assert!(words <= 90, "{id}: {words} words of instructions for {side}");
        }
    }
}

/// Many refuse a `?` in a flow list unless it is in quotes.
#[test]
fn other_parsers_read_the_library() {
    let unquoted = regex::Regex::new(r#"[\[,]\s*/[^"',\]]*\?"#).unwrap();
    assert!(unquoted.is_match("any: [fee, /cancell?ed/]") && !unquoted.is_match("any: [fee, '/cancell?ed/']"));
    for id in scenario_names() {
        let text = scenario_text(id).unwrap();
        let line = text.lines().find(|line| unquoted.is_match(line));
        assert_eq!(line, None, "{id}");
    }
}

#[test]
fn every_persona_of_the_library_loads() {
    for id in persona_names() {
        assert_eq!(load_persona(id).unwrap_or_else(|e| panic!("{id}:\n{e}")).id, id);
    }
}

/// A file that is added to a folder without being listed would work here and be missing in the product.
#[test]
fn the_library_is_what_lies_in_the_folders() {
    for (folder, shelf) in [("scenarios", SCENARIOS), ("personas", PERSONAS)] {
        let mut files: Vec<String> = fs::read_dir(root().join(folder))
            .unwrap()
            .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".yaml")?.to_owned()))
            .collect();
        files.sort();
        assert_eq!(files, shelf.iter().map(|b| b.id).collect::<Vec<_>>());
        let hint = format!("$schema=./{}.schema.json", folder.trim_end_matches('s'));
        for built in shelf {
            assert!(built.text.starts_with("# yaml-language-server:") && built.text.contains(&hint), "{}", built.id);
        }
    }
}

/// `DUOLOGUE_WRITE_SCHEMAS=1 cargo test -p duologue-conversation schemas` writes them anew.
#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let schemas: [(&str, Value); 2] =
        [("scenarios/scenario.schema.json", scenario_schema()), ("personas/persona.schema.json", persona_schema())];
    for (file, schema) in schemas {
        let path = root().join(file);
        if std::env::var_os("DUOLOGUE_WRITE_SCHEMAS").is_some() {
            fs::write(&path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
        }
        // As values: the order of keys depends on features that other crates switch on.
        let committed: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
        assert!(
            committed == schema,
            "{file} is not what the types say: run with DUOLOGUE_WRITE_SCHEMAS=1 and commit it"
        );
    }
}

#[test]
fn the_outage_is_cast_with_names_and_facts() {
    let cast = built_in("internet-outage");
    assert_eq!(cast.greeting(Side::Support), Some("Northwind Internet, this is Joe. How can I help you today?"));
    assert_eq!(cast.greeting(Side::Customer), None);
    let hints: Vec<&str> = cast.course(Side::Customer).map(|s| s.hint.as_str()).collect();
    assert_eq!(hints[4], "Anna says: my address is twenty four Maple Street.");
    assert_eq!(
        cast.instructions(Side::Support),
        "You write the lines of Joe, a friendly phone support agent at Northwind Internet, talking on the phone to the \
         customer Anna. Joe is calm and helpful. Joe speaks in short, warm sentences with plain words. Write one spoken \
         line of at most 20 words. No lists. Never write a line for Anna."
    );
    assert_eq!((cast.agent_name(Side::Support), cast.voice(Side::Support, "openai")), ("support-agent", Some("nova")));
    assert_eq!(
        (cast.agent_name(Side::Customer), cast.voice(Side::Customer, "openai")),
        ("customer-agent", Some("alloy"))
    );
    assert!(cast.tools(Side::Customer).is_empty());
    assert_eq!(cast.tools(Side::Support)[0].name, "book_visit");
}

/// What only one side knows must not be told to the other: a customer would know the answer before it asks.
#[test]
fn free_instructions_hold_what_a_side_knows_and_nothing_else() {
    let cast = built_in("internet-outage");
    let (support, customer) = (cast.free_instructions(Side::Support), cast.free_instructions(Side::Customer));
    assert!(customer.contains("address is twenty four Maple Street") && !support.contains("Maple"));
    assert!(support.contains("slot is tomorrow between nine and eleven") && !customer.contains("slot"));
    assert!(support.contains("Joe has answered phones") && customer.contains("graphic designer"));
    assert!(!support.contains('{') && !customer.contains('{'));
}
