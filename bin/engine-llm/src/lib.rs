//! The child process `duologue-engine-llm --model FILE [--threads N] [--context TOKENS] [--sessions N]`: continues
//! prompts with a local language model (any GGUF file that llama.cpp reads), over stdin and stdout in the frames of
//! [`duologue_engine::protocol`].
//!
//! A request walks: `serve` (reader, worker) → `sessions` (which cache) → `session` (what of the prompt is new) →
//! `generate` (token by token) → `text_stream` (whole characters, nothing of a stop string) → back.
//! Exit codes: 0 the parent closed the pipe, 1 the pipe broke, 2 the engine cannot start (the reason is the first and
//! only frame, an error with id 0).

mod arguments;
mod generate;
mod load;
mod sampling;
mod serve;
mod session;
mod sessions;
mod text_stream;
mod variant;

use arguments::Arguments;
use duologue_engine::protocol::Event;
use duologue_engine::serving::{self, Outbox};
use sessions::Sessions;
use std::process::ExitCode;
use std::time::Instant;

/// The whole program; returns when the parent has closed the pipe.
pub fn run() -> ExitCode {
    let is_probe = std::env::args().nth(1).as_deref() == Some(variant::PROBE);
    if !is_probe {
        variant::become_fast();
    }
    let outbox = Outbox::new(std::io::stdout());
    let refuse = |message: String| {
        eprintln!("{message}");
        // Whether or not somebody listens, the exit code says it too.
        let _ = outbox.fail(0, message);
        ExitCode::from(2)
    };
    if let Err(missing) = serving::check_processor() {
        return refuse(format!("{missing}, which the local language model needs: use a provider in the cloud instead"));
    }
    if let Err(missing) = variant::check() {
        return refuse(format!("{missing}: build it on this machine (`make build`)"));
    }
    if is_probe {
        return match load::start_backend() {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => refuse(error.to_string()),
        };
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(format!("{error}\n{}", arguments::USAGE)),
    };
    serving::step_back();
    serving::follow_parent();
    let started = Instant::now();
    let (backend, model) = match load::load(&arguments.model) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(error.to_string()),
    };
    let mut sessions = Sessions::new(&backend, &model, &arguments);
    if let Err(error) = generate::warm_up(&mut sessions) {
        return refuse(format!("{} does not run: {error}", arguments.model.display()));
    }
    let load_ms = started.elapsed().as_millis() as u64;
    let served = outbox
        .send(0, Event::Ready { voices: Vec::new(), load_ms }, &[])
        .and_then(|()| serve::serve(&mut std::io::stdin().lock(), &outbox, sessions));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}
