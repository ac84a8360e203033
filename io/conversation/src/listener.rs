//! One stream of recognition: sound goes in while it is spoken, and its words are there soon after it ends.

use duologue_models::{Heard, ModelError, Sound, SoundStream, Stt, Transcript};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Pieces of sound that wait for a recogniser; one that falls further behind is given up. They are 100 ms long.
const WAITING: usize = 600;
/// A recogniser that has not answered by then is given up: one request will do it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Streams in a row that fail before a recogniser is asked by requests only: each costs its turn seconds.
const FAILURES: u32 = 2;

/// How the streams of one recogniser fare in one call.
pub(crate) struct Streams {
    /// Tells whoever watches the call.
    tell: Box<dyn Fn(String) + Send + Sync>,
    told: AtomicBool,
    failed_in_a_row: AtomicU32,
}

impl Streams {
    pub(crate) fn new(tell: impl Fn(String) + Send + Sync + 'static) -> Streams {
        Streams { tell: Box::new(tell), told: AtomicBool::new(false), failed_in_a_row: AtomicU32::new(0) }
    }

    /// Whether to try another.
    pub(crate) fn are_worth_it(&self) -> bool {
        self.failed_in_a_row.load(Ordering::Relaxed) < FAILURES
    }

    fn went_well(&self) {
        self.failed_in_a_row.store(0, Ordering::Relaxed);
    }

    /// One failed; the first is told.
    fn failed(&self, why: &str) {
        self.failed_in_a_row.fetch_add(1, Ordering::Relaxed);
        if !self.told.swap(true, Ordering::Relaxed) {
            (self.tell)(format!(
                "{why}\n  help: requests take the place of its stream, so turns are slower; see the provider's status"
            ));
        }
    }
}

/// Hears the sound of one turn. Dropping it ends the sound, which lets the recogniser end in order.
pub(crate) struct Listener {
    sound: mpsc::Sender<Sound>,
    questions: mpsc::UnboundedSender<oneshot::Sender<Transcript>>,
    task: AbortHandle,
    streams: Arc<Streams>,
    /// The number that words which are not final yet go under.
    utterance: Arc<AtomicU32>,
    /// Samples given so far.
    given: usize,
}

/// The words of all sound so far, on their way.
pub(crate) struct Question {
    words: oneshot::Receiver<Transcript>,
    task: AbortHandle,
    streams: Arc<Streams>,
}

impl Listener {
    /// Begins to recognise with a recogniser that is told the language; `overheard` gets words that are not final yet.
    pub(crate) fn open(
        runtime: &Handle,
        recogniser: (Arc<dyn Stt>, Arc<str>),
        streams: Arc<Streams>,
        overheard: impl Fn(u32, String) + Send + 'static,
    ) -> Listener {
        let (sound, receiver) = mpsc::channel(WAITING);
        let (questions, asked) = mpsc::unbounded_channel();
        let utterance = Arc::new(AtomicU32::new(0));
        let current = utterance.clone();
        let overheard = move |text| overheard(current.load(Ordering::Relaxed), text);
        let receiver = futures::stream::unfold(receiver, |mut r| async { r.recv().await.map(|sound| (sound, r)) });
        let fate = streams.clone();
        let task = runtime.spawn(async move {
            match hear_out(recogniser, receiver.boxed(), asked, (&fate, overheard)).await {
                Ok(()) => {}
                Err(error) => fate.failed(&format!("{}: {}", error.provider, error.message)),
            }
        });
        Listener { sound, questions, task: task.abort_handle(), streams, utterance, given: 0 }
    }

    /// Takes the next samples; says whether the recogniser has all sound up to them.
    pub(crate) fn hear(&mut self, utterance: u32, from: usize, audio: Vec<i16>) -> bool {
        self.utterance.store(utterance, Ordering::Relaxed);
        let follows = from == self.given;
        self.given += audio.len();
        follows && self.sound.try_send(Sound::Samples(audio)).is_ok()
    }

    /// Samples it has been given.
    pub(crate) fn given(&self) -> usize {
        self.given
    }

    /// Asks for the words of the whole `audio`, of which the recogniser has the beginning; `None` where it broke.
    pub(crate) fn ask(&mut self, audio: &[i16]) -> Option<Question> {
        let rest = audio.get(self.given..)?.to_vec();
        let (answer, words) = oneshot::channel();
        self.questions.send(answer).ok()?;
        if !rest.is_empty() {
            self.given += rest.len();
            self.sound.try_send(Sound::Samples(rest)).ok()?;
        }
        self.sound.try_send(Sound::Finalize).ok()?;
        Some(Question { words, task: self.task.clone(), streams: self.streams.clone() })
    }
}

impl Question {
    /// The words; `None` where the recogniser failed or is too late, and is given up.
    pub(crate) async fn answer(self) -> Option<Transcript> {
        let words = timeout(PATIENCE, self.words).await;
        if words.is_err() {
            self.task.abort();
            self.streams.failed(&format!("a recogniser that streams did not answer within {PATIENCE:?}"));
        }
        words.ok()?.ok()
    }
}

/// Passes on what is heard until the sound or the recogniser ends; questions that are open then are dropped.
async fn hear_out(
    (stt, language): (Arc<dyn Stt>, Arc<str>),
    sound: SoundStream,
    mut asked: mpsc::UnboundedReceiver<oneshot::Sender<Transcript>>,
    (streams, overheard): (&Streams, impl Fn(String) + Send),
) -> Result<(), ModelError> {
    let Some(streaming) = stt.streaming() else { return Ok(()) };
    let mut heard = streaming.listen(language, sound).await?;
    while let Some(next) = heard.next().await {
        match next? {
            Heard::Interim(text) => overheard(text),
            Heard::Final(words) => {
                streams.went_well();
                // A question is there before the recogniser is asked. Nobody may wait for its answer any more.
                drop(asked.try_recv().map(|question| question.send(words)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "listener_tests.rs"]
mod tests;
