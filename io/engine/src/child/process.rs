//! One life of a child: its process and the tasks at its three pipes.

use super::{EngineError, EngineSpec};
use crate::protocol::{Event, FrameError, Op, Request, Response, encode_frame, frame_lengths};
use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Frames that may wait at a pipe, in either direction.
const QUEUE: usize = 64;
/// Places of the queue to the child that are kept for cancellations.
const FOR_CANCEL: usize = 16;
/// How long an orderly end may take before the child is killed.
const END_WITHIN: Duration = Duration::from_secs(2);
/// Bytes of stderr that are remembered, and how many of its lines an error quotes.
const STDERR_KEPT: usize = 4096;
const LINES_QUOTED: usize = 8;

/// How long threads of llama.cpp and whisper.cpp wait for each other in a busy loop before they sleep (libgomp). Measured
/// with two threads on two processors: the default, some milliseconds, lets one foreign busy thread halve the speed of
/// writing (19 to 11 tokens a second) and two of them bring it to a crawl; none at all costs a quarter on an idle
/// machine (26 to 19); this has neither.
const SPIN_VARIABLE: &str = "GOMP_SPINCOUNT";
const SPIN: &str = "20000";

/// A child that is ready.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    to: mpsc::Sender<Vec<u8>>,
    from: mpsc::Receiver<Result<(Response, Vec<u8>), FrameError>>,
    stderr: Stderr,
    pub(super) voices: Vec<String>,
    pub(super) load: Duration,
}

