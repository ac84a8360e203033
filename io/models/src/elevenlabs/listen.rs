use super::recognition::{Ask, Recognition};
use crate::http::{Call, Message, Socket, next_of};
use crate::wav::{RATE, bytes};
use crate::{Heard, HeardStream, ModelError, Sound, SoundStream, Transcript};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, stream};
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// Most samples of one message, 1 s: the guide advises 0.1 to 1 s.
const PIECE: usize = RATE as usize;
/// A server that has not answered a commit by then is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// The query of a connection: what it will carry, and that the session decides itself when somebody is done.
pub(super) fn call(model: &str, language: Option<String>) -> Call {
    let call = Call::new("speech-to-text/realtime")
        .with("model_id", model)
        .with("audio_format", "pcm_16000")
        .with("commit_strategy", "manual");
    match language {
        Some(language) => call.with("language_code", language),
        None => call,
    }
}

/// All that is recognised on one connection, once the server says that it listens: it refuses a key on a connection that
/// stands.
pub(super) async fn listen(socket: Socket, sound: SoundStream) -> Result<HeardStream, ModelError> {
    let mut listener = Listener {
        socket,
        sound: Some(sound),
        recognition: Recognition::default(),
        due: None,
        ready: VecDeque::new(),
        failed: false,
    };
    listener.begin().await?;
    Ok(stream::unfold(listener, |mut listener| async { listener.next().await.map(|heard| (heard, listener)) }).boxed())
}

struct Listener {
    socket: Socket,
    /// `None` once it has ended.
    sound: Option<SoundStream>,
    recognition: Recognition,
    /// When to stop waiting for an answer.
    due: Option<Instant>,
    ready: VecDeque<Heard>,
    failed: bool,
}

/// What happens next on a connection.
enum Step {
    Sound(Option<Sound>),
    Message(Result<Message, ModelError>),
    Due,
}

impl Listener {
    async fn begin(&mut self) -> Result<(), ModelError> {
        let patience = self.socket.limits().first_byte;
        let begun = async {
            while !self.recognition.has_begun() {
                let message = self.socket.next().await?;
                self.take(message)?;
            }
            Ok(())
        };
        match timeout(patience, begun).await {
            Ok(begun) => begun,
            Err(_) => Err(self.socket.failures().timed_out("start of the session", patience)),
        }
    }

    async fn next(&mut self) -> Option<Result<Heard, ModelError>> {
        while self.ready.is_empty() {
            // Dropping the connection closes it; there is no other goodbye.
            if self.failed || (self.sound.is_none() && !self.recognition.is_asked()) {
                return None;
            }
            if let Err(error) = self.step().await {
                self.failed = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }

    async fn step(&mut self) -> Result<(), ModelError> {
        let due = self.due;
        let step = tokio::select! {
            message = self.socket.next() => Step::Message(message),
            sound = next_of(&mut self.sound) => Step::Sound(sound),
            () = until(due) => Step::Due,
        };
        match step {
            Step::Message(message) => self.take(message?),
            Step::Sound(Some(Sound::Samples(samples))) => self.send(&samples).await,
            Step::Sound(Some(Sound::Finalize)) => self.ask().await,
            Step::Sound(None) => {
                self.sound = None;
                Ok(())
            }
            Step::Due => Err(self.socket.failures().timed_out("final words", PATIENCE)),
        }
    }

    async fn send(&mut self, samples: &[i16]) -> Result<(), ModelError> {
        for piece in samples.chunks(PIECE) {
            self.say(piece, false).await?;
            if self.recognition.sent(piece.len()) {
                self.say(&[], true).await?;
            }
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), ModelError> {
        match self.recognition.ask() {
            Ask::Known => {
                self.answer();
                return Ok(());
            }
            Ask::UnderWay => {}
            Ask::Commit { silence } => {
                if silence > 0 {
                    self.say(&vec![0; silence], false).await?;
                }
                self.say(&[], true).await?;
            }
        }
        self.due.get_or_insert(Instant::now() + PATIENCE);
        Ok(())
    }

    async fn say(&mut self, samples: &[i16], commit: bool) -> Result<(), ModelError> {
        let message = json!({
            "message_type": "input_audio_chunk",
            "audio_base_64": STANDARD.encode(bytes(samples)),
            "commit": commit,
            "sample_rate": RATE,
        });
        self.socket.send_text(message.to_string()).await
    }

    fn take(&mut self, message: Message) -> Result<(), ModelError> {
        let update = match message {
            Message::Text(text) => self.recognition.push(&text).map_err(|f| self.socket.failures().fault(f))?,
            // The server tells trouble before it closes; without a word it has lost patience or broken down.
            Message::Closed { code, reason } => return Err(self.socket.failures().stopped_listening(code, &reason)),
        };
        for _ in 0..update.answered {
            self.answer();
        }
        if update.answered > 0 {
            self.due = self.recognition.is_asked().then(|| Instant::now() + PATIENCE);
        } else if update.changed {
            self.ready.push_back(Heard::Interim(self.recognition.text()));
        }
        Ok(())
    }

    fn answer(&mut self) {
        self.ready.push_back(Heard::Final(Transcript { text: self.recognition.settled(), confidence: None }));
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
