//! The reply: from the model's text by clauses to the voice, and from there frame by frame to the other party.

use crate::config::{Brain, Opening, Step};
use crate::effect::{Effect, Failure, Spoken};
use crate::event::{AgentState, CloseReason, Event, SpeechSource};
use crate::reply::{Reply, Stage};
use crate::session::Session;
use crate::tools::{END_CALL, end_call};
use duologue_chat::{ChatDelta, ChatRequest, Finish, Hint, Item, Role, ToolCall};

/// Clauses that are synthesised ahead of playback.
const AHEAD: usize = 2;
/// How often a model that failed is asked again for one reply, and a voice for one clause.
const RETRIES: u8 = 2;

impl Session {
    /// The step of the course that the next reply fulfils.
    pub(crate) fn current_step(&self) -> Option<&Step> {
        self.config.course.get(self.course_at)
    }

    /// Begins a reply of the model's own words.
    pub(crate) fn begin_reply(&mut self, source: SpeechSource, committed: bool) {
        let (hint, call, end_call) = self.plan_line(source);
        self.turn += 1;
        let mut reply = Reply::new(self.turn, source, self.config.output_rate);
        reply.committed = committed;
        if !committed {
            reply.answers = self.listening.text();
        }
        reply.end_call = end_call;
        reply.follows_course = source != SpeechSource::Nudge || !self.anybody_spoke;
        reply.hint = hint;
        reply.times.asked = Some(self.now);
        self.reply = Some(reply);
        if committed && source != SpeechSource::Reply {
            self.announce_reply();
        }
        if let Some(call) = call {
            self.course_called = true;
            self.call_tool(call);
        }
        if self.desk.is_idle() {
            self.generate();
        } else if let Some(reply) = &mut self.reply {
            reply.stage = Stage::CallingTools;
        }
    }

    /// Hint, tool call and hang-up of the next line.
    fn plan_line(&self, source: SpeechSource) -> (Option<String>, Option<ToolCall>, bool) {
        let name = &self.config.speaker;
        if source == SpeechSource::Nudge && self.anybody_spoke {
            return (Some(format!("{name} asks whether {} is still there.", self.config.listener)), None, false);
        }
        match self.current_step() {
            Some(step) => {
                let call = if self.course_called { None } else { step.call.clone() };
                (Some(step.hint.clone()), call, step.end_call)
            }
            // Beyond its last step a party that follows a course has only one thing left to say.
            None if !self.config.course.is_empty() => (Some(format!("{name} says goodbye.")), None, true),
            None => (None, None, false),
        }
    }

    /// Begins a reply whose words are given.
    pub(crate) fn begin_saying(&mut self, source: SpeechSource, text: String) {
        if self.line.is_some() {
            return self.have_said(source, text);
        }
        self.turn += 1;
        let mut reply = Reply::new(self.turn, source, self.config.output_rate);
        reply.times.asked = Some(self.now);
        reply.times.first_clause = Some(self.now);
        let clauses = reply.chunker.push(&text);
        reply.waiting.extend(clauses);
        let rest = reply.chunker.finish();
        reply.waiting.extend(rest);
        reply.stage = Stage::Written;
        self.reply = Some(reply);
        self.announce_reply();
        self.pump();
    }

    /// Tells the watchers of a reply that will be heard.
    pub(crate) fn announce_reply(&mut self) {
        let Some(reply) = &self.reply else { return };
        let event = Event::SpeechCreated { turn: reply.turn, source: reply.source, hint: reply.hint.clone() };
        self.event(event);
        self.set_state(AgentState::Thinking);
    }

    /// Asks the model, with all that is known now.
    pub(crate) fn generate(&mut self) {
        let Brain::Cascade(cascade) = &self.config.brain else { return self.respond() };
        let Some(reply) = &mut self.reply else { return };
        reply.stage = Stage::Generating;
        reply.times.requested = Some(self.now);
        let mut items = self.history.items().to_vec();
        if !reply.committed {
            let mut with_turn = self.history.clone();
            with_turn.push_user(&reply.answers);
            items = with_turn.items().to_vec();
        }
        let said = reply.whole_text();
        if let (Some(at), false) = (reply.calls_from, said.is_empty()) {
            // What this reply already said stands before the calls it made.
            items.insert(at.min(items.len()), Item::Message { role: Role::Assistant, text: said, interrupted: false });
        }
        let mut tools = self.config.tools.to_vec();
        tools.push(end_call());
        let request = ChatRequest {
            instructions: self.config.instructions.clone(),
            speaker: self.config.speaker.clone(),
            listener: self.config.listener.clone(),
            items,
            tools: tools.into(),
            hint: reply.hint.clone().map(Hint),
            temperature: cascade.temperature,
            // Another seed each turn and each try, the same ones each run.
            seed: self.config.seed.derive(&format!("turn {} try {}", reply.turn, reply.retries)).0,
            max_tokens: cascade.max_tokens,
        };
        let turn = reply.turn;
        self.effect(Effect::Generate { turn, request: Box::new(request) });
    }

