//! What the other party says, from the first sound to the end of its turn.

use crate::effect::{Effect, Failure};
use crate::event::{Event, SpeechSource};
use crate::hooks::is_backchannel;
use crate::session::Session;
use duologue_ids::Mono;
use std::time::Duration;

/// How often a recognition that failed is tried again.
const RETRIES: u8 = 2;

impl Session {
    pub(crate) fn on_user_started(&mut self) {
        self.anybody_spoke = true;
        self.nudge_at = None;
        self.event(Event::UserStateChanged { speaking: true });
        self.learn_pause();
        let since = self.listening.speech_since;
        self.listening.turn_began.get_or_insert(since);
        #[cfg(feature = "planted-faults")]
        if self.drops_utterance() {
            return;
        }
        if self.reply.as_ref().is_some_and(|r| !r.playout.started()) {
            // Nothing of it was heard: the other party has the floor, and its words may change the answer.
            self.drop_reply();
        } else if !self.check_collision() {
            self.listening.aside = self.reply.as_ref().is_some_and(|r| !r.paused);
        }
    }

    pub(crate) fn on_user_stopped(&mut self) {
        self.event(Event::UserStateChanged { speaking: false });
        #[cfg(feature = "planted-faults")]
        if self.drops_utterance() {
            return self.forget_utterance();
        }
        if self.line.is_some() {
            return self.prepare_answer();
        }
        match (self.listening.is_asked(), self.listening.awaited) {
            (false, _) => self.ask_transcription(),
            (true, false) => self.weigh_words(),
            (true, true) => {}
        }
    }

    /// Whether something short was "stop" or "okay" cannot wait for the silence that ends an utterance.
    pub(crate) fn check_aside(&mut self) {
        let may_be_words = self.line.is_none() && self.listening.aside && self.listening.is_addressed();
        if may_be_words && self.listening.may_be_over(self.now) {
            self.ask_transcription();
        }
    }

    /// Endless speech is recognised in pieces, so that memory stays bounded.
    pub(crate) fn check_overlong(&mut self) {
        if self.listening.is_overlong() && !self.listening.awaited {
            self.ask_transcription();
        }
    }

    /// Lets a recogniser that streams hear what the other party says.
    pub(crate) fn stream_speech(&mut self) {
        if !self.config.hearing.streaming {
            return;
        }
        if let Some((utterance, from, audio)) = self.listening.next_piece() {
            self.effect(Effect::Listen { utterance, from, audio });
        }
    }

    /// Words that a recogniser that streams has so far.
    pub(crate) fn on_overheard(&mut self, utterance: u32, text: &str) {
        if let Some(text) = self.listening.overheard(utterance, text) {
            self.event(Event::UserInputTranscribed { text });
        }
    }

    /// The next sound belongs to another turn.
    fn next_utterance(&mut self) {
        if self.listening.is_streamed() {
            self.effect(Effect::StopListening);
        }
        self.listening.reset();
    }

    fn ask_transcription(&mut self) {
        if self.listening.awaited {
            self.effect(Effect::CancelTranscribe { utterance: self.listening.utterance });
        }
        let (utterance, audio) = self.listening.ask(self.now);
        self.effect(Effect::Transcribe { utterance, audio });
    }

    pub(crate) fn on_transcribed(&mut self, utterance: u32, result: Result<String, Failure>) {
        if utterance != self.listening.utterance || !self.listening.awaited {
            return;
        }
        match result {
            Ok(text) => self.on_words(&text),
            Err(failure) if failure.transient && self.listening.retries < RETRIES => {
                self.listening.retries += 1;
                self.event(Event::Error { message: failure.message, fatal: false });
                let audio = self.listening.ask_again();
                self.effect(Effect::Transcribe { utterance, audio });
            }
            Err(failure) => self.fail(failure.message),
        }
    }

    fn on_words(&mut self, text: &str) {
        self.listening.recognised(self.now, text);
        let text = self.listening.text();
        if !text.is_empty() {
            self.event(Event::UserInputTranscribed { text });
        }
        self.weigh_words();
    }

    /// What the words of this turn so far mean for who speaks.
    fn weigh_words(&mut self) {
        let text = self.listening.text();
        let playing = self.reply.as_ref().filter(|r| r.playout.started()).map(|r| r.paused);
        match playing {
            Some(true) if !self.listening.speaking => self.settle_interruption(&text),
            Some(false) if self.listening.aside && self.stops_at(&text) => self.take_floor(),
            Some(false) if self.listening.aside && !self.listening.speaking => self.ignore_aside(text),
            _ if self.listening.speaking => {}
            _ if text.is_empty() => self.forget_utterance(),
            None => self.begin_preemptively(),
            Some(_) => {}
        }
    }

    /// Something short, said into this party's speech, can't wait until it has been long: "stop".
    fn stops_at(&self, text: &str) -> bool {
        let l = &self.listening;
        self.config.interruption.enabled && (!l.speaking || l.is_asked()) && l.is_addressed() && self.takes_floor(text)
    }

    fn take_floor(&mut self) {
        self.interrupt();
        self.cut_reply();
        self.begin_preemptively();
    }

