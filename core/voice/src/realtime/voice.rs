//! Replies of a model that speaks: asked for by number, played piece by piece, called off with what was heard of them.

use crate::effect::Failure;
use crate::event::{Event, SpeechSource};
use crate::reply::{Reply, Stage};
use crate::session::Session;
use crate::tools::END_CALL;
use duologue_chat::{Finish, HeardItem, Item, RealtimeCommand, ToolCall, ToolOutcome, Usage};
use std::time::Duration;

/// Most sound of one reply that waits to be played; a model that says more at a stretch has gone astray.
const LONGEST: Duration = Duration::from_secs(300);
/// Most pieces, and most tool calls, of one reply.
const MOST: usize = 64;

impl Session {
    /// Asks the model for the present reply, or for the rest of it once its tools have answered.
    pub(crate) fn respond(&mut self) {
        let go_on = self.line.as_mut().is_some_and(|l| std::mem::take(&mut l.go_on));
        let now = self.now;
        let Some(reply) = &mut self.reply else { return };
        reply.stage = Stage::Generating;
        reply.times.requested = Some(now);
        let wishes = [
            go_on.then(|| "You were cut off by a noise. Go on from where you were cut off; do not begin again.".into()),
            reply.given.as_ref().map(|text| format!("Say exactly these words and nothing else: {text}")),
            reply.hint.as_ref().map(|hint| format!("For your next line: {hint}")),
        ];
        let wishes: Vec<String> = wishes.into_iter().flatten().collect();
        // Instructions of a reply stand in place of the session's.
        let instructions =
            (!wishes.is_empty()).then(|| format!("{}\n\n{}", self.config.instructions, wishes.join("\n")));
        let turn = reply.turn;
        self.tell(RealtimeCommand::Respond { turn, instructions });
    }

    /// Begins a reply whose words are given; the model is trusted to say them.
    pub(crate) fn have_said(&mut self, source: SpeechSource, text: String) {
        self.turn += 1;
        let mut reply = Reply::new(self.turn, source, self.config.output_rate);
        reply.times.asked = Some(self.now);
        reply.given = Some(text);
        self.reply = Some(reply);
        self.announce_reply();
        self.respond();
    }

    /// The reply that the model speaks at this moment, where it has this number.
    fn answering(&mut self, turn: u32) -> Option<&mut Reply> {
        self.reply.as_mut().filter(|r| r.turn == turn && r.stage == Stage::Generating)
    }

    pub(super) fn on_sound(&mut self, turn: u32, item: &str, (rate, samples): (u32, &[i16])) {
        let now = self.now;
        let Some(reply) = self.answering(turn) else { return };
        let Some(piece) = reply.piece(item) else { return };
        reply.times.first_token.get_or_insert(now);
        reply.times.first_sound.get_or_insert(now);
        reply.playout.push(piece, rate, samples);
        if reply.playout.buffered() > LONGEST && reply.playout.outstanding() > 0 {
            // Nothing is added to a piece that is complete.
            reply.playout.complete(piece);
            let message = format!("the model spoke for more than {LONGEST:?} without a pause; the rest is left out");
            self.event(Event::Error { message, fatal: false });
        }
    }

    pub(super) fn on_reply_words(&mut self, turn: u32, item: &str, text: &str) {
        let Some(reply) = self.answering(turn) else { return };
        if let Some(piece) = reply.piece(item) {
            reply.playout.append_text(piece, text);
        }
    }

    pub(super) fn on_piece_done(&mut self, turn: u32, item: &str) {
        let Some(reply) = self.answering(turn) else { return };
        if let Some(piece) = reply.piece(item) {
            reply.playout.complete(piece);
            self.announce_all_words();
        }
    }

    /// The words of a piece have come since its playback began.
    fn announce_all_words(&mut self) {
        let Some(reply) = self.reply.as_ref().filter(|r| r.announced > 0) else { return };
        let event = Event::SpeechProgress { turn: reply.turn, text: reply.playout.begun_text() };
        self.event(event);
    }

    pub(super) fn on_model_calls(&mut self, turn: u32, call: ToolCall) {
        let now = self.now;
        let Some(reply) = self.answering(turn) else { return };
        reply.times.first_token.get_or_insert(now);
        if call.name == END_CALL {
            reply.end_call = true;
        } else if reply.calls.len() < MOST {
            reply.calls.push(call);
        }
    }

    pub(super) fn on_response_done(&mut self, turn: u32, usage: Option<Usage>) {
        let now = self.now;
        let Some(reply) = self.answering(turn) else { return };
        let generation_ms = reply.generation_ms(now);
        (0..reply.sent).for_each(|piece| reply.playout.complete(piece));
        if let Some(usage) = usage {
            self.event(Event::UsageCollected { turn, usage, generation_ms });
        }
        self.announce_all_words();
        self.on_written(Finish::Stop);
    }

    pub(super) fn on_response_failed(&mut self, turn: u32, failure: Failure) {
        if self.answering(turn).is_some() {
            self.on_generation_failed(failure);
        }
    }

    /// Nobody waits for this reply any more: the model forgets what was not heard of it.
    pub(crate) fn call_off_response(&mut self, reply: &Reply) {
        let heard = |(piece, item): (usize, &String)| {
            let until = reply.playout.reached(piece as u32)?;
            Some(HeardItem { item: item.clone(), until })
        };
        let heard = reply.pieces.iter().enumerate().filter_map(heard).collect();
        self.tell(RealtimeCommand::Cut { turn: reply.turn, heard });
        for call in &reply.calls {
            // A call without a result would confuse the model for the rest of the conversation.
            let outcome = ToolOutcome::Error("not carried out: the other party went on speaking".into());
            self.tell(RealtimeCommand::Add(Item::ToolResult { id: call.id.clone(), outcome }));
        }
    }
}

impl Reply {
    /// The number of a piece in the playout, a new one where it is new; `None` where there are too many.
    fn piece(&mut self, item: &str) -> Option<u32> {
        if let Some(at) = self.pieces.iter().position(|p| p == item) {
            return Some(at as u32);
        }
        if self.pieces.len() >= MOST {
            return None;
        }
        let number = self.sent;
        self.playout.expect(number, String::new());
        self.pieces.push(item.to_string());
        self.sent += 1;
        Some(number)
    }
}
