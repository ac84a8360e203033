use super::recognition::{Recognition, Update};
use crate::http::{Fault, Message, Socket, next_of};
use crate::wav::{RATE, bytes};
use crate::{Heard, HeardStream, ModelError, Sound, SoundStream, Transcript};
use futures::{StreamExt, stream};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Deepgram closes a connection on which nothing comes for 10 s, and asks for a sign of life every 3 to 5 s.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// A `Finalize` that is not answered by then is followed by a `CloseStream`, which always is.
const GRACE: Duration = Duration::from_millis(800);
/// After that the server is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// All that is recognised on one connection.
pub(super) fn listen(socket: Socket, sound: SoundStream) -> HeardStream {
    let listener = Listener {
        socket,
        sound: Some(sound),
        recognition: Recognition::default(),
        sent: 0,
        keep_alive: Instant::now() + KEEP_ALIVE,
        due: None,
        ready: VecDeque::new(),
        state: State::Open,
    };
    stream::unfold(listener, |mut listener| async { listener.next().await.map(|heard| (heard, listener)) }).boxed()
}

struct Listener {
    socket: Socket,
    /// `None` once it has ended, or nothing more is taken.
    sound: Option<SoundStream>,
    recognition: Recognition,
    /// Samples.
    sent: u64,
    keep_alive: Instant,
    /// When to stop waiting for an answer, or for the end.
    due: Option<Instant>,
    ready: VecDeque<Heard>,
    state: State,
}

enum State {
    Open,
    /// `CloseStream` has gone out.
    Closing,
    Failed(ModelError),
    Over,
}

/// What happens next on a connection.
enum Step {
    Sound(Option<Sound>),
    Message(Result<Message, ModelError>),
    KeepAlive,
    Due,
}

impl Listener {
    async fn next(&mut self) -> Option<Result<Heard, ModelError>> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Some(Ok(heard));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Failed(error) => return Some(Err(error)),
                State::Over => return None,
                going_on => self.state = going_on,
            }
            if let Err(error) = self.step().await {
                self.state = State::Failed(error);
            } else if self.sound.is_none() && !self.recognition.is_asked() && matches!(self.state, State::Open) {
                // Nothing is owed any more; a goodbye that fails harms nobody.
                let _ = self.say("CloseStream").await;
                self.state = State::Over;
            }
        }
    }

    async fn step(&mut self) -> Result<(), ModelError> {
        let due = self.due;
        let step = tokio::select! {
            message = self.socket.next() => Step::Message(message),
            sound = next_of(&mut self.sound) => Step::Sound(sound),
            () = sleep_until(self.keep_alive) => Step::KeepAlive,
            () = sleep_until(due.unwrap_or(self.keep_alive)), if due.is_some() => Step::Due,
        };
        match step {
            Step::Message(message) => self.take(message?),
            Step::Sound(Some(Sound::Samples(samples))) => {
                self.sent += samples.len() as u64;
                self.keep_alive = Instant::now() + KEEP_ALIVE;
                self.socket.send_bytes(bytes(&samples).into()).await
            }
            Step::Sound(Some(Sound::Finalize)) => self.ask().await,
            Step::Sound(None) => {
                self.sound = None;
                Ok(())
            }
            Step::KeepAlive => {
                self.keep_alive = Instant::now() + KEEP_ALIVE;
                self.say("KeepAlive").await
            }
            Step::Due if matches!(self.state, State::Open) => self.close().await,
            Step::Due => Err(self.socket.failures().timed_out("final words", GRACE + PATIENCE)),
        }
    }

    async fn ask(&mut self) -> Result<(), ModelError> {
        if self.recognition.ask(self.sent) {
            self.answer();
            return Ok(());
        }
        self.due.get_or_insert(Instant::now() + GRACE);
        self.say("Finalize").await
    }

    async fn close(&mut self) -> Result<(), ModelError> {
        (self.state, self.sound, self.due) = (State::Closing, None, Some(Instant::now() + PATIENCE));
        self.say("CloseStream").await
    }

    async fn say(&mut self, kind: &str) -> Result<(), ModelError> {
        self.socket.send_text(format!(r#"{{"type":"{kind}"}}"#)).await
    }

    fn take(&mut self, message: Message) -> Result<(), ModelError> {
        let update = match message {
            Message::Text(text) => self.recognition.push(&text).map_err(|f| self.failure(f))?,
            // 1000, or no code, after a `CloseStream`: the end.
            Message::Closed { code: 1000 | 1005, .. } if matches!(self.state, State::Closing) => {
                self.recognition.close()
            }
            // DATA-0000: sound that it can't read; NET-0000, NET-0001: not recognised in time, or none came.
            Message::Closed { code, reason } => return Err(self.socket.failures().stopped_listening(code, &reason)),
        };
        self.follow(update);
        Ok(())
    }

    fn follow(&mut self, update: Update) {
        for _ in 0..update.answered {
            self.answer();
        }
        if update.answered > 0 && matches!(self.state, State::Open) {
            self.due = self.recognition.is_asked().then(|| Instant::now() + GRACE);
        } else if update.changed {
            self.ready.push_back(Heard::Interim(self.recognition.text()));
        }
        if update.over {
            self.state = State::Over;
        }
    }

    fn answer(&mut self) {
        let (text, confidence) = (self.recognition.text(), self.recognition.confidence());
        self.ready.push_back(Heard::Final(Transcript { text, confidence }));
    }

    fn failure(&self, fault: Fault) -> ModelError {
        self.socket.failures().fault(fault)
    }
}

/// The query of a connection: what it will carry, and that the session decides itself when somebody is done.
pub(super) fn call(model: &str, language: &str) -> crate::http::Call {
    crate::http::Call::new("listen")
        .with("model", model)
        .with("language", language)
        .with("encoding", "linear16")
        .with("sample_rate", RATE.to_string())
        .with("channels", "1")
        .with("punctuate", "true")
        .with("interim_results", "true")
        .with("endpointing", "false")
}