impl Running {
    /// Starts the program and waits for [`Event::Ready`].
    pub(super) async fn start(spec: &EngineSpec) -> Result<Running, EngineError> {
        let spawn_error = |reason: String| EngineError::Spawn { program: spec.program.clone(), reason };
        let mut command = Command::new(&spec.program);
        command.args(&spec.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        if std::env::var_os(SPIN_VARIABLE).is_none() {
            command.env(SPIN_VARIABLE, SPIN);
        }
        // Ctrl-C goes to a whole process group; a child in its own one lives until the conversation ended in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| spawn_error(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(spawn_error("its pipes are missing".to_owned()));
        };
        let (to, to_write) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(stdin, to_write));
        let (read, from) = mpsc::channel(QUEUE);
        tokio::spawn(read_all(stdout, read));
        let stderr = Stderr::listen(stderr);
        let running = Running { child, to, from, stderr, voices: Vec::new(), load: Duration::ZERO };
        running.until_ready(spec).await
    }

    async fn until_ready(mut self, spec: &EngineSpec) -> Result<Running, EngineError> {
        let Ok(first) = timeout(spec.ready_within, self.receive()).await else {
            self.kill().await;
            return Err(EngineError::NotReady { engine: spec.name.clone(), after: spec.ready_within });
        };
        match first {
            Ok((Response { id: 0, event: Event::Ready { voices, load_ms } }, _)) => {
                (self.voices, self.load) = (voices, Duration::from_millis(load_ms));
                Ok(self)
            }
            Ok((Response { event: Event::Error { message }, .. }, _)) => {
                self.end().await;
                Err(EngineError::Refused { engine: spec.name.clone(), message })
            }
            Ok((other, _)) => {
                self.kill().await;
                let reason = format!("it began with {:?} instead of saying that it is ready", other.event);
                Err(EngineError::Garbled { engine: spec.name.clone(), reason })
            }
            Err(broken) => Err(self.autopsy(&spec.name, broken).await),
        }
    }

    /// The next frame.
    pub(super) async fn receive(&mut self) -> Result<(Response, Vec<u8>), FrameError> {
        self.from.recv().await.unwrap_or(Err(FrameError::Closed))
    }

    /// Whether the queue to the child has room for a request.
    pub(super) fn has_room(&self) -> bool {
        self.to.capacity() > FOR_CANCEL
    }

    /// Queues a frame made by [`encode_frame`]. Where the child does not read, the watch over its silence finds out.
    pub(super) fn send(&self, frame: Vec<u8>) {
        if self.to.try_send(frame).is_err() {
            tracing::debug!("a frame to an engine was dropped: it does not read");
        }
    }

    /// Asks the child to give up a request.
    pub(super) fn cancel(&self, id: u64, target: u64) {
        match encode_frame(&Request { id, op: Op::Cancel { target } }, &[]) {
            Ok(frame) => self.send(frame),
            Err(error) => tracing::debug!(%error, "a cancellation was not sent"),
        }
    }

    /// Closes the child's stdin, waits a little for its end, and kills it otherwise.
    pub(super) async fn end(mut self) {
        let Running { child, to, from, .. } = &mut self;
        // The task that writes ends with its queue, and closes the pipe.
        drop(std::mem::replace(to, mpsc::channel(1).0));
        // Its last answers must not keep it from ending.
        from.close();
        if timeout(END_WITHIN, child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Kills the child at once.
    pub(super) async fn kill(&mut self) {
        // It may have ended by itself; if it cannot be waited for now, the runtime does it later.
        let _ = self.child.start_kill();
        let _ = timeout(END_WITHIN, self.child.wait()).await;
    }

    /// The cause of a broken pipe, with the child's exit status and last words.
    pub(super) async fn autopsy(mut self, engine: &str, broken: FrameError) -> EngineError {
        let engine = engine.to_owned();
        match broken {
            FrameError::Closed | FrameError::Io(_) => {
                let status = match timeout(END_WITHIN, self.child.wait()).await {
                    Ok(Ok(status)) => status.to_string(),
                    Ok(Err(error)) => format!("exit status unknown: {error}"),
                    Err(_) => {
                        self.kill().await;
                        "it closed its output and was killed".to_owned()
                    }
                };
                EngineError::Died { engine, status, last_words: self.stderr.last_words().await }
            }
            FrameError::TooLarge { .. } | FrameError::Header(_) => {
                self.kill().await;
                EngineError::Garbled { engine, reason: broken.to_string() }
            }
        }
    }
}

async fn write_all(mut stdin: ChildStdin, mut frames: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = frames.recv().await {
        if let Err(error) = stdin.write_all(&frame).await {
            // The reading task sees the end of the child and reports it.
            return tracing::debug!(%error, "an engine does not read any more");
        }
    }
}

async fn read_all(mut stdout: impl AsyncRead + Unpin, frames: mpsc::Sender<Result<(Response, Vec<u8>), FrameError>>) {
    loop {
        let frame = read_frame(&mut stdout).await;
        let broken = frame.is_err();
        if frames.send(frame).await.is_err() || broken {
            return;
        }
    }
}

async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> Result<(Response, Vec<u8>), FrameError> {
    let mut head = [0; 8];
    match from.read(&mut head[..1]).await? {
        0 => return Err(FrameError::Closed),
        _ => from.read_exact(&mut head[1..]).await?,
    };
    let (header, payload) = frame_lengths(head)?;
    let mut json = vec![0; header];
    from.read_exact(&mut json).await?;
    let mut bytes = vec![0; payload];
    from.read_exact(&mut bytes).await?;
    Ok((serde_json::from_slice(&json)?, bytes))
}

/// The last things that a child said to people.
#[derive(Debug)]
struct Stderr {
    kept: Arc<Mutex<VecDeque<u8>>>,
    listener: JoinHandle<()>,
}

impl Stderr {
    fn listen(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> Stderr {
        let kept = Arc::new(Mutex::new(VecDeque::with_capacity(STDERR_KEPT)));
        let keep = Arc::clone(&kept);
        let listener = tokio::spawn(async move {
            let mut bytes = [0; 1024];
            while let Ok(n @ 1..) = pipe.read(&mut bytes).await {
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&bytes[..n]);
                let excess = kept.len().saturating_sub(STDERR_KEPT);
                kept.drain(..excess);
            }
        });
        Stderr { kept, listener }
    }

    /// The last lines, once the pipe is closed (or after a moment, where a grandchild holds it).
    async fn last_words(self) -> String {
        let _ = timeout(Duration::from_secs(1), self.listener).await;
        let kept: Vec<u8> = self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LINES_QUOTED)..].join("\n")
    }
}
