//! What was said, as said and as heard, while it is being said.

use crate::casting;
use crate::measure::at;
use crate::scenario::{CalledTool, ConversationFacts, Line, Side};
use duologue_chat::{ToolOutcome, Usage};
use duologue_ids::Mono;
use duologue_voice::{Event, SpeechSource, TurnMetrics};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `transcript.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Oldest first, by start.
    pub utterances: Vec<Utterance>,
    /// Oldest first.
    pub tool_calls: Vec<ToolUse>,
}

impl Transcript {
    /// What the scenario's rules judge.
    pub fn facts(&self, duration_s: f64, end_reason: &str, ended_by: Option<Side>) -> ConversationFacts {
        let line = |u: &Utterance| Line {
            by: u.speaker,
            text: u.text.clone(),
            heard: u.heard.clone(),
            interrupted: u.interrupted,
        };
        let call = |c: &ToolUse| CalledTool {
            name: c.name.clone(),
            arguments: c.arguments.clone(),
            ok: matches!(c.outcome, Some(ToolOutcome::Ok(_))),
        };
        ConversationFacts {
            lines: self.utterances.iter().map(line).collect(),
            tool_calls: self.tool_calls.iter().map(call).collect(),
            end_reason: end_reason.to_string(),
            ended_by,
            turns: self.utterances.len() as u32,
            duration_s,
            ..ConversationFacts::default()
        }
    }

    /// Said and heard, utterance by utterance.
    pub(crate) fn heard_pairs(&self) -> impl Iterator<Item = duologue_score::Utterance<'_>> {
        self.utterances.iter().map(|u| duologue_score::Utterance {
            speaker: casting::index(u.speaker),
            said: u.said_as_heard.as_deref().unwrap_or(&u.text),
            heard: u.heard.as_deref(),
            spoken: u.end_s.map(|end| duologue_score::Interval::new(at(u.start_s), at(end))),
            voiced: u.voiced.as_deref().map(|heard| (u.text.as_str(), heard)),
        })
    }
}

impl Transcript {
    /// What the sessions claim of each utterance that is over.
    pub(crate) fn claims(&self) -> impl Iterator<Item = duologue_score::Claim> {
        self.utterances.iter().filter_map(|u| {
            Some(duologue_score::Claim {
                by: casting::index(u.speaker),
                spoken: duologue_score::Interval::new(at(u.start_s), at(u.end_s?)),
                e2e_latency_ms: u.metrics.and_then(|m| m.e2e_latency_ms),
                interrupted: u.interrupted,
            })
        })
    }

    /// What a side reports about its replies.
    pub(crate) fn stage_times(&self, side: Side) -> Vec<duologue_score::StageTimes> {
        let mine = self.utterances.iter().filter(|u| u.speaker == side);
        mine.filter_map(|u| Some((u.metrics?, u.usage)))
            .map(|(m, usage)| duologue_score::StageTimes {
                end_of_turn_delay_ms: m.end_of_turn_delay_ms,
                transcription_delay_ms: m.transcription_delay_ms,
                llm_ttft_ms: m.llm_ttft_ms,
                llm_ttfs_ms: m.llm_ttfs_ms,
                llm_tps: usage.and_then(|u| u.per_second()),
                tts_ttfb_ms: m.tts_ttfb_ms,
                e2e_latency_ms: m.e2e_latency_ms,
            })
            .collect()
    }
}

/// Something that one party said without giving up the floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Number, from 1.
    pub id: u32,
    /// Which side.
    pub speaker: Side,
    /// The persona's name.
    pub name: String,
    /// The worker's name.
    pub agent_name: String,
    /// What was said: the words sent to the voice, as far as they were played.
    pub text: String,
    /// What the other side's recogniser made of it.
    pub heard: Option<String>,
    /// Word error rate between the two, 0 = the same.
    pub wer: Option<f64>,
    /// Seconds from the start of the recording.
    pub start_s: f64,
    /// Seconds from the start of the recording; `None` while it is being said.
    pub end_s: Option<f64>,
    /// It was cut off.
    pub interrupted: bool,
    /// Why this party spoke.
    pub source: Option<SpeechSource>,
    /// The scenario's hint that it followed.
    pub hint: Option<String>,
    /// Latency by stage.
    pub metrics: Option<TurnMetrics>,
    /// The language model's tokens for it, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUse>,
    /// Where `heard` spans several utterances: all that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_as_heard: Option<String>,
    /// What somebody outside the conversation heard in the recorded voice, where one listened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voiced: Option<String>,
    #[serde(skip)]
    turn: u32,
    /// Turns before this one whose words `heard` spans as well, the latest first.
    #[serde(skip)]
    carries: Vec<u32>,
}

/// Tokens of one reply; of all requests together where tools made it several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenUse {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Of those, read from a cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// From each request until the model was done, ms.
    pub generation_ms: f64,
}

impl TokenUse {
    fn add(&mut self, usage: &Usage, generation_ms: f64) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(usage.prompt_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(usage.cached_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(usage.completion_tokens);
        self.generation_ms += generation_ms;
    }

    /// Tokens written per second, the time until the first one included (LiveKit's `tokens_per_second`: completion tokens
    /// over the duration of the request). `None` where nothing was written or no time is known.
    pub fn per_second(&self) -> Option<f64> {
        (self.completion_tokens > 0 && self.generation_ms > 0.0)
            .then(|| f64::from(self.completion_tokens) * 1e3 / self.generation_ms)
    }
}

/// A tool that was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The call's id.
    pub id: String,
    /// By which side.
    pub by: Side,
    /// The tool.
    pub name: String,
    /// With what.
    pub arguments: Value,
    /// Seconds from the start of the recording.
    pub at_s: f64,
    /// What came of it; `None` while it runs.
    pub outcome: Option<ToolOutcome>,
}

/// Names of one side.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) name: String,
    pub(crate) agent_name: String,
}

/// Builds a [`Transcript`] from the events of both sessions.
pub(crate) struct Transcriber {
    cast: [Cast; 2],
    transcript: Transcript,
    /// Of each side: why and after which hint the reply under way speaks, and its figures.
    pending: [Pending; 2],
    /// Of each side: the tokens of a turn of which nothing is heard yet.
    tokens: [(u32, TokenUse); 2],
    last_sound: [Mono; 2],
}

#[derive(Clone, Debug, Default)]
struct Pending {
    turn: u32,
    source: Option<SpeechSource>,
    hint: Option<String>,
    metrics: Option<TurnMetrics>,
}

impl Transcriber {
    pub(crate) fn new(cast: [Cast; 2]) -> Transcriber {
        Transcriber {
            cast,
            transcript: Transcript::default(),
            pending: Default::default(),
            tokens: Default::default(),
            last_sound: [Mono::ZERO; 2],
        }
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    pub(crate) fn into_transcript(self) -> Transcript {
        self.transcript
    }

    /// Side `side` was heard at `now`.
    pub(crate) fn sound(&mut self, now: Mono, side: usize) {
        self.last_sound[side] = now;
    }

    /// Takes an event; says whether the transcript changed.
    pub(crate) fn event(&mut self, now: Mono, side: usize, event: &Event) -> bool {
        match event {
            Event::SpeechCreated { turn, source, hint } => {
                self.pending[side] = Pending { turn: *turn, source: Some(*source), hint: hint.clone(), metrics: None };
                return false;
            }
            Event::MetricsCollected { metrics, .. } => {
                self.pending[side].metrics = Some(*metrics);
                return false;
            }
            Event::UsageCollected { turn, usage, generation_ms } => {
                return self.used(side, *turn, (usage, *generation_ms));
            }
            Event::SpeechProgress { turn, text } => self.progress(now, side, *turn, text),
            Event::ConversationItemAdded { turn, text, interrupted } => {
                self.finish(now, side, *turn, (text, *interrupted));
            }
            Event::UserTurnCompleted { text, .. } | Event::Backchannel { text } | Event::OverlapIgnored { text } => {
                self.heard(1 - side, text);
            }
            Event::ToolCalled { call } => self.transcript.tool_calls.push(ToolUse {
                id: call.id.clone(),
                by: casting::side(side),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                at_s: now.as_secs_f64(),
                outcome: None,
            }),
            Event::ToolReturned { id, outcome, .. } => {
                let by = casting::side(side);
                if let Some(call) = self.transcript.tool_calls.iter_mut().rev().find(|c| c.id == *id && c.by == by) {
                    call.outcome = Some(outcome.clone());
                }
            }
            _ => return false,
        }
        true
    }

    fn open(&mut self, side: usize, turn: u32) -> Option<&mut Utterance> {
        let speaker = casting::side(side);
        self.transcript.utterances.iter_mut().rev().find(|u| u.speaker == speaker && u.turn == turn)
    }

    /// Adds tokens to the utterance, or keeps them until there is one; says whether the transcript changed.
    fn used(&mut self, side: usize, turn: u32, (usage, generation_ms): (&Usage, f64)) -> bool {
        if let Some(utterance) = self.open(side, turn) {
            utterance.usage.get_or_insert_default().add(usage, generation_ms);
            return true;
        }
        let waiting = &mut self.tokens[side];
        if waiting.0 != turn {
            *waiting = (turn, TokenUse::default());
        }
        waiting.1.add(usage, generation_ms);
        false
    }

    fn progress(&mut self, now: Mono, side: usize, turn: u32, text: &str) {
        if let Some(utterance) = self.open(side, turn) {
            utterance.text = text.to_string();
            return;
        }
        let pending = if self.pending[side].turn == turn { self.pending[side].clone() } else { Pending::default() };
        let (of_turn, tokens) = self.tokens[side];
        self.transcript.utterances.push(Utterance {
            id: self.transcript.utterances.len() as u32 + 1,
            speaker: casting::side(side),
            name: self.cast[side].name.clone(),
            agent_name: self.cast[side].agent_name.clone(),
            text: text.to_string(),
            heard: None,
            wer: None,
            start_s: now.as_secs_f64(),
            end_s: None,
            interrupted: false,
            source: pending.source,
            hint: pending.hint,
            metrics: pending.metrics,
            usage: (of_turn == turn && tokens != TokenUse::default()).then_some(tokens),
            said_as_heard: None,
            voiced: None,
            turn,
            carries: Vec::new(),
        });
    }

    fn finish(&mut self, now: Mono, side: usize, turn: u32, (text, interrupted): (&str, bool)) {
        let end = self.last_sound[side].max(Mono::ZERO) + duologue_media::FRAME;
        let end = if self.last_sound[side] == Mono::ZERO { now } else { end };
        if text.is_empty() {
            let speaker = casting::side(side);
            self.transcript.utterances.retain(|u| u.turn != turn || u.speaker != speaker);
        } else if let Some(utterance) = self.open(side, turn) {
            utterance.text = text.to_string();
            utterance.interrupted = interrupted;
            utterance.end_s = Some(end.as_secs_f64().max(utterance.start_s));
            self.compare(side, turn);
        }
    }

    /// The other side recognised what `side` said since it was last recognised; the words may span several utterances,
    /// then the last one carries them.
    pub(crate) fn heard(&mut self, side: usize, text: &str) {
        let speaker = casting::side(side);
        let mut mine = self.transcript.utterances.iter_mut().rev().filter(|u| u.speaker == speaker);
        let Some(last) = mine.next() else { return };
        if last.heard.is_none() {
            last.carries = mine.take_while(|u| u.heard.is_none()).map(|u| u.turn).collect();
        }
        let before = last.heard.take().map(|before| before + " ").unwrap_or_default();
        last.heard = Some(before + text);
        let turn = last.turn;
        self.compare(side, turn);
    }

    /// Compares what was said with what was heard, of the utterance that carries `turn`; what was said becomes shorter
    /// when a voice is cut.
    fn compare(&mut self, side: usize, turn: u32) {
        let all = &self.transcript.utterances;
        let mine = |u: &Utterance| u.speaker == casting::side(side);
        let carries = |u: &Utterance| mine(u) && (u.turn == turn || u.carries.contains(&turn));
        let text = |turn: &u32| all.iter().find(|u| mine(u) && u.turn == *turn).map(|u| u.text.as_str());
        let Some(place) = all.iter().position(|u| carries(u) && u.heard.is_some()) else { return };
        let before = all[place].carries.iter().rev().filter_map(text);
        let said = before.chain([all[place].text.as_str()]).collect::<Vec<_>>().join(" ");
        let utterance = &mut self.transcript.utterances[place];
        let heard = utterance.heard.as_deref().unwrap_or_default();
        utterance.wer = Some(duologue_score::compare(&said, heard).errors.rate());
        utterance.said_as_heard = (said != utterance.text).then_some(said);
    }
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
