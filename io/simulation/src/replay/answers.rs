use super::memory::{Account, Clause, Reply};
use super::recording::Recording;
use duologue_chat::{ChatDelta, Finish, ToolCall, ToolOutcome};
use duologue_ids::Mono;
use duologue_voice::{END_CALL, Effect, EffectRunner, Event, HEARING_RATE, Input, Spoken};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a tool takes that was not called then.
const TOOL: f64 = 0.3;
/// Two moments this close are the same one, see [`super::TOLERANCE_MS`].
const CLOSE: f64 = 0.06;
/// The longest sound of one clause, seconds.
const LONGEST: f64 = 120.0;

/// Providers that answer what they answered then, after the time they took then.
pub(super) struct Answers<'a> {
    recording: &'a Recording,
    /// The reply of then that each turn of now says, and how often its model was asked.
    turns: BTreeMap<u32, (usize, usize)>,
    /// Replies of then before this one were said.
    next: usize,
}

impl<'a> Answers<'a> {
    pub(super) fn new(recording: &'a Recording) -> Answers<'a> {
        Answers { recording, turns: BTreeMap::new(), next: 0 }
    }

    /// What the session reports: a reply that was heard is not said again.
    pub(super) fn observe(&mut self, event: &Event) {
        if let Event::ConversationItemAdded { turn, text, .. } = event
            && !text.is_empty()
            && let Some((reply, _)) = self.turns.get(turn)
        {
            self.next = self.next.max(reply + 1);
        }
    }

    fn account(&self) -> &'a Account {
        self.recording.account()
    }

    /// What the model said next then: of the replies that were not said yet the one nearest in time.
    fn next_reply(&self, now: f64) -> Option<usize> {
        let replies = self.account().replies.iter().enumerate().skip(self.next);
        let has_words = |(_, r): &(usize, &Reply)| !r.given && (!r.clauses.is_empty() || !r.rounds.is_empty());
        let nearest =
            |a: &(usize, &Reply), b: &(usize, &Reply)| (a.1.created - now).abs().total_cmp(&(b.1.created - now).abs());
        replies.filter(has_words).min_by(nearest).map(|(n, _)| n)
    }

    /// Where nothing more was said then, nothing comes.
    fn write(&mut self, now: f64, turn: u32) -> Vec<(Duration, Input)> {
        let known = self.turns.get(&turn).copied();
        let Some((n, asked)) = known.or_else(|| Some((self.next_reply(now)?, 0))) else { return Vec::new() };
        self.turns.insert(turn, (n, asked + 1));
        let Some(reply) = self.account().replies.get(n) else { return Vec::new() };
        let usual = self.account().usual;
        let delta = |after: f64, delta| (seconds(after), Input::Generated { turn, result: Ok(delta) });
        let done = |after| delta(after, ChatDelta::Done { finish: Finish::Stop, usage: None });
        if let Some(round) = reply.rounds.get(asked) {
            let calls = round.iter().map(|call| delta(usual.llm, ChatDelta::ToolCall(call.clone())));
            return calls.chain([done(usual.llm)]).collect();
        }
        // What its tools took is in the times of a reply, and passes before the model is asked for the words.
        let tools = reply.tools_done.map_or(0.0, |at| (at - reply.created).max(0.0));
        let first_token = (reply.first_token.unwrap_or(tools + usual.llm) - tools).max(0.0);
        let rest = (reply.first_clause.map_or(first_token, |at| at - tools)).max(first_token);
        let text = reply.text();
        let words = text.split_inclusive(' ').enumerate();
        let words =
            words.map(|(i, word)| delta(if i == 0 { first_token } else { rest }, ChatDelta::Text(word.to_owned())));
        let end = ToolCall { id: String::new(), name: END_CALL.to_owned(), arguments: serde_json::json!({}) };
        let end = reply.hung_up.then(|| delta(rest, ChatDelta::ToolCall(end)));
        words.chain(end).chain([done(rest)]).collect()
    }

