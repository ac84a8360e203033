use super::asked;
use super::file::{Answer, CassetteError, End, Exchange, Head, Line, Models, Recorded, Stage, VERSION};
use crate::{
    ChatStream, Llm, ModelError, SpeechRequest, SpeechStream, SpokenAudio, Stt, TranscribeRequest, Transcript, Tts,
};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use serde_json::Value;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use tokio::time::Instant;

/// Writes a cassette: wrap the models, hold the conversation, [`finish`](Self::finish).
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    models: Models,
    sender: Sender<Message>,
    writer: JoinHandle<std::io::Result<()>>,
}

enum Message {
    Exchange(Box<Exchange>),
    Finish,
}

impl Recorder {
    /// Begins a new file. The models are those that will be wrapped, by lane and stage.
    ///
    /// # Errors
    /// Where the file is there already, or can't be made.
    pub fn create(path: &Path, models: Models) -> Result<Recorder, CassetteError> {
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AlreadyExists => CassetteError::Exists(path.into()),
            _ => CassetteError::Unreadable { path: path.into(), source },
        };
        let mut file = File::create_new(path).map_err(failed)?;
        let made_by = concat!("duologue ", env!("CARGO_PKG_VERSION")).into();
        let head = Head { cassette: VERSION, made_by, models: models.clone() };
        write_line(&mut file, &head).map_err(failed)?;
        let (sender, receiver) = channel();
        // A thread of its own: a slow disk must not mute a call.
        let writer = std::thread::Builder::new().name("cassette".into()).spawn(move || write(&mut file, &receiver));
        Ok(Recorder { path: path.into(), models, sender, writer: writer.map_err(failed)? })
    }

    /// A language model that is listened in on.
    pub fn llm(&self, lane: &str, inner: Arc<dyn Llm>) -> Arc<dyn Llm> {
        Arc::new(Wrapped { inner, tape: self.tape(lane, Stage::Llm) })
    }

    /// A recogniser that is listened in on, one utterance a request.
    pub fn stt(&self, lane: &str, inner: Arc<dyn Stt>) -> Arc<dyn Stt> {
        Arc::new(Wrapped { inner, tape: self.tape(lane, Stage::Stt) })
    }

    /// A voice that is listened in on.
    pub fn tts(&self, lane: &str, inner: Arc<dyn Tts>) -> Arc<dyn Tts> {
        Arc::new(Wrapped { inner, tape: self.tape(lane, Stage::Tts) })
    }

    /// Writes what is still to be written. What ends after this is not recorded.
    ///
    /// # Errors
    /// Where anything could not be written.
    pub fn finish(self) -> Result<(), CassetteError> {
        // Nobody is there to be told where the writer has ended with an error.
        drop(self.sender.send(Message::Finish));
        let written = self.writer.join().unwrap_or_else(|_| Err(std::io::Error::other("the writer failed")));
        written.map_err(|source| CassetteError::Unreadable { path: self.path, source })
    }

    fn tape(&self, lane: &str, stage: Stage) -> Tape {
        let model = self.models.get(lane).and_then(|stages| stages.get(&stage)).cloned().unwrap_or_default();
        Tape { lane: lane.into(), stage, model, sender: self.sender.clone() }
    }
}

fn write(file: &mut File, messages: &Receiver<Message>) -> std::io::Result<()> {
    while let Ok(Message::Exchange(exchange)) = messages.recv() {
        write_line(file, &Line::write(*exchange))?;
    }
    Ok(())
}

/// One write for one line, so that a kill tears the last one only.
fn write_line(file: &mut File, line: &impl serde::Serialize) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}

/// Where the exchanges of one model go.
#[derive(Clone)]
struct Tape {
    lane: String,
    stage: Stage,
    model: String,
    sender: Sender<Message>,
}

struct Wrapped<M: ?Sized> {
    tape: Tape,
    inner: Arc<M>,
}

