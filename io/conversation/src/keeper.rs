//! What sees a conversation and keeps it: recording, transcript, events, and in the end what came of it. It knows nothing of
//! where the voices come from: two parties in this process, a simulation, or a room.

use crate::casting;
use crate::conclusion::conclude;
use crate::consumption::{Consumption, priced};
use crate::conversation::{ConverseError, Progress};
use crate::folder::{FolderWriter, names};
use crate::happenings::EventLine;
use crate::listening_back::Recognisers;
use crate::meter::Meter;
use crate::notes;
use crate::recorder::{Chunk, Recorder, Stream};
use crate::scenario::{CastScenario, Side, goal_reached};
use crate::summary::{AgentSummary, Summary};
use crate::transcript::{Cast, Transcriber};
use duologue_ids::{Mono, Seed};
use duologue_media::{OpusError, Packet};
use duologue_models::Quote;
use duologue_sim::{Ending, Tap};
use duologue_voice::{CloseReason, Event};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// How many utterances may still follow once the goal of a call without a course is reached: a goodbye each.
const AFTER_GOAL: usize = 4;

/// What is known of a conversation before its first word.
#[derive(Clone)]
pub struct Dossier {
    /// Its id.
    pub id: String,
    /// What it is about, and who plays it.
    pub cast: Arc<CastScenario>,
    /// `provider/model` by stage, of the support agent and of the customer; empty where that is not known.
    pub models: [BTreeMap<String, String>; 2],
    /// Their voices; empty where that is not known.
    pub voices: [String; 2],
    /// All randomness.
    pub seed: Seed,
    /// Where it is kept.
    pub folder: PathBuf,
    /// RFC 3339.
    pub started_at: String,
}

/// Sees and keeps everything.
pub struct Keeper<P> {
    writer: FolderWriter,
    summary: Summary,
    recorder: Recorder,
    transcriber: Transcriber,
    progress: P,
    cast: Arc<CastScenario>,
    /// Utterances when the goal was reached.
    goal_at: Option<usize>,
    error: Option<String>,
    failure: Option<OpusError>,
    hung_up: bool,
    /// Counts what the models of both sides tell, where that is not done elsewhere.
    meters: Option<[Meter; 2]>,
    consumed: Option<[Consumption; 2]>,
}

/// How a conversation ended, for [`Keeper::conclude`].
pub struct Conclusion<'a> {
    /// Why, who ended it, and when; `None` where it never came to an end.
    pub ending: Option<Ending>,
    /// What a model costs, by stage; a stage that is missing has no price.
    pub prices: [BTreeMap<String, Quote>; 2],
    /// Listens to the recorded voices.
    pub(crate) recognisers: Option<&'a Recognisers>,
}

impl<'a> Conclusion<'a> {
    /// One after which nobody listens to the voices again.
    pub fn new(ending: Option<Ending>, prices: [BTreeMap<String, Quote>; 2]) -> Conclusion<'a> {
        Conclusion { ending, prices, recognisers: None }
    }

    /// The same, with somebody who listens to the recorded voices.
    #[must_use]
    pub fn listened_to(self, recognisers: Option<&'a Recognisers>) -> Conclusion<'a> {
        Conclusion { recognisers, ..self }
    }
}

impl<P: FnMut(Progress)> Keeper<P> {
    /// Makes the folder and begins its files; `progress` is told what happens.
    ///
    /// # Errors
    /// The folder can't be made, or there is a conversation in it.
    pub fn open(dossier: &Dossier, progress: P) -> Result<Keeper<P>, ConverseError> {
        let summary = first_summary(dossier);
        let writer = FolderWriter::create(&dossier.folder, &summary)?;
        writer.replace_json(names::SCENARIO, dossier.cast.as_ref());
        let cast = [Side::Support, Side::Customer].map(|side| Cast {
            name: dossier.cast.persona(side).name.clone(),
            agent_name: dossier.cast.agent_name(side).to_string(),
        });
        let serial = dossier.seed.derive(&dossier.id).0 as u32;
        let (recorder, headers) = Recorder::new([&cast[0].name, &cast[1].name], serial)?;
        let keeper = Keeper {
            writer,
            summary,
            recorder,
            transcriber: Transcriber::new(cast),
            progress,
            cast: dossier.cast.clone(),
            goal_at: None,
            error: None,
            failure: None,
            hung_up: false,
            meters: None,
            consumed: None,
        };
        keeper.append(headers);
        Ok(keeper)
    }

