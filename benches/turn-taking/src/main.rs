//! Our side of the turn-taking benchmark: plays every scene to a session of its own, in virtual time, and records what
//! the agent says.
//!
//! `duologue-turn-taking SCENES OUT '{"min_duration": 0.5}'`; what is not named is the product's default. The folder
//! `benches/turn-taking` (or `DUOLOGUE_TURNS_DIR`) has the delays.

mod call;
mod scene;

use call::Call;
use duologue_ids::Seed;
use duologue_voice::SessionConfig;
use scene::{Delays, Scene};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a run changes, in seconds where it is a time.
#[derive(Debug, Default, Deserialize)]
struct Changes {
    min_duration: Option<f64>,
    min_delay: Option<f64>,
    /// Only scenes of this role.
    role: Option<String>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [scenes, out, changes] = args.as_slice() else {
        eprintln!("usage: duologue-turn-taking SCENES OUT CHANGES_AS_JSON");
        return ExitCode::from(2);
    };
    match run(Path::new(scenes), Path::new(out), changes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(scenes: &Path, out: &Path, changes: &str) -> Result<(), Box<dyn std::error::Error>> {
    let changes: Changes = serde_json::from_str(changes)?;
    let folder = std::env::var_os("DUOLOGUE_TURNS_DIR").map_or("benches/turn-taking".into(), PathBuf::from);
    let delays: Delays = serde_json::from_slice(&std::fs::read(folder.join("delays.json"))?)?;
    let voice: Arc<[i16]> = scene::samples(&scenes.join("voice.wav"))?.into();
    std::fs::create_dir_all(out)?;
    let all: Vec<Scene> = serde_json::from_slice(&std::fs::read(scenes.join("scenes.json"))?)?;
    let chosen = |s: &&Scene| changes.role.as_ref().is_none_or(|role| (s.role == "turn") == (role == "turn"));
    let (began, mut seconds) = (Instant::now(), 0.0);
    for scene in all.iter().filter(chosen) {
        let line = scene::samples(&scenes.join(format!("{}.wav", scene.id)))?;
        let mut call = Call::new(config(&changes), scene, &delays, voice.clone())?;
        let track = call.run(&line)?;
        scene::write_track(&out.join(format!("{}.wav", scene.id)), &track)?;
        if let Some(log) = std::env::var_os("DUOLOGUE_BENCH_LOG") {
            std::fs::create_dir_all(&log)?;
            std::fs::write(Path::new(&log).join(format!("{}.txt", scene.id)), call.log())?;
        }
        seconds += line.len() as f64 / 16_000.0;
    }
    let wall = began.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({ "scenes": all.iter().filter(chosen).count(), "wall_s": wall, "realtime_factor": seconds / wall })
    );
    Ok(())
}

fn config(changes: &Changes) -> SessionConfig {
    let mut config = SessionConfig::new("Agent", "Caller", "You are helpful.");
    if let Some(seconds) = changes.min_duration {
        config.interruption.min_duration = Duration::from_secs_f64(seconds);
    }
    if let Some(seconds) = changes.min_delay {
        config.endpointing.min_delay = Duration::from_secs_f64(seconds);
    }
    config.output_rate = scene::VOICE_RATE;
    config.seed = Seed(1);
    // The scenes have their own silences.
    let never = Duration::from_secs(86_400);
    config.nudge.opening = (never, never);
    config.nudge.silence = (never, never);
    config
}
