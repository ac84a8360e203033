//! Engines without models, which live, die and hang as the tests want: this very test program, started again by scripts in
//! the folder that `DUOLOGUE_ENGINE_DIR` names, beside a cache of models that only looks complete.

use crate::duologue;
use duologue_engine::protocol::{Event, FrameError, Op, Request, read_frame};
use duologue_engine::serving::Outbox;
use duologue_engine::store::{CATALOGUE, Model, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::json;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

pub(crate) const LLM: &str = "duologue-engine-llm";
pub(crate) const SPEECH: &str = "duologue-engine-speech";
/// What the program does when it is started as an engine: "live", or "die when asked".
const PART: &str = "DUOLOGUE_TEST_ENGINE";

/// A folder of engines.
pub(crate) struct Engines(PathBuf);

impl Engines {
    /// Makes both engines in `home`, and the models that they seem to need.
    pub(crate) fn install(home: &Path) -> Engines {
        let engines = Engines(home.join("engines"));
        std::fs::create_dir_all(&engines.0).unwrap();
        engines.plays(LLM, "live");
        engines.plays(SPEECH, "live");
        pretend_models(&home.join("models"));
        engines
    }

    /// What an engine does from its next start on.
    pub(crate) fn plays(&self, name: &str, part: &str) {
        // The test harness writes to standard output; frames go to the pipe beside it.
        let program = std::env::current_exe().unwrap();
        let test = "fake_engine::serves_where_it_is_started_as_an_engine";
        let run = format!("exec \"{}\" --exact {test} --nocapture 3>&1 >/dev/null", program.display());
        self.script(name, &format!("export {PART}='{part}'\n{run}"));
    }

    /// An engine that is a shell script.
    pub(crate) fn script(&self, name: &str, commands: &str) {
        let starts = self.0.join(format!("{name}.starts"));
        let text = format!("#!/bin/sh\necho $$ >> '{}'\n{commands}\n", starts.display());
        // Put in place whole, since it may be started again at any moment.
        let fresh = self.0.join(format!("{name}.fresh"));
        std::fs::write(&fresh, text).unwrap();
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(fresh, self.0.join(name)).unwrap();
    }

    /// Process ids of all its lives, oldest first.
    pub(crate) fn starts(&self, name: &str) -> Vec<i32> {
        let starts = std::fs::read_to_string(self.0.join(format!("{name}.starts"))).unwrap_or_default();
        starts.lines().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Sends a signal to the engine that was started last.
    pub(crate) fn signal(&self, name: &str, signal: Signal) {
        let pid = Pid::from_raw(*self.starts(name).last().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until no process that was started as an engine is there any more.
    pub(crate) fn await_end(&self) {
        let pids = [LLM, SPEECH].into_iter().flat_map(|name| self.starts(name));
        for pid in pids.filter_map(Pid::from_raw) {
            // Without a process there is nothing to wait for.
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            let patience = Timespec { tv_sec: 10, tv_nsec: 0 };
            let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)).unwrap();
            assert_eq!(ended, 1, "an engine outlives its parent");
        }
    }

    /// `duologue` with these engines.
    pub(crate) fn duologue(&self, home: &Path) -> Command {
        let mut command = duologue(home);
        command.env("DUOLOGUE_ENGINE_DIR", &self.0);
        command
    }
}

/// The models that a conversation needs.
pub(crate) fn needed_models() -> impl Iterator<Item = &'static Model> {
    let last_language_model = CATALOGUE.iter().rfind(|m| m.role == Role::LanguageModel).unwrap();
    CATALOGUE.iter().filter(move |m| !m.optional && (m.role != Role::LanguageModel || m.id == last_language_model.id))
}

/// Files of the right sizes without content, and a manifest that says that they were compared.
fn pretend_models(cache: &Path) {
    let mut records = serde_json::Map::new();
    for file in needed_models().flat_map(|m| m.files) {
        let path = cache.join(file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = File::create(&path).unwrap();
        made.set_len(file.bytes).unwrap();
        let modified = made.metadata().unwrap().modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let record = json!({ "bytes": file.bytes, "modified_ns": modified as u64, "pinned": file.sha256, "matches": true,
            "from": "a test" });
        records.insert(file.path.to_string(), record);
    }
    std::fs::write(cache.join("manifest.json"), json!({ "files": records }).to_string()).unwrap();
}

/// Not a test but a process of one; anywhere else it does nothing.
#[test]
fn serves_where_it_is_started_as_an_engine() {
    let Ok(part) = std::env::var(PART) else { return };
    let outbox = Outbox::new(File::options().write(true).open("/dev/fd/3").unwrap());
    // Its parent may be gone at any moment; then there is nothing left to do.
    drop(serve(&outbox, &part));
    std::process::exit(0);
}

fn serve<W: Write>(outbox: &Outbox<W>, part: &str) -> Result<(), FrameError> {
    let voices = ["orion", "heart"].map(String::from).to_vec();
    outbox.send(0, Event::Ready { voices, load_ms: 1 }, &[])?;
    let mut input = std::io::stdin().lock();
    loop {
        let (Request { id, op }, _) = read_frame::<_, Request>(&mut input)?;
        if part == "die when asked" && !matches!(op, Op::Cancel { .. }) {
            eprintln!("assertion failed: the moon is made of cheese");
            std::process::exit(3);
        }
        match op {
            Op::Generate { max_tokens: 0, .. } | Op::Ping | Op::Cancel { .. } => {}
            Op::Generate { .. } => outbox.send(id, Event::Text { text: "That is good to know.".into() }, &[])?,
            Op::Transcribe { .. } => {
                let text = "That is good to know.".to_string();
                outbox.send(id, Event::Transcript { text, confidence: None }, &[])?;
            }
            Op::Speak { text, voice, speed } => {
                let pitch = if voice == "orion" { 115.0 } else { 205.0 };
                let samples = duologue_sim::babble(&text, pitch, speed);
                let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
                outbox.send(id, Event::Audio { rate: duologue_sim::BABBLE_RATE }, &bytes)?;
            }
        }
        outbox.send(id, Event::done(), &[])?;
    }
}
