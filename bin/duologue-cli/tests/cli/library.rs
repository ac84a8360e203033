//! What comes with the product is listed, shown and copied.

use crate::{duologue, last_json};
use std::path::Path;

fn run(home: &Path, args: &[&str]) -> String {
    let run = duologue(home).args(args).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn all_scenarios_and_personas_are_listed_and_each_can_be_shown() {
    let home = tempfile::tempdir().unwrap();
    for (what, many, at_least) in [("scenario", "scenarios", 12), ("persona", "personas", 8)] {
        let table = run(home.path(), &[what, "list"]);
        let listed = last_json(run(home.path(), &["--json", what, "list"]).as_bytes());
        let listed = listed[many].as_array().unwrap();
        assert!(listed.len() >= at_least && table.lines().count() == listed.len() + 1, "{table}");
        for one in listed {
            let id = one["id"].as_str().unwrap();
            assert!(table.contains(id));
            assert_eq!(last_json(run(home.path(), &["--json", what, "show", id]).as_bytes())["id"], id);
        }
    }
    let shown = run(home.path(), &["scenario", "show", "internet-outage"]);
    assert!(shown.contains("  Joe: Northwind Internet, this is Joe. How can I help you today?\n"), "{shown}");
    assert!(shown.contains("  Anna: the light is red.\n"), "{shown}");
    assert!(shown.contains("  [book_visit {") && shown.contains("  one of the two hangs up\n"), "{shown}");
    let shown = run(home.path(), &["persona", "show", "victor"]);
    assert!(shown.starts_with("Victor, building site foreman\n") && shown.contains("\npatience  low\n"), "{shown}");
}

#[test]
fn a_new_scenario_works_at_once_and_replaces_nothing() {
    let home = tempfile::tempdir().unwrap();
    let wrote = run(home.path(), &["scenario", "new", "mine"]);
    assert!(wrote.contains("mine.yaml is written"), "{wrote}");
    let shown = run(home.path(), &["scenario", "show", "mine.yaml"]);
    assert!(shown.starts_with("A table for two (mine)\n"), "{shown}");
    let before = std::fs::read_to_string(home.path().join("mine.yaml")).unwrap();
    let again = duologue(home.path()).args(["scenario", "new", "mine", "--from", "car-claim"]).output().unwrap();
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.code() == Some(1) && told.contains("mine.yaml exists already"), "{told}");
    assert_eq!(std::fs::read_to_string(home.path().join("mine.yaml")).unwrap(), before);
}

#[test]
fn a_scenario_of_the_library_can_be_copied() {
    let home = tempfile::tempdir().unwrap();
    let file = last_json(run(home.path(), &["--json", "scenario", "new", "b.yaml", "--from", "car-claim"]).as_bytes());
    assert!(file["file"].as_str().unwrap().ends_with("/b.yaml"), "{file}");
    let (copy, original) = (["scenario", "show", "b.yaml"], ["scenario", "show", "car-claim"]);
    assert_eq!(run(home.path(), &copy).replace("(b)", "(car-claim)"), run(home.path(), &original));
    let typo = duologue(home.path()).args(["scenario", "new", "c", "--from", "car-clam"]).output().unwrap();
    assert!(String::from_utf8(typo.stderr).unwrap().contains("did you mean `car-claim`?"));
    assert!(!home.path().join("c.yaml").exists());
}
