//! A server that is a child process, and its end.

use super::error::ConnectError;
use super::plan::ChildPlan;
use crate::text::one_line;
use rustix::process::{Pid, Signal, kill_process_group};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;
use tokio::time::timeout;

/// The longest message that a server may send, in bytes. Whoever sends more is ended: what it meant is lost, and so is the call.
pub(super) const MESSAGE_MAX: usize = 4 << 20;
/// How long an orderly end may take before the processes are killed.
const END_WITHIN: Duration = Duration::from_secs(2);
/// The longest line of its standard error that is logged.
const LINE_MAX: u64 = 2_000;

/// A process and those that it started, which are killed when this is dropped.
pub(super) struct Process {
    child: Child,
    group: Group,
}

/// What it is spoken with over.
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: Limited<ChildStdout>,
}

/// What ties connections to the one who keeps them.
#[derive(Clone, Default)]
pub(super) struct Ties {
    /// Processes that have to end with it.
    pub(super) group: Group,
    /// Whether the last one ended for having sent too much at once.
    pub(super) too_large: Arc<AtomicBool>,
    /// Rung when a list of tools changed.
    pub(super) changed: Arc<Notify>,
}

/// The processes of a server, for whoever has to end them without waiting. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Group(Arc<Mutex<Option<Pid>>>);

impl Group {
    /// Kills all of them; nothing happens where they have been ended.
    pub(super) fn kill(&self) {
        if let Some(leader) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // That none is left is what was wanted.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    fn lead(&self, leader: Option<Pid>) {
        self.kill();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = leader;
    }
}

impl Process {
    /// Starts the program in a group of its own, so that Ctrl-C leaves it to us and that what it starts ends with it.
    pub(super) fn start((server, plan): (&str, &ChildPlan), ties: &Ties) -> Result<(Process, Pipes), ConnectError> {
        let (group, too_large) = (&ties.group, &ties.too_large);
        let failed = |why: String| ConnectError::Start { server: server.to_owned(), why };
        let mut command = Command::new(&plan.program);
        command.args(&plan.args).env_clear().envs(plan.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
        if let Some(folder) = &plan.folder {
            command.current_dir(folder);
        }
        let mut child = command.spawn().map_err(|error| failed(format!("`{}`: {error}", plan.program)))?;
        group.lead(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let process = |child| Process { child, group: group.clone() };
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            drop(process(child));
            return Err(failed("its pipes are missing".to_owned()));
        };
        tokio::spawn(log(server.to_owned(), stderr));
        Ok((process(child), Pipes { stdin, stdout: Limited { inner: stdout, line: 0, too_large: too_large.clone() } }))
    }

    /// Waits a little for its end, once its standard input is closed; then kills what is left.
    pub(super) async fn end(mut self) {
        let _ = timeout(END_WITHIN, self.child.wait()).await;
        self.group.kill();
        let _ = timeout(END_WITHIN, self.child.wait()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
    }
}

/// Its standard error, for those who look for faults.
async fn log(server: String, stderr: ChildStderr) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(LINE_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => tracing::debug!(server, "{}", one_line(&String::from_utf8_lossy(&line), 1_000)),
        }
    }
}

/// Ends where a line is longer than any message, so that nobody's memory is filled.
pub(super) struct Limited<R> {
    inner: R,
    line: usize,
    too_large: Arc<AtomicBool>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Limited<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buf))?;
        for byte in &buf.filled()[before..] {
            self.line = if *byte == b'\n' { 0 } else { self.line + 1 };
            if self.line > MESSAGE_MAX {
                self.too_large.store(true, Ordering::Relaxed);
                buf.set_filled(before);
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Ready(Ok(()))
    }
}
