use super::file::{Cassette, End, Recorded};
use super::play::Player;
use crate::{
    ChatStream, Llm, ModelError, ModelErrorKind, SpeechRequest, SpeechStream, Stt, TranscribeRequest, Transcript, Tts,
};
use async_trait::async_trait;
use duologue_chat::ChatRequest;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a replayed answer that was cancelled when it was recorded stays open: whoever replays cancels a little sooner
/// or later than then.
const CANCEL_SLACK: Duration = Duration::from_secs(10);

/// The models of one lane of a cassette: answers as they were recorded. Clones share what has been played.
#[derive(Clone, Debug)]
pub struct Replay {
    player: Arc<Mutex<Player>>,
    lane: String,
    timings: bool,
}

impl Replay {
    /// Plays for one lane after the other ([`lane`](Self::lane)); without `timings` everything comes at once.
    pub fn new(cassette: Cassette, timings: bool) -> Replay {
        Replay { player: Arc::new(Mutex::new(Player::new(cassette))), lane: String::new(), timings }
    }

    /// The models of a lane.
    pub fn lane(&self, lane: &str) -> Replay {
        Replay { lane: lane.into(), ..self.clone() }
    }

    fn player(&self) -> MutexGuard<'_, Player> {
        // A look-up that panicked has changed nothing that matters.
        self.player.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream<T: Send + 'static>(&self, recorded: Recorded<T>) -> BoxStream<'static, Result<T, ModelError>> {
        let (began, timings) = (Instant::now(), self.timings);
        let until = move |at: Duration| async move {
            if timings {
                sleep_until(began + at).await;
            }
        };
        let Recorded { pieces, end } = recorded;
        let pieces = stream::iter(pieces).then(move |(at, piece)| async move {
            until(at).await;
            Ok(piece)
        });
        let end = stream::once(async move {
            match end {
                End::Complete => Ok(None),
                End::Failed(at, error) => {
                    until(at).await;
                    Err(error)
                }
                End::Cancelled(at) => {
                    sleep_until(began + at + CANCEL_SLACK).await;
                    Err(ModelError {
                        provider: "cassette".into(),
                        kind: ModelErrorKind::TimedOut,
                        given_up: false,
                        message: "this answer was not listened to the end when it was recorded".into(),
                        help: "record again: the conversation took another course".into(),
                    })
                }
            }
        });
        pieces.chain(end.try_filter_map(|none: Option<T>| async move { Ok(none) })).boxed()
    }
}

#[async_trait]
impl Llm for Replay {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let recorded = self.player().chat(&self.lane, &request)?;
        Ok(self.stream(recorded))
    }
}

#[async_trait]
impl Tts for Replay {
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let recorded = self.player().speak(&self.lane, &request)?;
        Ok(self.stream(recorded))
    }
}

#[async_trait]
impl Stt for Replay {
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        let recorded = self.player().transcribe(&self.lane, &request)?;
        match self.stream(recorded).next().await {
            Some(heard) => heard,
            None => Ok(Transcript::default()),
        }
    }
}
