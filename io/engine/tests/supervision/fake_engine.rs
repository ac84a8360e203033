//! An engine without a model, which does what the tests tell it: a prompt is a command.

use duologue_engine::protocol::{Event, FrameError, Op, Request, read_frame};
use duologue_engine::serving::Outbox;
use std::io::Write;
use std::path::Path;
use std::process::exit;

fn main() -> Result<(), FrameError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|a| a == name);
    let outbox = Outbox::new(std::io::stdout());
    if has("--refuse") {
        outbox.fail(0, "the model is made of cheese")?;
        exit(2);
    }
    if has("--die") {
        eprintln!("first words\nno memory left");
        exit(4);
    }
    if !has("--mute") {
        let voices = vec!["alto".to_owned(), "bass".to_owned()];
        outbox.send(0, Event::Ready { voices, load_ms: 7 }, &[])?;
    }
    let mut cancelled = Vec::new();
    let mut input = std::io::stdin().lock();
    loop {
        let (Request { id, op }, payload) = match read_frame(&mut input) {
            Ok(frame) => frame,
            Err(FrameError::Closed) if has("--stubborn") => loop {
                std::thread::park();
            },
            Err(FrameError::Closed) => {
                if let Some(marker) = arguments.iter().skip_while(|a| *a != "--farewell").nth(1) {
                    std::fs::write(Path::new(marker), "orderly")?;
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match op {
            Op::Ping => outbox.send(id, Event::done(), &[])?,
            Op::Cancel { target } => {
                cancelled.push(target);
                outbox.send(target, Event::done(), &[])?;
                outbox.send(id, Event::done(), &[])?;
            }
            Op::Generate { prompt, .. } => command(&outbox, id, &prompt, &cancelled)?,
            // What was said comes back as it is.
            Op::Transcribe { .. } => {
                outbox.send(id, Event::Audio { rate: 16_000 }, &payload)?;
                outbox.send(id, Event::done(), &[])?;
            }
            Op::Speak { .. } => outbox.fail(id, "it has lost its voice")?,
        }
    }
}

fn command(outbox: &Outbox, id: u64, prompt: &str, cancelled: &[u64]) -> Result<(), FrameError> {
    let text = |text: &str| outbox.send(id, Event::Text { text: text.to_owned() }, &[]);
    match prompt {
        "crash" => {
            text("I feel")?;
            eprintln!("loading\nassertion failed: the moon is made of cheese");
            exit(3);
        }
        "hang" => Ok(()),
        "begin and wait" => text("begun"),
        "garbage" => {
            let mut stdout = std::io::stdout();
            stdout.write_all(b"<html>502 bad gateway</html>")?;
            Ok(stdout.flush()?)
        }
        "flood" => {
            (0..3000).try_for_each(|_| text("x"))?;
            outbox.send(id, Event::done(), &[])
        }
        "what was cancelled" => {
            text(&format!("{cancelled:?}"))?;
            outbox.send(id, Event::done(), &[])
        }
        said => {
            said.split_inclusive(' ').try_for_each(text)?;
            outbox.send(id, Event::done(), &[])
        }
    }
}
