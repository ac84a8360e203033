//! The page that lists the library says what is in it.

use crate::scenario::*;
use duologue_chat::ToolOutcome;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `DUOLOGUE_WRITE_DOCS=1 cargo test -p duologue-conversation library_page` writes the tables anew.
#[test]
fn the_tables_of_the_page_are_those_of_the_library() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/how-to/library.md");
    let page = fs::read_to_string(&path).unwrap();
    let fresh = filled(&filled(&page, "scenarios", &scenarios()), "personas", &personas());
    if std::env::var_os("DUOLOGUE_WRITE_DOCS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == fresh,
        "docs/how-to/library.md is not what the library says: run with DUOLOGUE_WRITE_DOCS=1 and commit it"
    );
}

/// The page with `table` between the marks of `part`.
fn filled(page: &str, part: &str, table: &str) -> String {
    let mark = format!("<!-- {part} -->\n");
    let (before, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("{mark} is missing"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{mark} has no end"));
    format!("{before}{mark}{table}<!-- end -->{after}")
}

fn rows(head: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let columns = head.matches(" | ").count() + 1;
    let rows = rows.map(|cells| format!("| {} |\n", cells.join(" | "))).collect::<String>();
    format!("| {head} |\n|{}\n{rows}", "---|".repeat(columns))
}

fn scenarios() -> String {
    let row = |id: &str| {
        let cast = load(id, &Casting::default()).unwrap_or_else(|e| panic!("{e}"));
        let s = cast.scenario();
        let [support, customer] = [Side::Support, Side::Customer].map(|side| cast.persona(side).name.clone());
        let opens = if cast.opens(Side::Customer) { &customer } else { &support };
        let mut tools: Vec<&str> = s.tools.iter().map(|tool| tool.name.as_str()).collect();
        tools.sort_unstable();
        vec![
            format!("`{id}`"),
            s.title.clone(),
            format!("{customer} calls {support} at {}", s.support.employer.clone().unwrap_or_default()),
            opens.clone(),
            tools.join(", "),
            refused(&cast).into_iter().collect::<Vec<_>>().join(", "),
        ]
    };
    rows("Name | What | Who | Opens | Tools | Refused on the way", scenario_names().map(row))
}

/// Tools that fail when they are called as the course calls them.
fn refused(cast: &CastScenario) -> BTreeSet<String> {
    let calls = cast.scenario().course.iter().filter_map(|step| step.call.as_ref());
    let fails = |call: &&PlannedCall| {
        let answer = cast.mock(&call.tool, &call.arguments.clone().into());
        !matches!(answer.map(|a| a.outcome), Some(ToolOutcome::Ok(_)))
    };
    calls.filter(fails).map(|call| call.tool.clone()).collect()
}

fn personas() -> String {
    let row = |id: &str| {
        let p = load_persona(id).unwrap_or_else(|e| panic!("{e}"));
        let side = p.side.map_or("either", Side::as_str);
        let patience = format!("{:?}", p.patience).to_lowercase();
        let (role, mood) = (p.role.unwrap_or_default(), p.mood.unwrap_or_default());
        vec![format!("`{id}`"), side.to_owned(), role, mood, patience, p.way_of_speaking]
    };
    rows("Name | Side | Who | Mood | Patience | Speaks", persona_names().map(row))
}
