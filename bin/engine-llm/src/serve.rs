//! Answers requests: one thread reads, one generates.
//!
//! The reader answers `Ping` and `Cancel` itself, so that they never wait behind a sentence.

use crate::generate::{GenerateError, Generation, generate};
use crate::sessions::Sessions;
use duologue_engine::protocol::{Event, FrameError, Op, Request, read_frame};
use duologue_engine::serving::{Active, Outbox};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Requests that may wait for the worker.
const QUEUE: usize = 64;

struct Job {
    id: u64,
    wanted: Generation,
    cancelled: Arc<AtomicBool>,
}

/// Serves requests from `input` until it closes; what is being worked on then is cancelled.
pub(crate) fn serve<W: Write + Send>(
    input: &mut impl Read,
    outbox: &Outbox<W>,
    sessions: Sessions<'_>,
) -> Result<(), FrameError> {
    let active = Active::default();
    let (queue, jobs) = sync_channel(QUEUE);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| work(jobs, sessions, outbox, &active));
        let read = read_all(input, outbox, &active, queue);
        active.cancel_all();
        let worked = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.and(worked)
    })
}

fn read_all<W: Write>(
    input: &mut impl Read,
    outbox: &Outbox<W>,
    active: &Active,
    queue: SyncSender<Job>,
) -> Result<(), FrameError> {
    loop {
        let Request { id, op } = match read_frame(input) {
            Ok((request, _)) => request,
            Err(FrameError::Closed) => return Ok(()),
            // The frame was read to its end, so the next one can be.
            Err(FrameError::Header(error)) => {
                outbox.fail(0, format!("a request was not understood: {error}"))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        match op {
            Op::Ping => outbox.send(id, Event::done(), &[])?,
            Op::Cancel { target } => {
                active.cancel(target);
                outbox.send(id, Event::done(), &[])?;
            }
            Op::Generate { session, prompt, max_tokens, temperature, seed, stop } => {
                let wanted = Generation { session, prompt, max_tokens, temperature, seed, stop };
                let cancelled = active.start(id);
                let refused = match queue.try_send(Job { id, wanted, cancelled }) {
                    Ok(()) => continue,
                    Err(TrySendError::Full(_)) => "too many requests are waiting; try again when some have ended",
                    Err(TrySendError::Disconnected(_)) => "the engine is shutting down",
                };
                active.end(id);
                outbox.fail(id, refused)?;
            }
            Op::Transcribe { .. } | Op::Speak { .. } => {
                outbox.fail(id, "this engine generates text; it does not hear or speak")?;
            }
        }
    }
}

fn work<W: Write>(
    jobs: Receiver<Job>,
    mut sessions: Sessions<'_>,
    outbox: &Outbox<W>,
    active: &Active,
) -> Result<(), FrameError> {
    for Job { id, wanted, cancelled } in jobs {
        let mut sent = Ok(());
        // A panic in a model's code ends one request, not the engine.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            generate(&mut sessions, &wanted, &cancelled, |text| {
                if sent.is_ok() {
                    sent = outbox.send(id, Event::Text { text }, &[]);
                }
            })
        }));
        active.end(id);
        sent?;
        match outcome {
            Ok(Ok(outcome)) => {
                let event = Event::Done {
                    prompt_tokens: outcome.prompt,
                    cached_tokens: outcome.cached,
                    completion_tokens: outcome.written,
                    truncated: outcome.truncated,
                };
                outbox.send(id, event, &[])?;
            }
            Ok(Err(error)) => {
                if matches!(error, GenerateError::Session(_)) {
                    sessions.close(wanted.session);
                }
                outbox.fail(id, error.to_string())?;
            }
            Err(_) => {
                sessions.close(wanted.session);
                outbox.fail(id, "the engine met a bug of its own; see its log")?;
            }
        }
    }
    Ok(())
}
