//! Where files are found.

use super::SMALL;
use crate::scenario::*;
use duologue_yaml::MAX_BYTES;
use std::fs;
use std::path::Path;

const TOM: &str = "name: Tom\nbackground: He is Tom.\nway_of_speaking: plainly\nvoice: {local: tom, openai: ash}\n";

fn write(folder: &Path, file: &str, text: &str) -> String {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn customer(scenario: &str) -> Result<String, String> {
    match load(scenario, &Casting::default()) {
        Ok(cast) => Ok(cast.persona(Side::Customer).background.clone()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn personas_lie_beside_the_scenario_or_above_it_or_in_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tom = |background: &str| TOM.replace("He is Tom.", background);
    let scenario = write(root, "a/b/tom.small.yaml", &SMALL.replace("persona: anna", "persona: tom"));

    let missing = customer(&scenario).unwrap_err();
    assert!(missing.contains("unknown persona `tom`") && missing.contains("tom.small.yaml:4:"), "{missing}");
    assert!(missing.contains("`victor`, `walter`; looked for it in"), "{missing}");

    write(root, "personas/tom.yaml", &tom("far"));
    assert_eq!(customer(&scenario).unwrap(), "far");
    write(root, "a/personas/tom.yaml", &tom("near"));
    assert_eq!(customer(&scenario).unwrap(), "near");
    write(root, "a/b/tom.yaml", &tom("beside"));
    assert_eq!(customer(&scenario).unwrap(), "beside");

    let by_path = write(root, "c/x.yaml", &SMALL.replace("persona: anna", "persona: ../a/b/tom.yaml"));
    assert_eq!(customer(&by_path).unwrap(), "beside");
    assert_eq!(load(&scenario, &Casting::default()).unwrap().scenario().id, "tom.small");
}

#[test]
fn others_can_play() {
    let folder = tempfile::tempdir().unwrap();
    let casting = Casting { customer: Some(write(folder.path(), "tom.yaml", TOM)), support: Some("priya".to_owned()) };
    let cast = load("internet-outage", &casting).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        (cast.persona(Side::Support).name.as_str(), cast.persona(Side::Customer).name.as_str()),
        ("Priya", "Tom")
    );
    assert_eq!(cast.scenario().course[0].hint, "Tom says: hi Priya, my internet at home stopped working this morning.");
    assert_eq!(cast.voice(Side::Customer, "local"), Some("tom"));
}

/// The scenario's own support agent calls, so that the customer whose place is taken picks up.
#[test]
fn who_plays_the_other_side_of_the_scenario_changes_places() {
    let names = |support: Option<&str>, customer: Option<&str>| {
        let casting = Casting { support: support.map(str::to_owned), customer: customer.map(str::to_owned) };
        load("internet-outage", &casting).map(|c| [Side::Support, Side::Customer].map(|s| c.persona(s).name.clone()))
    };
    assert_eq!(names(None, Some("joe")).unwrap(), ["Anna", "Joe"]);
    assert_eq!(names(Some("anna"), None).unwrap(), ["Anna", "Joe"]);
    assert_eq!(names(Some("joe"), None).unwrap(), ["Joe", "Anna"]);
    assert_eq!(names(Some("anna"), Some("joe")).unwrap(), ["Anna", "Joe"]);
}

#[test]
fn nobody_talks_to_somebody_of_the_same_name() {
    let folder = tempfile::tempdir().unwrap();
    let other_joe = write(folder.path(), "joseph.yaml", &TOM.replace("name: Tom", "name: Joe"));
    for casting in [
        Casting { customer: Some("joe".to_owned()), support: Some("joe".to_owned()) },
        Casting { customer: Some("joe".to_owned()), support: Some(other_joe) },
    ] {
        let refused = load("internet-outage", &casting).unwrap_err().to_string();
        assert!(refused.contains("both sides are named Joe"), "{refused}");
    }
}

#[test]
fn on_the_other_side_a_persona_has_neither_its_role_nor_its_goal() {
    let cast = load("internet-outage", &Casting { support: None, customer: Some("joe".to_owned()) }).unwrap();
    let of = |side| [cast.course_instructions(side), cast.free_instructions(side)].concat();
    assert!(of(Side::Support).contains("Anna, a phone support agent at Northwind Internet"));
    assert!(of(Side::Customer).contains("Joe, a customer") && !of(Side::Customer).contains("friendly phone"));
    assert!(!of(Side::Support).contains("plan the rest of her day"));
    assert!(!of(Side::Customer).contains("leave the caller reassured"));
}

/// Not the persona in whose place they play, nor the scenario, which has nothing to do with it.
#[test]
fn others_who_cannot_play_are_told_by_their_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let told = |customer: &str| {
        let casting = Casting { customer: Some(customer.to_owned()), ..Casting::default() };
        load("internet-outage", &casting).unwrap_err().to_string()
    };
    let typo = told(&write(folder.path(), "tomx.yaml", &TOM.replace("background", "backgrond")));
    assert!(typo.starts_with("unknown key `backgrond`, did you mean `background`?"), "{typo}");
    assert!(typo.contains("tomx.yaml:2:1"), "{typo}");
    let nobody = told("./nobody.yaml");
    assert!(
        nobody.starts_with("there is no persona `./nobody.yaml`") && nobody.contains("anna, danny, joe"),
        "{nobody}"
    );
    assert!(told("ana").starts_with("there is no persona `ana`, did you mean `anna`?"));
    assert!(![typo, nobody].concat().contains("internet-outage"));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let said = customer("internet-outrage").unwrap_err();
    assert!(said.contains("no scenario `internet-outrage`, did you mean `internet-outage`?"), "{said}");
    assert!(said.contains("one of: car-claim, card-block,"), "{said}");
    assert!(matches!(load("nowhere/x.yaml", &Casting::default()), Err(LoadError::Missing { .. })));
    assert!(matches!(load_persona("bob"), Err(LoadError::Missing { .. })));
    assert_eq!(load_persona("anna").unwrap().name, "Anna");
}

#[test]
fn unreadable_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.yaml");
    fs::write(&path, b"# fine\ntitle: C\xc3\xa4f\xe9\n").unwrap();
    let said = customer(path.to_str().unwrap()).unwrap_err();
    assert!(said.starts_with("this is no UTF-8 text: byte 12 of line 2 (0xE9) is no part of a character"), "{said}");
    assert!(said.contains("latin.yaml:2:11\n") && said.contains("2 | title: C\u{e4}f\u{fffd}\n"), "{said}");
    assert!(said.contains("help: save the file as UTF-8"), "{said}");
    let told = load_persona(path.to_str().unwrap()).unwrap_err().to_string();
    assert_eq!(told, said);
    let large = write(folder.path(), "large.yaml", &"#".repeat(MAX_BYTES + 1));
    assert!(customer(&large).unwrap_err().contains("larger than 1048576 bytes"));
    assert!(matches!(load(folder.path().to_str().unwrap(), &Casting::default()), Err(LoadError::Unreadable { .. })));
    let bad = write(folder.path(), "joe.yaml", "name: Joe\n");
    assert!(load_persona(&bad).unwrap_err().to_string().contains("`background` is missing"));
}
