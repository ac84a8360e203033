//! What an agent tells the room beside its voice: its state, what it says and hears as texts, and its reports. Two tasks do
//! it in order, so that the session never waits for the network.

use crate::brief::{REPORTS, Report};
use crate::session::hearing::Speaker;
use duologue_voice::AgentState;
use duologue_worker::{Room, RoomError, TextOptions, TextWriter};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const TRANSCRIPTION: &str = "lk.transcription";
const FINAL: &str = "lk.transcription_final";
const SEGMENT: &str = "lk.segment_id";
const TRACK: &str = "lk.transcribed_track_id";
const STATE: &str = "lk.agent.state";
/// What may wait.
const WAITING: usize = 1_024;
/// How often a full channel is tried again, and how long between.
const TRIES: u32 = 40;
const AGAIN: Duration = Duration::from_millis(50);
/// How long the last words may take on their way.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What is to be told.
pub(crate) enum Tell {
    /// As much of a turn as has begun to be heard.
    Said { turn: u32, text: String },
    /// All of it that was heard.
    SaidAll { turn: u32, text: String },
    /// What somebody is understood to say; `over`: that was all.
    Heard { text: String, of: Speaker, over: bool },
    /// For whoever leads the conversation.
    Report { report: Box<Report>, to: String },
}

/// Tells the room in the background.
pub(crate) struct Teller {
    tell: mpsc::Sender<Tell>,
    states: mpsc::Sender<AgentState>,
    tasks: [JoinHandle<()>; 2],
    lost: u64,
}

impl Teller {
    /// For the track `track` of ours.
    pub(crate) fn new(room: Room, track: &str) -> Teller {
        let (tell, told) = mpsc::channel(WAITING);
        let (states, changes) = mpsc::channel(WAITING);
        let words = Words { room: room.clone(), track: track.to_owned(), open: None, heard: 0 };
        let tasks = [tokio::spawn(words.run(told)), tokio::spawn(show(room, changes))];
        Teller { tell, states, tasks, lost: 0 }
    }

    pub(crate) fn tell(&mut self, tell: Tell) {
        if self.tell.try_send(tell).is_err() {
            self.lost += 1;
        }
    }

    pub(crate) fn state(&mut self, state: AgentState) {
        if self.states.try_send(state).is_err() {
            self.lost += 1;
        }
    }

    /// Waits until all is told, as far as somebody listens.
    pub(crate) async fn finish(self) {
        let Teller { tell, states, tasks, lost } = self;
        drop((tell, states));
        if lost > 0 {
            tracing::warn!(lost, "the room was too slow for what an agent had to tell");
        }
        let stop = tasks.each_ref().map(JoinHandle::abort_handle);
        if timeout(LAST_WORDS, futures::future::join_all(tasks)).await.is_err() {
            stop.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

async fn show(room: Room, mut changes: mpsc::Receiver<AgentState>) {
    while let Some(state) = changes.recv().await {
        let name = match state {
            AgentState::Initializing => "initializing",
            AgentState::Listening => "listening",
            AgentState::Thinking => "thinking",
            AgentState::Speaking => "speaking",
        };
        if let Err(error) = room.set_attributes([(STATE.to_owned(), name.to_owned())].into()).await {
            tracing::debug!(%error, "a state of the agent could not be shown");
        }
    }
}

/// The texts.
struct Words {
    room: Room,
    track: String,
    open: Option<Open>,
    /// Segments heard so far.
    heard: u32,
}

/// A turn of ours that is being said.
struct Open {
    turn: u32,
    writer: TextWriter,
    written: String,
}

impl Words {
    async fn run(mut self, mut told: mpsc::Receiver<Tell>) {
        while let Some(tell) = told.recv().await {
            let done = match tell {
                Tell::Said { turn, text } => self.said(turn, &text).await,
                Tell::SaidAll { turn, text } => self.said_all(turn, &text).await,
                Tell::Heard { text, of, over } => self.heard(&text, of, over).await,
                Tell::Report { report, to } => self.report(&report, to).await,
            };
            match done {
                Ok(()) => {}
                Err(RoomError::Closed) => return,
                Err(error) => tracing::debug!(%error, "a text could not be sent"),
            }
        }
    }

    async fn said(&mut self, turn: u32, text: &str) -> Result<(), RoomError> {
        if self.open.as_ref().is_none_or(|open| open.turn != turn) {
            if let Some(before) = self.open.take() {
                before.writer.close().await?;
            }
            let options = TextOptions { attributes: self.own(turn, false), ..TextOptions::default() };
            let writer = self.begin(options).await?;
            self.open = Some(Open { turn, writer, written: String::new() });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        if let Some(more) = text.strip_prefix(open.written.as_str()).filter(|more| !more.is_empty()) {
            open.writer.write(more).await?;
            open.written.push_str(more);
        }
        Ok(())
    }

    /// What was cut is told again as far as it was heard: the same segment, which takes the place of the longer one.
    async fn said_all(&mut self, turn: u32, text: &str) -> Result<(), RoomError> {
        if text.is_empty() && self.open.as_ref().is_none_or(|open| open.turn != turn) {
            return Ok(());
        }
        self.said(turn, text).await?;
        let Some(open) = self.open.take() else { return Ok(()) };
        if open.written == text {
            return open.writer.close_with(&[(FINAL.to_owned(), "true".to_owned())].into()).await;
        }
        open.writer.close().await?;
        let options = TextOptions { attributes: self.own(turn, true), ..TextOptions::default() };
        self.room.send_text(TRANSCRIPTION, text, options).await
    }

    async fn heard(&mut self, text: &str, of: Speaker, over: bool) -> Result<(), RoomError> {
        let segment = format!("SG_{}_h{}", self.room.own().sid, self.heard);
        self.heard += u32::from(over);
        let attributes = attributes(over, segment, of.track);
        let options = TextOptions { attributes, to: Vec::new(), on_behalf_of: Some(of.identity) };
        self.room.send_text(TRANSCRIPTION, text, options).await
    }

    async fn report(&mut self, report: &Report, to: String) -> Result<(), RoomError> {
        let Ok(text) = serde_json::to_string(report) else { return Ok(()) };
        let options = TextOptions { to: vec![to], ..TextOptions::default() };
        for _ in 0..TRIES {
            match self.room.send_text(REPORTS, &text, options.clone()).await {
                Err(RoomError::Full) => sleep(AGAIN).await,
                sent => return sent,
            }
        }
        Err(RoomError::Full)
    }

    /// Shortly after joining, the channel may not be open yet.
    async fn begin(&self, options: TextOptions) -> Result<TextWriter, RoomError> {
        for _ in 0..TRIES {
            match self.room.open_text(TRANSCRIPTION, options.clone()).await {
                Err(RoomError::Full) => sleep(AGAIN).await,
                begun => return begun,
            }
        }
        Err(RoomError::Full)
    }

    fn own(&self, turn: u32, over: bool) -> BTreeMap<String, String> {
        attributes(over, format!("SG_{}_{turn}", self.room.own().sid), self.track.clone())
    }
}

fn attributes(over: bool, segment: String, track: String) -> BTreeMap<String, String> {
    [(FINAL, over.to_string()), (SEGMENT, segment), (TRACK, track)].map(|(k, v)| (k.to_owned(), v)).into()
}
