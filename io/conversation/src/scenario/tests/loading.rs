//! Where files are found.

use super::SMALL;
use crate::scenario::*;
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
    assert!(missing.contains("known here: `anna`, `joe`, `priya`, `walter`; looked for it in"), "{missing}");

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

#[test]
fn nobody_talks_to_somebody_of_the_same_name() {
    let casting = Casting { customer: Some("joe".to_owned()), support: None };
    let refused = load("internet-outage", &casting).unwrap_err().to_string();
    assert!(refused.contains("both sides are named Joe"), "{refused}");
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
    assert!(nobody.starts_with("there is no persona `./nobody.yaml`") && nobody.contains("anna, joe"), "{nobody}");
    assert!(told("ana").starts_with("there is no persona `ana`, did you mean `anna`?"));
    assert!(![typo, nobody].concat().contains("internet-outage"));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let said = customer("internet-outrage").unwrap_err();
    assert!(said.contains("no scenario `internet-outrage`, did you mean `internet-outage`?"), "{said}");
    assert!(said.contains("one of: card-block, hotel-change, internet-outage, missing-parcel"), "{said}");
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