    /// Something short that does not take the floor: "okay", or what was meant for somebody else.
    pub(crate) fn ignore_aside(&mut self, text: String) {
        if is_backchannel(&text) {
            self.event(Event::Backchannel { text });
        } else if !text.is_empty() {
            self.event(Event::OverlapIgnored { text });
        }
        self.forget_utterance();
    }

    /// What was heard last was no turn.
    pub(crate) fn forget_utterance(&mut self) {
        // Noise before the first word is nobody who spoke: a call that begins so is opened as any other.
        self.anybody_spoke &= self.reply.is_some() || !self.history.items().is_empty();
        if self.listening.awaited {
            self.effect(Effect::CancelTranscribe { utterance: self.listening.utterance });
        }
        if let Some(line) = &mut self.line {
            line.forget_turn();
        }
        self.next_utterance();
    }

    pub(crate) fn begin_preemptively(&mut self) {
        let step_calls_tool = self.current_step().is_some_and(|s| s.call.is_some());
        if self.config.preemptive && !step_calls_tool && self.reply.is_none() && !self.alone {
            self.begin_reply(SpeechSource::Reply, false);
        }
    }

    /// When the turn is over unless the other party goes on; `None` while its words are awaited.
    pub(crate) fn end_of_turn_due(&self) -> Option<Mono> {
        if self.line.is_some() {
            return self.stretch_due();
        }
        let blocked = self.reply.as_ref().is_some_and(|r| r.committed);
        let l = &self.listening;
        if blocked || l.speaking || l.awaited || l.turn_began.is_none() || l.recognised_at.is_none() {
            return None;
        }
        Some(l.speech_until? + self.delay)
    }

    pub(crate) fn check_end_of_turn(&mut self) {
        if self.end_of_turn_due().is_none() {
            return;
        }
        self.delay = self.end_of_turn_delay();
        if self.end_of_turn_due().is_some_and(|at| self.now >= at) {
            if self.line.is_some() { self.end_stretch() } else { self.commit_turn() }
        }
    }

    /// Silence that ends this turn: longer where the words sound as if there were more to come.
    fn end_of_turn_delay(&mut self) -> Duration {
        let e = &self.config.endpointing;
        let learned = Duration::from_secs_f64(if e.dynamic { 1.5 * self.pause_average } else { 0.0 });
        let complete = learned.clamp(e.min_delay, e.max_delay.max(e.min_delay));
        let text = self.listening.text();
        let probability = self.end_of_turn.as_mut().map_or(1.0, |d| d.probability(&text, &self.history));
        // The less it sounds complete, the longer, up to the whole.
        let doubt = ((e.threshold - probability) / (0.8 * e.threshold)).clamp(0.0, 1.0);
        complete + e.max_delay.saturating_sub(complete).mul_f32(doubt)
    }

    /// A pause within a turn that has just ended tells how this speaker pauses.
    fn learn_pause(&mut self) {
        if let (Some(_), Some(until)) = (self.listening.turn_began, self.listening.speech_until) {
            let pause = self.listening.speech_since.since(until).as_secs_f64();
            self.pause_average = if self.pause_average == 0.0 { pause } else { 0.7 * self.pause_average + 0.3 * pause };
        }
    }

    /// The other party's turn is over: its words enter the history, and the reply may be heard.
    fn commit_turn(&mut self) {
        let mut text = self.listening.text();
        let (ended, recognised) = self.take_turn();
        if text.is_empty() {
            return;
        }
        let heard = text.clone();
        let wants_reply = self.hooks.on_user_turn_completed(&mut text, &self.history) && !self.alone;
        self.history.push_user(&text);
        let since_end = |at: Option<Mono>| at.zip(ended).map_or(0.0, |(a, e)| a.since(e).as_secs_f64() * 1e3);
        self.event(Event::UserTurnCompleted {
            text: heard.clone(),
            end_of_turn_delay_ms: since_end(Some(self.now)),
            transcription_delay_ms: since_end(recognised),
        });
        let fits = self.reply.as_ref().is_some_and(|r| r.answers == text);
        if !wants_reply || !fits {
            self.drop_reply();
        }
        if wants_reply {
            self.reply_to_turn(ended, recognised);
        }
    }

    /// The other party has had its turn; says when it fell silent, and when its words were there.
    pub(crate) fn take_turn(&mut self) -> (Option<Mono>, Option<Mono>) {
        let times = (self.listening.speech_until, self.listening.recognised_at);
        self.listening.learn_level();
        self.next_utterance();
        self.retry_at = None;
        self.collisions = 0;
        self.nudged = 0;
        self.to_say.retain(|(source, _)| *source != SpeechSource::Opening);
        times
    }

    pub(crate) fn reply_to_turn(&mut self, ended: Option<Mono>, recognised: Option<Mono>) {
        if self.reply.is_none() {
            self.begin_reply(SpeechSource::Reply, true);
        }
        let now = self.now;
        if let Some(reply) = &mut self.reply {
            reply.committed = true;
            reply.times.speech_ended = ended;
            reply.times.recognised = recognised;
            reply.times.turn_ended = Some(now);
        }
        self.announce_reply();
        self.run_calls();
        self.pump();
    }
}
