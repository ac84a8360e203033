//! Voice sessions under load: the same WAVs, the same stand-ins and the same pace as the harness of livekit-agents
//! beside it, with the real session machine and the real voice activity detector.
//!
//! `duologue-voice-load single N SECONDS vad` and `duologue-voice-load bargein REPETITIONS`; the last line is JSON.

mod bargein;
mod figures;
mod single;
mod stand_ins;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    let result = match words.as_slice() {
        ["single", n, seconds, ..] => match (number(n), number(seconds)) {
            (Some(n), Some(seconds)) => single::run(n, seconds),
            _ => Err(USAGE.into()),
        },
        ["bargein", reps] => number(reps).ok_or_else(|| USAGE.into()).and_then(bargein::run),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "usage: duologue-voice-load single N SECONDS vad | bargein REPETITIONS";