    /// Lets it count the tokens that the models tell.
    pub(crate) fn count(&mut self, meters: [Meter; 2]) {
        self.meters = Some(meters);
    }

    /// What the models of both sides consumed, where they run elsewhere.
    pub fn consumed(&mut self, consumed: [Consumption; 2]) {
        self.consumed = Some(consumed);
    }

    /// Models and voice of a side that were not known before.
    pub fn introduce(&mut self, side: Side, models: BTreeMap<String, String>, voice: String) {
        let of_side = self.summary.agents.iter_mut().find(|agent| agent.side == side);
        let Some(agent) = of_side.filter(|agent| agent.models.is_empty()) else { return };
        (agent.models, agent.voice) = (models, voice);
        self.summary.guidance = notes::guidance(self.cast.has_course(), &self.summary.agents);
        self.summary.notes = notes::notes(self.summary.guidance, &self.summary.agents);
    }

    /// Writes all of the recording that is certain by `now`.
    pub fn advance(&mut self, now: Mono) {
        match self.recorder.advance(now) {
            Ok(chunks) => self.append(chunks),
            Err(e) => drop(self.failure.get_or_insert(e)),
        }
    }

    /// Whether it can't be kept any longer, or a model failed for good.
    pub fn has_failed(&mut self) -> bool {
        if let Some(error) = self.writer.take_failure() {
            self.error.get_or_insert(error.to_string());
        }
        if let Some(failure) = &self.failure {
            self.error.get_or_insert(failure.to_string());
        }
        self.error.is_some()
    }

    /// What made it fail; the first reason stays.
    pub fn blame(&mut self, error: impl FnOnce() -> Option<String>) {
        self.error = self.error.take().or_else(error);
    }

    /// What lies behind whatever made it fail.
    pub fn blame_rather(&mut self, cause: String) {
        self.error = Some(match self.error.take() {
            Some(then) => format!("{cause}\n  then: {then}"),
            None => cause,
        });
    }

    /// A call without a course goes on after its goal is reached, so that both can say goodbye; not for ever.
    pub fn goal_is_past(&self) -> bool {
        let spoken = self.transcriber.transcript().utterances.iter().filter(|u| u.end_s.is_some()).count();
        !self.cast.has_course() && self.goal_at.is_some_and(|at| spoken >= at + AFTER_GOAL)
    }

    /// Party `side` was understood like this, by one that does not tell when its words were over.
    pub fn heard(&mut self, now: Mono, side: usize, text: &str) {
        self.transcriber.heard(side, text);
        self.writer.replace_json(names::TRANSCRIPT, self.transcriber.transcript());
        self.note_goal(now);
    }

    fn append(&self, chunks: Vec<Chunk>) {
        for (stream, bytes) in chunks {
            self.writer.append(&file_of(stream), bytes);
        }
    }

    fn note_goal(&mut self, now: Mono) {
        if self.goal_at.is_none()
            && goal_reached(&self.cast, &self.transcriber.transcript().facts(now.as_secs_f64(), "", None))
        {
            self.goal_at = Some(self.transcriber.transcript().utterances.len());
        }
    }