    fn speak(&self, now: f64, turn: u32, clause: u32, text: &str) -> Vec<(Duration, Input)> {
        let usual = self.account().usual;
        let spoken =
            self.account().replies.iter().flat_map(|r| {
                r.clauses.iter().enumerate().filter(|(_, c)| c.text == text).map(move |(n, c)| (r, n, c))
            });
        let began = |c: &Clause| c.stretches.first().map_or(f64::INFINITY, |(from, _)| *from);
        let nearest = spoken.min_by(|a, b| (began(a.2) - now).abs().total_cmp(&(began(b.2) - now).abs()));
        let (samples, after) = match nearest {
            Some((reply, 0, clause)) => (self.sound(clause), reply.first_sound.unwrap_or(usual.tts)),
            Some((_, _, clause)) => (self.sound(clause), usual.tts),
            None => (silence(text.chars().count() as f64 * usual.letter), usual.tts),
        };
        let after = after.max(self.unheard_until(now) - now);
        let rate = HEARING_RATE;
        let spoken = [Spoken::Audio { rate, samples }, Spoken::Done];
        spoken.map(|piece| (seconds(after), Input::Spoken { turn, clause, result: Ok(piece) })).into()
    }

    /// Until when nothing was heard of the reply that was being made at `now`, where it was given up before: its sound had
    /// not come by then.
    fn unheard_until(&self, now: f64) -> f64 {
        let made = self.account().replies.iter().filter(|r| r.clauses.is_empty() && r.created <= now + CLOSE);
        made.filter_map(|r| r.dropped).find(|dropped| *dropped >= now).map_or(now, |dropped| dropped + CLOSE)
    }

    /// What was heard of a clause then, and silence for what was not.
    fn sound(&self, clause: &Clause) -> Vec<i16> {
        let own = self.recording.own();
        let at = |s: f64| ((s.clamp(0.0, 1e6) * f64::from(HEARING_RATE)).round() as usize).min(own.len());
        let mut samples: Vec<i16> = clause
            .stretches
            .iter()
            .flat_map(|&(from, to)| own[at(from)..at(to).max(at(from))].iter().copied())
            .collect();
        samples.resize(silence(clause.length).len(), 0);
        samples
    }

    fn call(&self, now: f64, call: &ToolCall) -> Vec<(Duration, Input)> {
        let of_name = self.account().calls.iter().filter(|c| c.name == call.name && c.outcome.is_some());
        let nearest = of_name.min_by(|a, b| (a.at - now).abs().total_cmp(&(b.at - now).abs()));
        let unknown = || ToolOutcome::Error(format!("the recording has no answer of `{}`", call.name));
        let after = nearest.map_or(TOOL, |c| c.took);
        let outcome = nearest.and_then(|c| c.outcome.clone()).unwrap_or_else(unknown);
        vec![(seconds(after), Input::ToolReturned { id: call.id.clone(), outcome })]
    }
}

impl EffectRunner for Answers<'_> {
    fn perform(&mut self, now: Mono, effect: Effect) -> Vec<(Duration, Input)> {
        let now = now.as_secs_f64();
        match effect {
            Effect::Transcribe { utterance, audio } => {
                let length = audio.len() as f64 / f64::from(HEARING_RATE);
                let (text, after) = self.account().recognised.words(now, length);
                vec![(seconds(after), Input::Transcribed { utterance, result: Ok(text) })]
            }
            Effect::Generate { turn, .. } => self.write(now, turn),
            Effect::Speak { turn, clause, text } => self.speak(now, turn, clause, &text),
            Effect::CallTool { call, .. } => self.call(now, &call),
            // The recording has the words that were final.
            Effect::Listen { .. } | Effect::StopListening => Vec::new(),
            // A session with one model that hears and speaks is refused when its recording is read.
            Effect::Realtime(_) | Effect::CancelTranscribe { .. } | Effect::CancelTurn { .. } => Vec::new(),
            Effect::CancelTool { .. } => Vec::new(),
        }
    }
}

fn silence(length: f64) -> Vec<i16> {
    vec![0; (length.clamp(0.0, LONGEST) * f64::from(HEARING_RATE)).round() as usize]
}

fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(if s.is_finite() { s.clamp(0.0, LONGEST) } else { 0.0 })
}
