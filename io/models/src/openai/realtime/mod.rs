//! Speech to speech by OpenAI's Realtime API, and by servers that speak its protocol, over a WebSocket.
//!
//! `dialog` makes sense of both directions without input or output, `wire` is the documented JSON. A session is never opened a second time: what broke in the middle of a call took the model's memory of it
//! along, and a model that lost the call would be worse than a call that says why it ends. OpenAI ends sessions after 60
//! minutes.

mod dialog;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod wire;

use crate::http::{Call, Fault, Message, Socket, Transport};
use crate::{ModelError, ModelErrorKind, RealtimeConfig, RealtimeConnection, RealtimeModel};
use async_trait::async_trait;
use dialog::Dialog;
use duologue_chat::{RealtimeCommand, RealtimeEvent};
use futures::{StreamExt, stream};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// Commands that may wait to be sent: ten seconds of sound.
const WAITING: usize = 256;

/// A speech-to-speech model behind `GET realtime`, over a WebSocket.
#[derive(Clone, Debug)]
pub struct OpenAiRealtime {
    transport: Arc<Transport>,
    model: String,
    semantic: bool,
}

impl OpenAiRealtime {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> OpenAiRealtime {
        OpenAiRealtime { transport, model, semantic: false }
    }

    /// Lets the model's detector go by meaning, not by silence alone: it waits longer where more words may follow.
    pub fn with_semantic_detector(mut self) -> OpenAiRealtime {
        self.semantic = true;
        self
    }
}

#[async_trait]
impl RealtimeModel for OpenAiRealtime {
    /// Resolves once the server has taken the session's settings. What may pass is tried again, before that only.
    async fn connect(&self, config: RealtimeConfig) -> Result<RealtimeConnection, ModelError> {
        let call = Call::new("realtime").with("model", self.model.clone());
        let mut socket = self.transport.upgrade_again(call).await?;
        socket.send_text(wire::session(&self.model, &config, self.semantic).to_string()).await?;
        let patience = self.transport.endpoint().timeouts.first_byte;
        timeout(patience, accepted(&mut socket))
            .await
            .unwrap_or_else(|_| Err(socket.failures().timed_out("accepted session", patience)))?;
        let (commands, inbox) = mpsc::channel(WAITING);
        let line = Line::new(socket, inbox);
        let events = stream::unfold(Some(line), |line| async {
            let mut line = line?;
            match line.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(line))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(RealtimeConnection { commands, events: events.boxed() })
    }
}

/// Waits until the settings are taken.
async fn accepted(socket: &mut Socket) -> Result<(), ModelError> {
    let mut dialog = Dialog::new();
    loop {
        let text = match socket.next().await? {
            Message::Text(text) => text,
            Message::Closed { code, reason } => return Err(closed(socket, code, &reason)),
        };
        if wire::is_settled(&text) {
            return Ok(());
        }
        let step = dialog.message(&text).map_err(|fault| worded(socket, &fault))?;
        if let Some(RealtimeEvent::Trouble { message }) = step.events.first() {
            return Err(socket.failures().refused_session(message));
        }
    }
}

fn worded(socket: &Socket, fault: &Fault) -> ModelError {
    match fault {
        Fault::Malformed(what) => socket.failures().malformed(what),
        Fault::Endless(what) => socket.failures().endless(what),
        Fault::Refused(said) => socket.failures().refused_midway(said),
        Fault::Filtered => socket.failures().filtered(),
        Fault::CutOff => socket.failures().cut_off(),
    }
}

fn closed(socket: &Socket, code: u16, reason: &str) -> ModelError {
    let help = "begin a new conversation; see the server's status";
    socket.failures().closed(code, reason, ModelErrorKind::Unavailable, help)
}

/// A session that goes on.
struct Line {
    socket: Socket,
    inbox: mpsc::Receiver<RealtimeCommand>,
    dialog: Dialog,
    ready: VecDeque<RealtimeEvent>,
    /// When a sign of life was last asked for.
    pinged_at: Instant,
    /// When a reply was last asked for, or anything said that matters to one.
    told_at: Instant,
}

impl Line {
    fn new(socket: Socket, inbox: mpsc::Receiver<RealtimeCommand>) -> Line {
        let now = Instant::now();
        let (dialog, ready) = (Dialog::new(), VecDeque::new());
        Line { socket, inbox, dialog, ready, pinged_at: now, told_at: now }
    }

    /// The next event; `None` once nobody gives commands any more.
    async fn next(&mut self) -> Result<Option<RealtimeEvent>, ModelError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let due = self.due();
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(command) => {
                        let messages = self.dialog.command(command);
                        self.send(messages).await?;
                    }
                    None => return Ok(None),
                },
                message = self.socket.next() => self.take(message?).await?,
                () = sleep_until(due) => self.check().await?,
            }
        }
    }

    async fn take(&mut self, message: Message) -> Result<(), ModelError> {
        match message {
            Message::Text(text) => {
                let step = self.dialog.message(&text).map_err(|fault| worded(&self.socket, &fault))?;
                if self.dialog.mattered() {
                    self.told_at = Instant::now();
                }
                self.ready.extend(step.events);
                self.send(step.send).await
            }
            Message::Closed { code, reason } => Err(closed(&self.socket, code, &reason)),
        }
    }

    async fn send(&mut self, messages: Vec<Value>) -> Result<(), ModelError> {
        for message in messages {
            if wire::asks(&message) {
                self.told_at = Instant::now();
            }
            self.socket.send_text(message.to_string()).await?;
        }
        Ok(())
    }

    /// When something has to be looked at that does not come by itself.
    fn due(&self) -> Instant {
        let limits = self.socket.limits();
        let ping = self.socket.heard_at().max(self.pinged_at) + limits.stall / 2;
        let reply = if self.dialog.awaits_reply() { self.told_at + limits.first_byte } else { ping };
        ping.min(self.socket.heard_at() + limits.stall).min(reply)
    }

    async fn check(&mut self) -> Result<(), ModelError> {
        let (now, limits) = (Instant::now(), self.socket.limits());
        if now >= self.socket.heard_at() + limits.stall {
            return Err(self.socket.failures().stalled(limits.stall));
        }
        if self.dialog.awaits_reply() && now >= self.told_at + limits.first_byte {
            return Err(self.socket.failures().timed_out("reply", limits.first_byte));
        }
        self.pinged_at = now;
        self.socket.ping().await
    }
}