    /// Closes the files and writes what came of it.
    ///
    /// # Errors
    /// Files; what was written until then is kept, and the next look at the folder concludes it.
    pub fn conclude(self, conclusion: Conclusion<'_>) -> Result<Summary, ConverseError> {
        let Conclusion { ending, prices, recognisers } = conclusion;
        let mut summary = self.summary;
        let at = ending.map_or(Mono::ZERO, |e| e.at);
        summary.end_reason = ending.map(|e| e.reason);
        summary.ended_by = ending.and_then(|e| e.by).map(casting::side);
        summary.error.clone_from(&self.error);
        if let (Some(_), Some(CloseReason::Inactivity | CloseReason::DurationLimit)) = (&self.error, summary.end_reason)
        {
            // It was silent, or went on, because something did not work.
            summary.end_reason = Some(CloseReason::AgentError);
        }
        let (transcriber, mut writer) = (self.transcriber, self.writer);
        let folder = writer.path().to_path_buf();
        for (stream, bytes) in self.recorder.finish(at)? {
            writer.append(&file_of(stream), bytes);
        }
        writer.replace_json(names::TRANSCRIPT, transcriber.transcript());
        let written = writer.finish();
        if let Err(e) = &written {
            summary.error.get_or_insert(e.to_string());
        }
        let mut transcript = transcriber.into_transcript();
        if let (Some(recognisers), true) = (recognisers, written.is_ok() && summary.error.is_none()) {
            summary.notes.extend(recognisers.listen_to(&folder, &mut transcript)?);
        }
        let counted = self.meters.map(|meters| meters.map(|meter| meter.read()));
        if let Some(consumed) = counted.or(self.consumed) {
            priced(&mut summary.agents, consumed, &prices);
        }
        let concluded = conclude(&folder, &mut summary, &transcript, &self.cast);
        match self.error {
            // What made it fail in the first place is in the summary; what went wrong because of it would only distract.
            Some(_) => Ok(summary),
            None => Ok(written.and(concluded).map(|()| summary)?),
        }
    }
}

fn file_of(stream: Stream) -> String {
    match stream {
        Stream::Side(side) => names::track(casting::side(side)),
        Stream::Stereo => names::STEREO.to_string(),
    }
}

impl<P: FnMut(Progress)> Tap for Keeper<P> {
    fn packet(&mut self, now: Mono, side: usize, packet: &Packet) {
        self.transcriber.sound(now, side);
        // In a room anybody may send anything; it is a gap, and no reason to end what others say.
        if let Err(error) = self.recorder.packet(now, side, packet) {
            tracing::debug!(%error, side, "a packet that makes no sound is left out of the recording");
        }
    }

    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        // Whoever was hung up on still listens to the last words, and need not find an answer to them.
        if self.hung_up && matches!(event, Event::Error { .. }) {
            return;
        }
        let line = EventLine { t: now.as_secs_f64(), side: casting::side(side), event };
        self.writer.append_json(names::EVENTS, &line);
        if matches!(event, Event::MetricsCollected { .. } | Event::UsageCollected { .. }) {
            self.writer.append_json(names::METRICS, &line);
        }
        if self.transcriber.event(now, side, event) {
            self.writer.replace_json(names::TRANSCRIPT, self.transcriber.transcript());
        }
        if let (Event::UsageCollected { usage, .. }, Some(meters)) = (event, &self.meters) {
            meters[side].told(usage);
        }
        match event {
            Event::ConversationItemAdded { .. } | Event::ToolReturned { .. } => self.note_goal(now),
            Event::Closed { reason: CloseReason::AgentEnded } => self.hung_up = true,
            Event::Error { message, fatal: true } => {
                self.error.get_or_insert(message.clone());
            }
            _ => {}
        }
        (self.progress)(Progress { at: now, side: casting::side(side), event: event.clone() });
    }
}

fn first_summary(dossier: &Dossier) -> Summary {
    let cast = &dossier.cast;
    let agent = |side: Side| AgentSummary {
        side,
        agent_name: cast.agent_name(side).to_string(),
        name: cast.persona(side).name.clone(),
        persona: cast.persona(side).background.clone(),
        models: dossier.models[casting::index(side)].clone(),
        voice: dossier.voices[casting::index(side)].clone(),
        usage: None,
    };
    let agents = [agent(Side::Support), agent(Side::Customer)];
    let guidance = notes::guidance(cast.has_course(), &agents);
    let notes = notes::notes(guidance, &agents);
    let start = (dossier.started_at.clone(), dossier.seed);
    Summary::begun(dossier.id.clone(), cast, start, (agents, guidance), notes)
}
