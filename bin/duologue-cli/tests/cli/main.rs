//! The command as a user has it: processes, files, exit codes.

mod a2a;
mod agents;
mod broken;
mod disk;
#[cfg(target_os = "linux")]
mod engines;
mod errors;
#[cfg(target_os = "linux")]
mod fake_engine;
#[cfg(target_os = "linux")]
mod identity;
mod keeping;
mod killed;
mod library;
mod live;
#[cfg(target_os = "linux")]
mod models;
mod policy;
mod providers;
mod realtime;
mod recognised;
mod rooms;
mod simulated;
mod tools;
#[cfg(unix)]
mod up;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The command with a data directory and a model cache of its own, and nothing else of this machine's settings.
fn duologue(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duologue"));
    command.env_clear().env("HOME", home).env("DUOLOGUE_HOME", home.join("data"));
    command.env("DUOLOGUE_MODELS", home.join("models")).current_dir(home).stdin(Stdio::null());
    command
}

/// A short call of two scripted parties.
fn scripted(home: &Path) -> Command {
    let dialogue = home.join("lines.yaml");
    std::fs::write(&dialogue, LINES).unwrap();
    let mut command = duologue(home);
    command
        .args(["--json", "converse", "--in-process", "--seed", "7", "--scenario"])
        .arg(scenario(home))
        .arg("--dialogue")
        .arg(dialogue);
    command.envs(["STT", "LLM", "TTS"].map(|stage| (format!("DUOLOGUE_{stage}"), "scripted")));
    command
}

/// The scenario of a short call.
fn scenario(home: &Path) -> PathBuf {
    let file = home.join("call.yaml");
    std::fs::write(&file, SCENARIO).unwrap();
    file
}

fn last_json(stdout: &[u8]) -> serde_json::Value {
    let text = String::from_utf8_lossy(stdout);
    serde_json::from_str(text.lines().last().unwrap_or("")).unwrap_or_else(|e| panic!("{e}: {text}"))
}

pub(crate) const SCENARIO: &str = "\
title: A short call
description: Two lines each.
support:
  persona: joe
  greeting: Northwind, this is Joe.
customer:
  persona: anna
opens: support
success:
  - said: {by: customer, any: [light]}
limits: {turns: 5, duration_s: 60, silence_s: 20}
";

pub(crate) const LINES: &str = "\
- {speaker: support, say: 'Northwind, this is Joe.'}
- {speaker: customer, say: 'The light is red.'}
- {speaker: support, say: 'A technician comes tomorrow.'}
- {speaker: customer, say: 'Thank you, goodbye.'}
- {speaker: support, say: 'Goodbye.'}
";
