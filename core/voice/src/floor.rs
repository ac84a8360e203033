//! Who has the floor: openings, nudges, collisions, interruptions.

use crate::config::Opening;
use crate::event::{CloseReason, Event, SpeechSource};
use crate::hooks::is_backchannel;
use crate::session::Session;
use duologue_ids::Mono;

impl Session {
    /// Nobody speaks, nobody is about to.
    pub(crate) fn floor_is_free(&self) -> bool {
        self.reply.is_none() && !self.listening.speaking && self.listening.turn_began.is_none() && !self.alone
    }

    /// Nobody hears this party any more: what it is saying ends here, and it begins nothing new.
    pub(crate) fn on_peer_left(&mut self) {
        self.alone = true;
        match self.reply.as_ref().map(|r| r.playout.started()) {
            Some(true) => self.cut_reply(),
            Some(false) => self.drop_reply(),
            None => {}
        }
        self.to_say.clear();
        self.retry_at = None;
    }

    /// When to try again after giving way.
    pub(crate) fn retry_due(&self) -> Option<Mono> {
        self.retry_at.filter(|_| self.floor_is_free())
    }

    /// Says what waits to be said, once the floor is free.
    pub(crate) fn check_opening(&mut self) {
        if !self.floor_is_free() || self.retry_at.is_some_and(|at| self.now < at) {
            return;
        }
        if let Some((source, text)) = self.to_say.pop_front() {
            self.retry_at = None;
            self.begin_saying(source, text);
        } else if self.retry_at.take().is_some() {
            self.begin_reply(SpeechSource::Opening, true);
        }
    }

    /// Sets the time at which this party breaks the silence, and forgets it where there is none.
    pub(crate) fn plan_nudge(&mut self) {
        let range = if self.anybody_spoke { self.config.nudge.silence } else { self.config.nudge.opening };
        let after = self.draw(range);
        self.nudge_at = Some(self.now + after);
    }

    /// Breaks a silence that has lasted too long.
    pub(crate) fn check_nudge(&mut self) {
        #[cfg(feature = "planted-faults")]
        if self.nudge_is_lost() {
            self.nudge_at = None;
            return;
        }
        if !self.floor_is_free() {
            self.nudge_at = None;
        } else if let Some(at) = self.nudge_at {
            if self.now >= at {
                self.nudge();
            }
        } else {
            self.plan_nudge();
        }
    }

    fn nudge(&mut self) {
        self.nudge_at = None;
        if self.nudged >= self.config.nudge.most {
            return self.close(CloseReason::Inactivity);
        }
        self.nudged += 1;
        self.event(Event::Nudged);
        self.begin_reply(SpeechSource::Nudge, true);
    }

    /// The other party begins to speak while this party does: a collision where both have just begun.
    pub(crate) fn check_collision(&mut self) -> bool {
        let Some(reply) = &self.reply else { return false };
        let Some(played) = reply.times.played else { return false };
        if reply.paused || self.listening.speech_since.since(played) > self.config.collision.window {
            return false;
        }
        let yielded = self.config.collision.yields;
        self.event(Event::Collision { yielded });
        if yielded {
            let again = match (reply_opening(&self.config.opening), self.reply.as_ref().map(|r| r.source)) {
                (Some(text), Some(SpeechSource::Opening)) => Some(text),
                _ => None,
            };
            self.cut_reply();
            if let Some(text) = again {
                self.to_say.push_front((SpeechSource::Opening, text));
            }
            // As on a shared wire: each collision in a row doubles the range, so that two of the same mind part.
            let (low, high) = self.config.collision.backoff;
            let after = self.draw((low, high * (1 << self.collisions.min(3))));
            self.collisions += 1;
            self.retry_at = Some(self.now + after);
        }
        yielded
    }

    /// The other party has spoken long enough into this party's speech: stop at once, decide later what it was.
    pub(crate) fn check_barge_in(&mut self) {
        let long_enough = self.listening.length() >= self.config.interruption.min_duration;
        if self.config.interruption.enabled
            && self.listening.speaking
            && self.reply.as_ref().is_some_and(|r| !r.paused && r.playout.started())
            && long_enough
            && self.listening.is_addressed()
            && self.listening.is_clear()
        {
            self.interrupt();
        }
    }

    /// Stops the voice.
    pub(crate) fn interrupt(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        if self.line.is_none() && reply.is_all_sent() && reply.playout.is_nearly_over() {
            // It ends before anybody notices; stopped, the rest might come a second later.
            return;
        }
        reply.paused = true;
        self.listening.aside = false;
        let turn = reply.turn;
        self.event(Event::Interrupted { turn });
        match &mut self.line {
            // A model that goes on speaking, unheard, costs and believes that it was heard.
            Some(line) => {
                line.cut = Some(turn);
                self.cut_reply();
            }
            None => self.set_state(crate::AgentState::Listening),
        }
    }

    /// Decides, now that the words are there, whether the pause was an interruption.
    pub(crate) fn settle_interruption(&mut self, text: &str) {
        if self.takes_floor(text) {
            self.cut_reply();
            self.begin_preemptively();
            return;
        }
        if is_backchannel(text) {
            self.event(Event::Backchannel { text: text.to_string() });
        }
        self.resume_reply();
    }

    /// Words that are no backchannel, and enough of them.
    pub(crate) fn takes_floor(&self, text: &str) -> bool {
        let words = text.split_whitespace().count();
        words >= self.config.interruption.min_words.max(1) && !is_backchannel(text)
    }

    /// When playback goes on unless words come.
    pub(crate) fn false_interruption_due(&self) -> Option<Mono> {
        let paused = self.reply.as_ref().is_some_and(|r| r.paused);
        if !paused || self.listening.speaking {
            return None;
        }
        Some(self.listening.speech_until? + self.config.interruption.false_timeout)
    }

    pub(crate) fn check_false_interruption(&mut self) {
        if self.false_interruption_due().is_some_and(|at| self.now >= at) {
            self.resume_reply();
        }
    }

    fn resume_reply(&mut self) {
        let Some(reply) = &mut self.reply else { return };
        reply.paused = false;
        let turn = reply.turn;
        if self.listening.awaited {
            // Words that come late may still take the floor.
            self.listening.aside = true;
        } else {
            self.forget_utterance();
        }
        self.event(Event::FalseInterruption { turn });
        self.set_state(crate::AgentState::Speaking);
    }
}

fn reply_opening(opening: &Opening) -> Option<String> {
    match opening {
        Opening::Say(text) => Some(text.clone()),
        Opening::Wait | Opening::Generate => None,
    }
}
