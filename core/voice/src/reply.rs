use crate::event::{SpeechSource, TurnMetrics};
use crate::playout::Playout;
use duologue_chat::{ClauseChunker, ToolCall};
use duologue_ids::Mono;
use std::collections::VecDeque;

/// One reply on its way from the model to the other party's ear.
pub(crate) struct Reply {
    pub(crate) turn: u32,
    pub(crate) source: SpeechSource,
    /// The turn it answers is known to be over (or it answers none): it may be heard, and its tools may run.
    pub(crate) committed: bool,
    /// The words it answers, where it was begun before they were final.
    pub(crate) answers: String,
    pub(crate) stage: Stage,
    pub(crate) chunker: ClauseChunker,
    /// Clauses that wait to be synthesised.
    pub(crate) waiting: VecDeque<String>,
    /// Number of clauses sent to be synthesised.
    pub(crate) sent: u32,
    pub(crate) playout: Playout,
    /// The model's names of the pieces of its voice, by their number in the playout.
    pub(crate) pieces: Vec<String>,
    /// The words, where they were given and a model is to say them.
    pub(crate) given: Option<String>,
    /// Tool calls that wait until the turn is committed and the model is done.
    pub(crate) calls: Vec<ToolCall>,
    /// Where in the history this turn's tool calls begin.
    pub(crate) calls_from: Option<usize>,
    /// How often the model was asked after tools had answered.
    pub(crate) rounds: u8,
    pub(crate) retries: u8,
    /// Hang up once it is played.
    pub(crate) end_call: bool,
    /// The scenario's step it fulfils; it moves on once this is heard.
    pub(crate) follows_course: bool,
    pub(crate) hint: Option<String>,
    /// The other party has taken the floor; playback stands still.
    pub(crate) paused: bool,
    /// Places of the playout that were announced.
    pub(crate) announced: usize,
    pub(crate) times: Times,
}

/// Where a reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The model writes.
    Generating,
    /// Tools run; then the model is asked again.
    CallingTools,
    /// All text is there.
    Written,
}

/// When things happened to a reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) speech_ended: Option<Mono>,
    pub(crate) recognised: Option<Mono>,
    pub(crate) turn_ended: Option<Mono>,
    pub(crate) asked: Option<Mono>,
    /// When the model was asked last; after tools have answered it is asked again.
    pub(crate) requested: Option<Mono>,
    pub(crate) first_token: Option<Mono>,
    pub(crate) first_clause: Option<Mono>,
    pub(crate) first_sound: Option<Mono>,
    pub(crate) played: Option<Mono>,
}

impl Reply {
    pub(crate) fn new(turn: u32, source: SpeechSource, output_rate: u32) -> Reply {
        Reply {
            turn,
            source,
            committed: true,
            answers: String::new(),
            stage: Stage::Generating,
            chunker: ClauseChunker::default(),
            waiting: VecDeque::new(),
            sent: 0,
            playout: Playout::new(output_rate),
            pieces: Vec::new(),
            given: None,
            calls: Vec::new(),
            calls_from: None,
            rounds: 0,
            retries: 0,
            end_call: false,
            follows_course: false,
            hint: None,
            paused: false,
            announced: 0,
            times: Times::default(),
        }
    }

    /// All text is written and sent to be synthesised: no clause will follow.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.stage == Stage::Written && self.waiting.is_empty()
    }

    /// Its text as far as it is written in whole clauses.
    pub(crate) fn whole_text(&self) -> String {
        let mut parts = self.playout.texts();
        parts.extend(self.waiting.iter().map(String::as_str));
        parts.join(" ")
    }

    /// As before the model wrote anything; what its tools answered stays. `output_rate`, Hz, is that of the voice.
    pub(crate) fn forget_draft(&mut self, output_rate: u32) {
        self.chunker = ClauseChunker::default();
        self.waiting.clear();
        self.sent = 0;
        self.playout = Playout::new(output_rate);
        self.calls.clear();
        self.times = Times { first_token: None, first_clause: None, first_sound: None, ..self.times };
    }

    /// The model has produced nothing to hear, nor to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent == 0 && self.waiting.is_empty() && !self.end_call && self.calls.is_empty()
    }

    /// How long the model has been at work on what it was asked last, ms.
    pub(crate) fn generation_ms(&self, now: Mono) -> f64 {
        self.times.requested.map_or(0.0, |at| now.since(at).as_secs_f64() * 1e3)
    }

    /// The figures, as far as they are known.
    pub(crate) fn metrics(&self) -> TurnMetrics {
        let t = &self.times;
        let ms = |from: Option<Mono>, to: Option<Mono>| Some(to?.since(from?).as_secs_f64() * 1e3);
        TurnMetrics {
            end_of_turn_delay_ms: ms(t.speech_ended, t.turn_ended),
            transcription_delay_ms: ms(t.speech_ended, t.recognised),
            llm_ttft_ms: ms(t.asked, t.first_token),
            llm_ttfs_ms: ms(t.asked, t.first_clause),
            tts_ttfb_ms: ms(t.first_clause, t.first_sound),
            e2e_latency_ms: ms(t.speech_ended, t.played),
            preemptive: matches!((t.asked, t.turn_ended), (Some(a), Some(e)) if a < e),
        }
    }
}
