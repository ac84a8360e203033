use super::Told;
use duologue_chat::ToolCall;
use duologue_voice::{AgentState, CloseReason, Event, Opening, SessionConfig, SpeechSource, TurnMetrics};

/// One frame, seconds.
const FRAME: f64 = 0.02;
/// No clause is longer, whatever a file says.
const LONGEST: f64 = 120.0;

/// Something that the side said, or was about to say.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    turn: u32,
    /// When it was announced.
    pub(crate) created: f64,
    /// No model wrote it: the scenario or somebody gave the words.
    pub(crate) given: bool,
    /// From its beginning to the first word and to the first clause, and from there to the first sound, seconds.
    pub(crate) first_token: Option<f64>,
    pub(crate) first_clause: Option<f64>,
    pub(crate) first_sound: Option<f64>,
    /// As far as they were played.
    pub(crate) clauses: Vec<Clause>,
    /// What the model called before it answered, round by round.
    pub(crate) rounds: Vec<Vec<ToolCall>>,
    /// When its last tool had answered.
    pub(crate) tools_done: Option<f64>,
    /// It ended the call.
    pub(crate) hung_up: bool,
    /// When it was given up before anything of it was heard.
    pub(crate) dropped: Option<f64>,
}

/// A clause that was played, or begun.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) text: String,
    /// From when to when it was heard, seconds: more than one where it stood still for a while.
    pub(crate) stretches: Vec<(f64, f64)>,
    /// Of the whole of it, seconds: estimated where it was cut.
    pub(crate) length: f64,
    cut: bool,
}

impl Reply {
    fn new(turn: u32, at: f64, source: SpeechSource, config: &SessionConfig) -> Reply {
        let given = match source {
            SpeechSource::Say => true,
            SpeechSource::Opening => matches!(config.opening, Opening::Say(_)),
            SpeechSource::Reply | SpeechSource::Nudge => false,
        };
        Reply {
            turn,
            created: at,
            given,
            first_token: None,
            first_clause: None,
            first_sound: None,
            clauses: Vec::new(),
            rounds: Vec::new(),
            tools_done: None,
            hung_up: false,
            dropped: None,
        }
    }

    pub(crate) fn text(&self) -> String {
        self.clauses.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn measured(&mut self, metrics: &TurnMetrics) {
        let seconds =
            |ms: Option<f64>| ms.filter(|ms| ms.is_finite() && (0.0..=1e3 * LONGEST).contains(ms)).map(|ms| ms / 1e3);
        self.first_token = seconds(metrics.llm_ttft_ms);
        self.first_clause = seconds(metrics.llm_ttfs_ms);
        self.first_sound = seconds(metrics.tts_ttfb_ms);
    }

    /// The playback of one more clause has begun.
    fn progressed(&mut self, at: f64, begun: &str) {
        let before = self.text();
        let text = begun.strip_prefix(before.as_str()).unwrap_or(begun).trim();
        self.stopped(at);
        let stretches = vec![(at, at)];
        self.clauses.push(Clause { text: text.to_owned(), stretches, length: 0.0, cut: false });
    }

    fn stopped(&mut self, at: f64) {
        if let Some((from, to)) = self.clauses.last_mut().and_then(|c| c.stretches.last_mut())
            && from == to
        {
            *to = at.max(*from);
        }
    }

    fn resumed(&mut self, at: f64) {
        if let Some(clause) = self.clauses.last_mut() {
            clause.stretches.push((at, at));
        }
    }

    /// It is over: `heard` is what of it was.
    fn ended(&mut self, at: f64, heard: &str, interrupted: bool) {
        self.stopped(if interrupted { at } else { at + FRAME });
        let before = self
            .clauses
            .split_last()
            .map_or(0, |(_, before)| before.iter().map(|c| c.text.split_whitespace().count()).sum::<usize>());
        let heard = heard.split_whitespace().count().saturating_sub(before);
        if let Some(last) = self.clauses.last_mut() {
            last.cut = interrupted;
            last.length = if interrupted { last.estimated(heard) } else { last.played() };
        }
    }
}

impl Clause {
    fn played(&self) -> f64 {
        self.stretches.iter().map(|(from, to)| (to - from).max(0.0)).sum::<f64>().min(LONGEST)
    }

