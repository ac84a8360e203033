//! Models that are missing, cut off or not what they say they are: told before anything starts.

use crate::fake_engine::{Engines, needed_models};
use crate::{last_json, scenario};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// What a call with local models says about them; it must not begin.
fn refusal(engines: &Engines, home: &Path) -> String {
    let mut command = engines.duologue(home);
    let run = command
        .args(["--json", "converse", "--in-process", "--scenario"])
        .arg(scenario(home))
        .arg("--out")
        .arg(home.join("call"));
    let run = run.output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert!(last_json(&run.stdout)["error"].is_string(), "{told}");
    assert!(!home.join("call").exists() && engines.starts(crate::fake_engine::SPEECH).is_empty(), "{told}");
    told
}

#[test]
fn a_model_that_is_missing_or_cut_off_is_named_with_its_remedy() {
    for model in needed_models() {
        let home = tempfile::tempdir().unwrap();
        let engines = Engines::install(home.path());
        let largest = model.files.iter().max_by_key(|f| f.bytes).unwrap();
        let path = home.path().join("models").join(largest.path);
        File::options().write(true).open(&path).unwrap().set_len(largest.bytes / 2).unwrap();
        let told = refusal(&engines, home.path());
        assert!(told.contains(path.to_str().unwrap()) && told.contains("duologue models fetch"), "{told}");
        std::fs::remove_file(&path).unwrap();
        let (told, cache) = (refusal(&engines, home.path()), home.path().join("models"));
        assert!(told.contains(cache.to_str().unwrap()) && told.contains("duologue models fetch"), "{told}");
    }
}

/// What was compared once may have been changed since by a failing disk, which changes no date.
#[test]
fn the_doctor_reads_every_byte_of_a_model() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let listed = engines.duologue(home.path()).args(["models", "list"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("damaged"), "{listed:?}");
    let run = engines.duologue(home.path()).args(["--json", "doctor"]).output().unwrap();
    let told = last_json(&run.stdout);
    assert_eq!((run.status.code(), &told["ok"]), (Some(1), &false.into()), "{told}");
    for name in ["speech models", "language model"] {
        let check = told["checks"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap();
        assert_eq!(check["outcome"], "problem", "{check}");
        assert!(check["finding"].as_str().unwrap().contains("SHA-256"), "{check}");
    }
}

/// As long as it should be, but with other bytes: copied from somewhere, or changed by a failing disk.
#[test]
fn a_model_with_a_wrong_checksum_is_named_before_it_speaks_nonsense() {
    let home = tempfile::tempdir().unwrap();
    let engines = Engines::install(home.path());
    let model = needed_models().next().unwrap();
    let file = model.files.iter().max_by_key(|f| f.bytes).unwrap();
    let path = home.path().join("models").join(file.path);
    let mut changed = File::options().write(true).open(&path).unwrap();
    changed.seek(SeekFrom::Start(file.bytes / 2)).unwrap();
    changed.write_all(b"x").unwrap();
    drop(changed);
    for look in ["the first time", "and again"] {
        let told = refusal(&engines, home.path());
        assert!(told.contains(path.to_str().unwrap()) && told.contains("SHA-256"), "{look}: {told}");
    }
    let listed = engines.duologue(home.path()).args(["models", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("damaged"), "{listed:?}");
}
