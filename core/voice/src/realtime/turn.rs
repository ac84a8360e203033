//! The other party's turn, as the model's detector and this party's own gate see it.
//!
//! The gate decides: it is the same for both brains, and knows this party's own speech from the other's. The detector's
//! commit says that the model has a stretch of speech in its conversation, so that a reply can be asked for. Where the
//! two disagree, neither is waited for without end.

use super::{LateTurn, Stretch, words};
use crate::event::{Event, SpeechSource};
use crate::hooks::is_backchannel;
use crate::session::Session;
use duologue_chat::RealtimeCommand;
use duologue_ids::Mono;

/// Most stretches of one turn, and most turns that wait for their words.
const MOST: usize = 64;

impl Session {
    pub(super) fn on_stretch_started(&mut self) {
        if let Some(line) = &mut self.line {
            line.hears_speech = true;
        }
    }

    /// A stretch of speech is part of the model's conversation.
    pub(super) fn on_stretch(&mut self, item: String) {
        let Some(line) = &mut self.line else { return };
        line.hears_speech = false;
        let playing = self.reply.as_ref().is_some_and(|r| r.playout.started());
        if self.listening.turn_began.is_none() {
            if playing {
                // The gate heard nothing, into a reply: it is no turn. Its words will be told apart when they come.
                return;
            }
            self.listening.turn_began = Some(self.now);
            self.listening.speech_until = Some(self.now);
        }
        if line.stretches.len() < MOST {
            line.stretches.push(Stretch { item, text: None });
        }
        if !playing {
            // It would answer less than what was said.
            self.drop_reply();
        }
        self.prepare_answer();
    }

    /// Asks for a reply before the turn is known to be over, where that is wanted.
    pub(crate) fn prepare_answer(&mut self) {
        let answerable = self.line.as_ref().is_some_and(super::Line::is_answerable);
        if answerable && !self.listening.speaking {
            self.begin_preemptively();
        }
    }

    /// The words of a stretch: of the present turn, of one that is over, or of something said aside.
    pub(super) fn on_stretch_words(&mut self, item: &str, text: String) {
        let Some(line) = &mut self.line else { return };
        let playing = self.reply.as_ref().is_some_and(|r| r.playout.started());
        if let Some(stretch) = line.stretches.iter_mut().find(|s| s.item == item) {
            stretch.text = Some(text);
            let (text, all) = words(&line.stretches);
            self.listening.set_words(self.now, text.clone());
            self.announce_words(&text);
            if all && playing && self.listening.aside && !self.listening.speaking {
                self.ignore_aside(text);
            }
            return;
        }
        let late = line.late.iter_mut().enumerate();
        let found = late.flat_map(|(at, t)| t.stretches.iter_mut().map(move |s| (at, s))).find(|(_, s)| s.item == item);
        if let Some((at, stretch)) = found {
            stretch.text = Some(text);
            self.settle(at);
        } else if is_backchannel(&text) {
            self.event(Event::Backchannel { text });
        } else if !text.trim().is_empty() {
            self.event(Event::OverlapIgnored { text });
        }
    }

    fn announce_words(&mut self, text: &str) {
        if !text.is_empty() {
            self.event(Event::UserInputTranscribed { text: text.to_string() });
        }
    }

    /// When the turn is over, or when it has to be settled what became of it.
    pub(crate) fn stretch_due(&self) -> Option<Mono> {
        let line = self.line.as_ref()?;
        let blocked = self.reply.as_ref().is_some_and(|r| r.committed);
        if blocked || self.listening.speaking || self.listening.turn_began.is_none() {
            return None;
        }
        let ended = self.listening.speech_until?;
        let patience = self.config.endpointing.max_delay.max(self.delay);
        Some(match line.forced_at {
            _ if line.is_answerable() => ended + self.delay,
            Some(forced) => forced + patience,
            None if line.hears_speech => ended + 2 * patience,
            None if line.cut.is_some() => ended + self.config.interruption.false_timeout,
            None => ended + patience,
        })
    }

