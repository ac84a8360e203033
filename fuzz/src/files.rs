//! Files that people write, that a killed process left, and that a package brought.

use duologue_conversation::scenario::{
    self, Casting, ConversationFacts, Line, Persona, PersonaSource, Side, UnknownPersona, parse_persona, parse_scenario,
};
use duologue_conversation::{Archive, diagnose, names, read_facts, restore};
use duologue_engine::store::{CATALOGUE, ModelStore, Sources};
use duologue_models::scripted::Dialogue;
use duologue_simulation::replay::Recording;
use duologue_simulation::{compare, read_run, suite};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;

/// A backup, as a plain tar file: it is refused or restored, and nothing is written but below the data directory.
pub fn backup(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (file, home) = (dir.path().join("backup.tar"), dir.path().join("home"));
    std::fs::write(&file, data).expect("a file");
    drop(restore(&Archive::new(&home), &file, true, &mut |_| {}));
    let names = std::fs::read_dir(dir.path()).expect("it is there").flatten().map(|e| e.file_name());
    assert!(names.into_iter().all(|name| name == "backup.tar" || name == "home"));
    assert_eq!(std::fs::read(&file).expect("it is there"), data);
}

/// The personas that come with the product.
struct Library;

impl PersonaSource for Library {
    fn find(&self, _: Side, reference: &str) -> Result<Persona, UnknownPersona> {
        let name = if reference.len().is_multiple_of(2) { "anna" } else { "joe" };
        scenario::load_persona(name).map_err(|e| UnknownPersona::Unreadable(e.to_string()))
    }
}

pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse_scenario("fuzz.yaml", "fuzz", text, &Library) {
        Ok(cast) => drop((cast.instructions(Side::Support), cast.free_instructions(Side::Customer))),
        Err(bad) => assert!(bad.iter().all(|file| file.to_string().starts_with("error: "))),
    }
}

/// A suite of conversations.
pub fn suite(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(suite::parse("fuzz.yaml", "fuzz", text).map_err(|e| e.to_string()));
}

/// The results of a suite, and what changed between them and themselves: nothing.
pub fn run(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("run.json");
    std::fs::write(&file, data).expect("a file");
    if let Ok(run) = read_run(&file) {
        // One without cases has nothing to compare.
        let same = compare::compare(&run, &run).map_or(Vec::new(), |comparison| comparison.changes);
        assert!(same.iter().all(|change| !change.is_clear()));
    }
}

pub fn persona(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(bad) = parse_persona("fuzz.yaml", "fuzz", text) {
        assert!(bad.to_string().starts_with("error: "));
    }
}

/// `duologue.yaml`, by the schema that the program itself checks it with.
pub fn config(data: &[u8]) {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../docs/duologue.schema.json")).expect("our own schema")
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(bad) = duologue_yaml::parse("duologue.yaml", text, &SCHEMA) {
        drop(bad.without_values().to_string());
    }
}

pub fn dialogue(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(text.parse::<Dialogue>().map_err(|e| e.to_string()));
}

/// A criterion's phrase and a line to find it in, parted by a zero.
pub fn judged(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (phrase, said) = text.split_once('\0').unwrap_or((text, text));
    let file = json!({
        "title": "t", "description": "d", "support": {"persona": "joe"}, "customer": {"persona": "anna"},
        "success": [{"said": {"by": "either", "any": [phrase]}}],
    });
    if let Ok(cast) = parse_scenario("fuzz.yaml", "fuzz", &file.to_string(), &Library) {
        let line = Line { by: Side::Customer, text: said.to_owned(), heard: None, interrupted: false };
        scenario::judge(&cast, &ConversationFacts { lines: vec![line], ..ConversationFacts::default() });
    }
}

/// What a killed conversation left: transcript, events and a track, parted by two zeros.
pub fn kept(data: &[u8]) {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(2).position(|w| w == [0, 0]).filter(|_| parts.len() < 2) {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    parts.push(rest);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).expect("a file");
    write(names::SUMMARY, summary().to_string().as_bytes());
    for (name, bytes) in [names::TRANSCRIPT, names::EVENTS, "support.ogg"].into_iter().zip(parts) {
        if !bytes.is_empty() {
            write(name, bytes);
        }
    }
    diagnose(&read_facts(dir.path()));
    drop(Archive::new(Path::new("/nowhere")).open(&dir.path().to_string_lossy()));
    write(names::SCENARIO, &PLAYED);
    drop(Recording::read(dir.path(), Side::Customer));
    write(names::SCENARIO, data);
    drop(Recording::read(dir.path(), Side::Customer));
    drop(Archive::new(Path::new("/nowhere")).open(&dir.path().to_string_lossy()));
    write(names::SUMMARY, data);
    diagnose(&read_facts(dir.path()));
    drop(Archive::new(Path::new("/nowhere")).open(&dir.path().to_string_lossy()));
}

/// What was played.
static PLAYED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let cast = scenario::load("internet-outage", &Casting::default()).expect("it comes with the product");
    serde_json::to_vec(&cast).expect("JSON")
});

/// Of a conversation that goes on.
fn summary() -> Value {
    json!({
        "conversation_id": "c", "status": "running", "scenario": "s", "title": "t", "started_at": "", "duration_s": 0.0,
        "end_reason": null, "ended_by": null, "error": null, "turns": 0, "goal_reached": false, "verdicts": [],
        "metrics": duologue_score::Metrics::default(), "agents": [], "guidance": "free", "seed": 1, "version": "0",
        "files": {},
    })
}

/// The record of which model files were hashed.
pub fn manifest(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("manifest.json"), data).expect("a file");
    drop(ModelStore::with(dir.path().to_owned(), Sources::default(), CATALOGUE).status());
}

/// A package with parts of a model.
pub fn wheel(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    duologue_engine::store::fuzzing::wheel(dir.path(), data);
}

/// A cassette: read or refused, and what is read can be played.
pub fn cassette(data: &[u8]) {
    if let Ok(cassette) = duologue_models::cassette::Cassette::parse(std::path::Path::new("cassette"), data) {
        drop(duologue_models::cassette::Player::new(cassette));
    }
}