    pub(crate) fn on_generated(&mut self, turn: u32, result: Result<ChatDelta, Failure>) {
        let now = self.now;
        let Some(reply) = self.reply.as_mut().filter(|r| r.turn == turn && r.stage == Stage::Generating) else {
            return;
        };
        match result {
            Ok(ChatDelta::Text(text)) => {
                reply.times.first_token.get_or_insert(now);
                let clauses = reply.chunker.push(&text);
                reply.waiting.extend(clauses);
                if !reply.waiting.is_empty() {
                    reply.times.first_clause.get_or_insert(now);
                }
            }
            Ok(ChatDelta::ToolCall(call)) if call.name == END_CALL => reply.end_call = true,
            Ok(ChatDelta::ToolCall(call)) => reply.calls.push(call),
            Ok(ChatDelta::Done { finish, usage }) => {
                if let Some(usage) = usage {
                    let generation_ms = reply.generation_ms(now);
                    self.event(Event::UsageCollected { turn, usage, generation_ms });
                }
                self.on_written(finish);
            }
            Err(failure) => self.on_generation_failed(failure),
        }
        self.pump();
    }

    pub(crate) fn on_written(&mut self, _finish: Finish) {
        let now = self.now;
        let Some(reply) = &mut self.reply else { return };
        let rest = reply.chunker.finish();
        if rest.is_some() {
            reply.times.first_clause.get_or_insert(now);
        }
        reply.waiting.extend(rest);
        if !reply.calls.is_empty() {
            reply.stage = Stage::CallingTools;
            self.run_calls();
            return;
        }
        reply.stage = Stage::Written;
        if !reply.is_empty() {
            self.empty_replies = 0;
            return;
        }
        self.empty_replies += 1;
        if self.empty_replies >= 2 {
            self.event(Event::Error { message: "the language model had nothing to say, twice".into(), fatal: true });
            self.close(CloseReason::EmptyResponse);
        } else {
            reply.retries += 1;
            self.generate();
        }
    }

    /// A reply that broke off is asked for again as long as nothing of it was heard.
    pub(crate) fn on_generation_failed(&mut self, failure: Failure) {
        let Some(reply) = &mut self.reply else { return };
        let nothing_yet = reply.times.first_token.is_none() && reply.calls.is_empty();
        // A model that speaks has its own memory of what it said: it goes on only where it has said nothing.
        let unheard = self.line.is_none() && !reply.playout.started();
        if failure.transient && (nothing_yet || unheard) && reply.retries < RETRIES {
            reply.retries += 1;
            self.event(Event::Error { message: failure.message, fatal: false });
            if !nothing_yet {
                self.forget_draft();
            }
            self.generate();
        } else {
            self.fail(failure.message);
        }
    }

    /// What the model has written of a reply is void, and so is its voice: under a new number, since answers to the old one
    /// may be on their way.
    fn forget_draft(&mut self) {
        let Some(source) = self.reply.as_ref().map(|r| r.source) else { return };
        let (_, _, end_call) = self.plan_line(source);
        self.turn += 1;
        let (turn, rate) = (self.turn, self.config.output_rate);
        let Some(reply) = &mut self.reply else { return };
        let void = std::mem::replace(&mut reply.turn, turn);
        reply.forget_draft(rate);
        reply.end_call = end_call;
        let committed = reply.committed;
        self.effect(Effect::CancelTurn { turn: void });
        if committed {
            self.announce_reply();
        }
    }

    /// Sends clauses to be synthesised, a few ahead of playback; of a reply that may yet be dropped only the first.
    pub(crate) fn pump(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        let ahead = if reply.committed { AHEAD } else { 1 };
        let mut effects = Vec::new();
        while reply.playout.outstanding() < ahead && (reply.committed || reply.sent == 0) {
            let Some(text) = reply.waiting.pop_front() else { break };
            let clause = reply.sent;
            reply.sent += 1;
            reply.playout.expect(clause, text.clone());
            effects.push(Effect::Speak { turn: reply.turn, clause, text });
        }
        effects.into_iter().for_each(|e| self.effect(e));
    }

