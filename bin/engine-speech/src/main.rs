//! `duologue-engine-speech --dir DIR [--threads N]`: local speech recognition and synthesis over stdin and stdout, in the
//! frames of [`duologue_engine::protocol`].
//!
//! Hearing: samples → [`recognise`] (pieces → whisper.cpp → wording); its weights come in through [`ct2`] and [`ggml`].
//! Speaking: text → [`normalise`] → [`g2p`] → [`voice`] (network → [`dsp`] → [`timbre`] → [`finish`]).
//! Exit codes: 0 the parent closed the pipe, 1 the pipe broke, 2 the engine cannot start (the reason is the first and
//! only frame, an error with id 0).

mod ct2;
mod dsp;
mod files;
mod finish;
mod g2p;
mod ggml;
mod mel;
mod network;
mod noise;
mod normalise;
mod outbox;
mod process;
mod recognise;
#[cfg(test)]
mod round_trip;
mod serve;
mod timbre;
mod voice;

use duologue_engine::protocol::Event;
use files::{FileError, Files};
use outbox::Outbox;
use recognise::Recogniser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use voice::Speaker;

const USAGE: &str = "usage: duologue-engine-speech --dir DIR [--threads N]\n\
    DIR holds hibari/ and whisper-tiny.en/, as `duologue models fetch` leaves them; N is the number of threads for \
    recognition (default: the processors, at most 4).";
/// Recognition does not become faster beyond this.
const MOST_THREADS: usize = 4;

/// What was asked for on the command line.
#[derive(Debug, PartialEq)]
struct Arguments {
    folder: PathBuf,
    threads: usize,
}

fn main() -> ExitCode {
    let outbox = Outbox::new(std::io::stdout());
    let refuse = |message: String| {
        eprintln!("{message}");
        outbox.fail(0, message);
        ExitCode::from(2)
    };
    if let Err(missing) = process::check_processor() {
        return refuse(format!("{missing}, which the local speech models need: use a provider in the cloud instead"));
    }
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => return refuse(format!("{message}\n{USAGE}")),
    };
    process::step_back();
    process::follow_parent();
    let started = Instant::now();
    let (recogniser, speaker) = match load(&arguments) {
        Ok(models) => models,
        Err(error) => return refuse(error.to_string()),
    };
    let load_ms = started.elapsed().as_millis() as u64;
    outbox.send(0, Event::Ready { voices: speaker.names(), load_ms }, &[]);
    match serve::serve(std::io::stdin().lock(), &outbox, recogniser, &speaker) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

/// Loads and warms both models, side by side.
fn load(arguments: &Arguments) -> Result<(Recogniser, Speaker), FileError> {
    let files = Files::new(arguments.folder.clone());
    std::thread::scope(|scope| {
        let recogniser = scope.spawn(|| {
            let mut recogniser = files.recogniser(arguments.threads)?;
            // Loud enough not to be taken for silence; what is heard does not matter.
            let hum: Vec<f32> = (0..recognise::RATE).map(|i| 0.01 * (i as f32 * 0.05).sin()).collect();
            if let Err(error) = recogniser.recognise(&hum, &AtomicBool::new(false)) {
                eprintln!("note: warming up: {error}");
            }
            Ok(recogniser)
        });
        let speaker = files.speaker()?;
        for voice in speaker.names() {
            if let Err(error) = speaker.speak("Zwindlow is warming up.", &voice, 1.0, |_| true) {
                eprintln!("note: warming up {voice}: {error}");
            }
        }
        let recogniser = recogniser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((recogniser, speaker))
    })
}

fn arguments(given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut folder, mut threads) = (None, processors.min(MOST_THREADS));
    let mut given = given;
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--dir" => folder = Some(PathBuf::from(value)),
            "--threads" => {
                let number = value.parse().ok().filter(|n| (1..=64).contains(n));
                threads = number.ok_or_else(|| format!("--threads is a number from 1 to 64, not {value:?}"))?;
            }
            _ => return Err(format!("{name} is not an option")),
        }
    }
    let folder = folder.ok_or("--dir is missing")?;
    Ok(Arguments { folder, threads })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Arguments, String> {
        arguments(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read_and_mistakes_named() {
        assert_eq!(parse("--dir m --threads 2"), Ok(Arguments { folder: "m".into(), threads: 2 }));
        assert!(parse("--dir m").unwrap().threads >= 1);
        for (wrong, why) in [
            ("", "--dir is missing"),
            ("--dir", "needs a value"),
            ("--dir m --threads 0", "from 1"),
            ("--x y", "--x is not"),
        ] {
            assert!(parse(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }
}
