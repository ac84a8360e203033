//! Answers requests: one thread reads, one recognises, one speaks.
//!
//! The reader answers `Ping` and `Cancel` itself, so that they are never behind a sentence in the queue, and hearing and
//! speaking do not wait for each other.

use crate::finish;
use crate::outbox::{Active, Outbox};
use crate::recognise::Recogniser;
use crate::voice::Speaker;
use duologue_engine::protocol::{Event, FrameError, Op, Request, read_frame};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Requests that may wait at each of the two workers.
const QUEUE: usize = 64;
/// Milliseconds of audio in one event.
const CHUNK_MS: usize = 200;

/// An utterance to recognise.
struct Utterance {
    id: u64,
    language: String,
    samples: Vec<u8>,
    cancelled: Arc<AtomicBool>,
}

/// A clause to speak.
struct Clause {
    id: u64,
    text: String,
    voice: String,
    speed: f32,
    cancelled: Arc<AtomicBool>,
}

/// Serves requests from `input` until it closes, then waits for the workers to drop what they are doing.
pub(crate) fn serve(
    mut input: impl Read,
    outbox: &Outbox,
    recogniser: Recogniser,
    speaker: &Speaker,
) -> Result<(), FrameError> {
    let active = Active::default();
    let (hear, utterances) = sync_channel(QUEUE);
    let (speak, clauses) = sync_channel(QUEUE);
    std::thread::scope(|scope| {
        scope.spawn(|| recognise_all(utterances, recogniser, outbox, &active));
        scope.spawn(|| speak_all(clauses, speaker, outbox, &active));
        let end = read_all(&mut input, outbox, &active, (hear, speak));
        active.cancel_all();
        end
    })
}

fn read_all(
    input: &mut impl Read,
    outbox: &Outbox,
    active: &Active,
    (hear, speak): (SyncSender<Utterance>, SyncSender<Clause>),
) -> Result<(), FrameError> {
    loop {
        let (request, payload): (Request, Vec<u8>) = match read_frame(input) {
            Ok(frame) => frame,
            Err(FrameError::Closed) => return Ok(()),
            // The frame was read to its end, so the next one can be.
            Err(FrameError::Header(error)) => {
                outbox.fail(0, format!("a request was not understood: {error}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let id = request.id;
        match request.op {
            Op::Ping => outbox.send(id, Event::done(), &[]),
            Op::Cancel { target } => {
                active.cancel(target);
                outbox.send(id, Event::done(), &[]);
            }
            Op::Transcribe { language } => {
                let cancelled = active.start(id);
                enqueue(&hear, Utterance { id, language, samples: payload, cancelled }, id, outbox, active);
            }
            Op::Speak { text, voice, speed } => {
                let cancelled = active.start(id);
                enqueue(&speak, Clause { id, text, voice, speed, cancelled }, id, outbox, active);
            }
            Op::Generate { .. } => outbox.fail(id, "this engine hears and speaks; it does not generate text"),
        }
    }
}

fn enqueue<T>(queue: &SyncSender<T>, job: T, id: u64, outbox: &Outbox, active: &Active) {
    let message = match queue.try_send(job) {
        Ok(()) => return,
        Err(TrySendError::Full(_)) => "too many requests are waiting; try again when some have ended",
        Err(TrySendError::Disconnected(_)) => "the engine is shutting down",
    };
    active.end(id);
    outbox.fail(id, message);
}

fn recognise_all(queue: Receiver<Utterance>, mut recogniser: Recogniser, outbox: &Outbox, active: &Active) {
    for job in queue {
        let outcome = guarded(|| recognise(&job, &mut recogniser, outbox));
        active.end(job.id);
        outbox.end(job.id, outcome);
    }
}

fn recognise(job: &Utterance, recogniser: &mut Recogniser, outbox: &Outbox) -> Result<(), String> {
    let language = job.language.to_ascii_lowercase();
    if !language.is_empty() && language.split(['-', '_']).next() != Some("en") {
        return Err(format!("the local recogniser hears English only, not \"{}\"", job.language));
    }
    if !job.samples.len().is_multiple_of(2) {
        return Err("the audio has half a sample at its end: it must be 16 bit".to_owned());
    }
    let samples = job.samples.chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0);
    let audio: Vec<f32> = samples.collect();
    let heard = recogniser.recognise(&audio, &job.cancelled).map_err(|e| e.to_string())?;
    if !job.cancelled.load(Ordering::Relaxed) {
        outbox.send(job.id, Event::Transcript { text: heard.text, confidence: heard.confidence }, &[]);
    }
    Ok(())
}

fn speak_all(queue: Receiver<Clause>, speaker: &Speaker, outbox: &Outbox, active: &Active) {
    for job in queue {
        let outcome = guarded(|| speak(&job, speaker, outbox));
        active.end(job.id);
        outbox.end(job.id, outcome);
    }
}

fn speak(job: &Clause, speaker: &Speaker, outbox: &Outbox) -> Result<(), String> {
    let wanted = || !job.cancelled.load(Ordering::Relaxed);
    if !wanted() {
        return Ok(());
    }
    let sink = |samples: Vec<i16>| {
        for chunk in samples.chunks(finish::samples(CHUNK_MS)) {
            if !wanted() {
                return false;
            }
            let bytes: Vec<u8> = chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            outbox.send(job.id, Event::Audio { rate: crate::dsp::RATE }, &bytes);
        }
        wanted()
    };
    speaker.speak(&job.text, &job.voice, job.speed, sink).map_err(|e| e.to_string())
}

/// A panic in a model's code ends one request, not the engine.
fn guarded(work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the engine met a bug of its own; see its log".to_owned()))
}