/// An exchange that goes on; it is written when it ends, or when nobody waits for it any more.
struct Open<T> {
    tape: Tape,
    asked: Value,
    began: Instant,
    pieces: Vec<(std::time::Duration, T)>,
    answer: fn(Recorded<T>) -> Answer,
    over: bool,
}

impl<T> Open<T> {
    fn new(tape: &Tape, asked: Value, answer: fn(Recorded<T>) -> Answer) -> Open<T> {
        Open { tape: tape.clone(), asked, began: Instant::now(), pieces: Vec::new(), answer, over: false }
    }

    fn piece(&mut self, piece: T) {
        self.pieces.push((self.began.elapsed(), piece));
    }

    fn close(&mut self, end: End) {
        if !std::mem::replace(&mut self.over, true) {
            let answer = (self.answer)(Recorded { pieces: std::mem::take(&mut self.pieces), end });
            let Tape { lane, stage, .. } = self.tape.clone();
            let exchange = Exchange { lane, stage, asked: std::mem::take(&mut self.asked), answer };
            // After the end nobody writes any more.
            drop(self.tape.sender.send(Message::Exchange(Box::new(exchange))));
        }
    }

    fn failed(&mut self, error: &ModelError) {
        self.close(End::Failed(self.began.elapsed(), error.clone()));
    }
}

impl<T> Drop for Open<T> {
    fn drop(&mut self) {
        self.close(End::Cancelled(self.began.elapsed()));
    }
}

/// A stream that is listened in on.
struct Listened<T> {
    inner: BoxStream<'static, Result<T, ModelError>>,
    open: Open<T>,
}

/// Whether nothing can follow: callers may stop there, without asking for the end.
trait Piece: Clone + Unpin + Send + 'static {
    fn is_last(&self) -> bool {
        false
    }
}

impl Piece for SpokenAudio {}

impl Piece for ChatDelta {
    fn is_last(&self) -> bool {
        matches!(self, ChatDelta::Done { .. })
    }
}

impl<T: Piece> Stream for Listened<T> {
    type Item = Result<T, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.inner.poll_next_unpin(cx);
        match &next {
            Poll::Ready(Some(Ok(piece))) => {
                self.open.piece(piece.clone());
                if piece.is_last() {
                    self.open.close(End::Complete);
                }
            }
            Poll::Ready(Some(Err(error))) => self.open.failed(error),
            Poll::Ready(None) => self.open.close(End::Complete),
            Poll::Pending => {}
        }
        next
    }
}

impl<T: Piece> Open<T> {
    fn stream(
        mut self,
        begun: Result<BoxStream<'static, Result<T, ModelError>>, ModelError>,
    ) -> Result<BoxStream<'static, Result<T, ModelError>>, ModelError> {
        match begun {
            Ok(inner) => Ok(Listened { inner, open: self }.boxed()),
            Err(error) => {
                self.failed(&error);
                Err(error)
            }
        }
    }
}

#[async_trait]
impl Llm for Wrapped<dyn Llm> {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let asked = asked::chat(&self.tape.model, &request);
        let open = Open::<ChatDelta>::new(&self.tape, asked, Answer::Chat);
        open.stream(self.inner.chat(request).await)
    }

    async fn prewarm(&self, instructions: &str) {
        self.inner.prewarm(instructions).await;
    }
}

#[async_trait]
impl Tts for Wrapped<dyn Tts> {
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let open = Open::<SpokenAudio>::new(&self.tape, asked::text(&self.tape.model, &request), Answer::Speech);
        open.stream(self.inner.speak(request).await)
    }
}

#[async_trait]
impl Stt for Wrapped<dyn Stt> {
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        let asked = asked::sound(&self.tape.model, &request);
        let mut open = Open::<Transcript>::new(&self.tape, asked, Answer::Transcript);
        let heard = self.inner.transcribe(request).await;
        match &heard {
            Ok(transcript) => {
                open.piece(transcript.clone());
                open.close(End::Complete);
            }
            Err(error) => open.failed(error),
        }
        heard
    }
}