    /// The time has come: the turn is answered, or it was none.
    pub(crate) fn end_stretch(&mut self) {
        let Some(line) = &mut self.line else { return };
        if line.is_answerable() {
            self.commit_stretches();
        } else if let (true, Some(turn)) = (line.heard_nothing(), line.cut) {
            self.forget_utterance();
            self.go_on(turn);
        } else if line.forced_at.is_none() {
            line.forced_at = Some(self.now);
            self.tell(RealtimeCommand::Commit);
        } else {
            line.hears_speech = false;
            self.forget_utterance();
        }
    }

    /// The other party's turn is over. Its words enter the history now, or when they come.
    fn commit_stretches(&mut self) {
        let Some(line) = &mut self.line else { return };
        let (stretches, cut) = (std::mem::take(&mut line.stretches), line.cut);
        line.forget_turn();
        let (text, all) = words(&stretches);
        let (ended, recognised) = self.take_turn();
        if let (Some(turn), true) = (cut, all && (text.is_empty() || is_backchannel(&text))) {
            return self.go_on(turn);
        }
        if all && text.is_empty() {
            return self.drop_reply();
        }
        let (at, decided) = (self.history.items().len(), self.now);
        let answered_by = self.reply.as_ref().map_or(self.turn + 1, |r| r.turn);
        let Some(line) = &mut self.line else { return };
        line.late.push_back(LateTurn { stretches, at, ended, decided, answered_by });
        let newest = line.late.len() - 1;
        let wants_reply = self.settle(newest);
        if self.line.as_ref().is_some_and(|l| l.late.len() > MOST) {
            self.settle_now(0);
        }
        if wants_reply {
            self.reply_to_turn(ended, recognised.filter(|_| all));
        }
    }

    /// A reply was cut off, and nobody had said anything.
    fn go_on(&mut self, turn: u32) {
        self.event(Event::FalseInterruption { turn });
        self.drop_reply();
        if let Some(line) = &mut self.line {
            line.go_on = true;
        }
        self.begin_reply(SpeechSource::Reply, true);
        self.announce_reply();
    }

    /// A turn whose words may all be there now; `false` where the application wants no reply to it.
    fn settle(&mut self, at: usize) -> bool {
        let complete = self.line.as_ref().and_then(|l| l.late.get(at)).is_some_and(|t| words(&t.stretches).1);
        if complete { self.settle_now(at) } else { true }
    }

    /// A turn gets the words that are there.
    fn settle_now(&mut self, at: usize) -> bool {
        let Some(turn) = self.line.as_mut().and_then(|l| l.late.remove(at)) else { return true };
        let (heard, _) = words(&turn.stretches);
        if heard.is_empty() {
            return true;
        }
        let mut text = heard.clone();
        let wants_reply = self.hooks.on_user_turn_completed(&mut text, &self.history);
        if self.history.insert_user(turn.at, &text) {
            let later = self.line.iter_mut().flat_map(|l| &mut l.late).filter(|t| t.at > turn.at);
            later.for_each(|t| t.at += 1);
        }
        let since_end = |at: Mono| turn.ended.map_or(0.0, |ended| at.since(ended).as_secs_f64() * 1e3);
        self.event(Event::UserTurnCompleted {
            text: heard,
            end_of_turn_delay_ms: since_end(turn.decided),
            transcription_delay_ms: since_end(self.now),
        });
        let unheard = |r: &&crate::reply::Reply| r.turn == turn.answered_by && !r.playout.started();
        if !wants_reply && self.reply.as_ref().filter(unheard).is_some() {
            self.drop_reply();
        }
        wants_reply
    }

    /// The session ends: what is known of turns enters the history.
    pub(crate) fn settle_all(&mut self) {
        while self.line.as_ref().is_some_and(|l| !l.late.is_empty()) {
            self.settle_now(0);
        }
    }

    /// A reply was heard to its end. What the gate took for speech within it, and the model did not, was none.
    pub(crate) fn forget_unheard_aside(&mut self) {
        let nothing = self.line.as_ref().is_some_and(super::Line::heard_nothing);
        if nothing && self.listening.aside && !self.listening.speaking {
            self.forget_utterance();
        }
    }
}