    pub(crate) fn on_spoken(&mut self, turn: u32, clause: u32, result: Result<Spoken, Failure>) {
        let now = self.now;
        let Some(reply) = self.reply.as_mut().filter(|r| r.turn == turn) else { return };
        match result {
            Ok(Spoken::Audio { rate, samples }) => {
                reply.times.first_sound.get_or_insert(now);
                reply.playout.push(clause, rate, &samples);
            }
            Ok(Spoken::Words(words)) => reply.playout.time_words(clause, words),
            Ok(Spoken::Done) => reply.playout.complete(clause),
            Err(failure) => self.on_speech_failed(clause, failure),
        }
        self.pump();
    }

    /// A clause that broke off is asked for again as long as nothing of it was heard.
    fn on_speech_failed(&mut self, clause: u32, failure: Failure) {
        let Some(reply) = self.reply.as_mut() else { return };
        let again = if failure.transient { reply.playout.begin_again(clause, RETRIES) } else { None };
        match again {
            Some(text) => {
                let turn = reply.turn;
                self.event(Event::Error { message: failure.message, fatal: false });
                self.effect(Effect::Speak { turn, clause, text });
            }
            None => self.fail(failure.message),
        }
    }

    /// Plays the next 20 ms, where there is something to play and this party has the floor.
    pub(crate) fn play(&mut self) {
        let other_speaks = self.listening.speaking;
        let Some(reply) = self.reply.as_mut().filter(|r| r.committed && !r.paused) else { return };
        let last = reply.is_all_sent();
        if !reply.playout.started() && other_speaks {
            return;
        }
        let first = !reply.playout.started();
        if let Some(frame) = reply.playout.next_frame(last) {
            self.emit_frame(frame);
            if first {
                self.on_playback_began();
            }
            self.announce_progress();
        }
        if last && self.reply.as_mut().is_some_and(|r| r.playout.is_drained()) {
            self.finish_reply();
        }
    }

    fn on_playback_began(&mut self) {
        self.anybody_spoke = true;
        let now = self.now;
        let Some(reply) = &mut self.reply else { return };
        reply.times.played = Some(now);
        let event = Event::MetricsCollected { turn: reply.turn, metrics: reply.metrics() };
        self.set_state(AgentState::Speaking);
        self.event(event);
    }

    fn announce_progress(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        let begun = reply.playout.begun();
        if begun > reply.announced {
            reply.announced = begun;
            let event = Event::SpeechProgress { turn: reply.turn, text: reply.playout.begun_text() };
            self.event(event);
        }
    }

    /// The reply was heard to its end.
    fn finish_reply(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        let text = reply.playout.heard_text();
        self.history.push_assistant(&text, false);
        if !text.is_empty() {
            self.event(Event::ConversationItemAdded { turn: reply.turn, text, interrupted: false });
        }
        self.advance_course(&reply);
        self.forget_unheard_aside();
        self.listening.aside = false;
        self.set_state(AgentState::Listening);
        if reply.end_call {
            self.close(CloseReason::AgentEnded);
        }
    }

    /// The reply is given up: the history keeps what was heard.
    pub(crate) fn cut_reply(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        self.call_off(&reply);
        let heard = reply.playout.heard_text();
        let whole = reply.whole_text();
        #[cfg(feature = "planted-faults")]
        let heard = if self.has_fault(crate::Fault::WholeTextIsKept) { whole.clone() } else { heard };
        self.history.push_assistant(&heard, true);
        if reply.playout.started() {
            // What the listener got most of needs no second telling.
            if heard.len() * 5 >= whole.len() * 3 {
                self.advance_course(&reply);
            }
            self.event(Event::ConversationItemAdded { turn: reply.turn, text: heard, interrupted: true });
        }
        self.set_state(AgentState::Listening);
    }

    /// The reply is given up before anything of it was heard.
    pub(crate) fn drop_reply(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        self.call_off(&reply);
        match reply.source {
            SpeechSource::Say => {
                let text = reply.given.clone().unwrap_or_else(|| reply.whole_text());
                self.to_say.push_front((SpeechSource::Say, text));
            }
            // Where what was heard was no turn but noise, this party still has to open; a turn takes it back.
            SpeechSource::Opening => match &self.config.opening {
                Opening::Say(text) => self.to_say.push_front((SpeechSource::Opening, text.clone())),
                Opening::Generate | Opening::Wait => self.retry_at = Some(self.now),
            },
            SpeechSource::Reply | SpeechSource::Nudge => {}
        }
        if reply.committed {
            self.set_state(AgentState::Listening);
        }
    }

    fn call_off(&mut self, reply: &Reply) {
        if self.line.is_some() {
            self.call_off_response(reply);
        } else {
            self.effect(Effect::CancelTurn { turn: reply.turn });
        }
        self.call_off_tools();
    }

    fn advance_course(&mut self, reply: &Reply) {
        if reply.follows_course && reply.hint.is_some() {
            self.course_at += 1;
            self.course_called = false;
        }
    }
}