    /// The length of a clause of which so many words were heard before it was cut: the one in the middle of those with
    /// which a session takes just these words for heard.
    fn estimated(&self, heard: usize) -> f64 {
        let (mut at, mut middles) = (0, Vec::new());
        for word in self.text.split_whitespace() {
            let length = word.chars().count();
            middles.push(at as f64 + length as f64 / 2.0);
            at += length + 1;
        }
        let letters = self.text.chars().count().max(1) as f64;
        let low = heard.checked_sub(1).and_then(|n| middles.get(n)).copied().unwrap_or(0.0);
        let high = middles.get(heard).copied().unwrap_or(letters);
        let reached = f64::midpoint(low, high).clamp(0.5, letters);
        (self.played() * letters / reached).min(LONGEST)
    }

    /// Seconds a letter, where it was played to its end.
    pub(crate) fn pace(&self) -> Option<f64> {
        let letters = self.text.chars().count();
        (!self.cut && letters > 0 && self.length > 0.0).then(|| self.length / letters as f64)
    }
}

/// All replies, in the order in which they were announced.
pub(super) fn replies(told: &[Told], config: &SessionConfig) -> Vec<Reply> {
    let mut replies: Vec<Reply> = Vec::new();
    let mut new_round = true;
    for line in told {
        let at = line.at;
        match &line.event {
            Event::SpeechCreated { turn, source, .. } => {
                replies.push(Reply::new(*turn, at, *source, config));
                new_round = true;
            }
            Event::MetricsCollected { turn, metrics } => with(&mut replies, *turn, |r| r.measured(metrics)),
            Event::SpeechProgress { turn, text } => with(&mut replies, *turn, |r| r.progressed(at, text)),
            Event::Interrupted { turn } => with(&mut replies, *turn, |r| r.stopped(at)),
            Event::FalseInterruption { turn } => with(&mut replies, *turn, |r| r.resumed(at)),
            Event::ConversationItemAdded { turn, text, interrupted } => {
                with(&mut replies, *turn, |r| r.ended(at, text, *interrupted));
            }
            Event::ToolCalled { call } if !is_of_course(call, config) => {
                if let Some(reply) = replies.last_mut().filter(|r| r.clauses.is_empty()) {
                    if new_round {
                        reply.rounds.push(Vec::new());
                    }
                    new_round = false;
                    reply.rounds.iter_mut().last().into_iter().for_each(|round| round.push(call.clone()));
                }
            }
            Event::ToolReturned { .. } => {
                new_round = true;
                if let Some(reply) = replies.last_mut().filter(|r| r.clauses.is_empty()) {
                    reply.tools_done = Some(at);
                }
            }
            Event::AgentStateChanged { state: AgentState::Listening } => {
                if let Some(reply) = replies.last_mut().filter(|r| r.clauses.is_empty()) {
                    reply.dropped.get_or_insert(at);
                }
            }
            Event::Closed { reason: CloseReason::AgentEnded } => {
                replies.iter_mut().last().into_iter().for_each(|reply| reply.hung_up = true);
            }
            _ => {}
        }
    }
    let end = told.last().map_or(0.0, |line| line.at);
    for reply in &mut replies {
        reply.stopped(end);
        for clause in reply.clauses.iter_mut().filter(|c| c.length == 0.0) {
            clause.length = clause.played();
        }
    }
    replies
}

fn with(replies: &mut [Reply], turn: u32, change: impl FnOnce(&mut Reply)) {
    if let Some(reply) = replies.iter_mut().rev().find(|r| r.turn == turn) {
        change(reply);
    }
}

/// The session calls by itself what its course says.
fn is_of_course(call: &ToolCall, config: &SessionConfig) -> bool {
    let of_course = config.course.iter().filter_map(|step| step.call.as_ref());
    of_course.into_iter().any(|step| step.name == call.name && step.arguments == call.arguments)
}
