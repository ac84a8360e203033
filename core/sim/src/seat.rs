use crate::caller::{Caller, Stimulus};
use duologue_ids::Mono;
use duologue_media::{EarStats, MouthError, Packet};
use duologue_voice::{Input, Party, Request};

/// Who takes part in a duet.
pub enum Seat {
    /// An agent: a session that decides for itself.
    Agent(Box<Party>),
    /// A scripted caller, which does at given moments what it was told.
    Caller(Box<Caller>),
}

impl Seat {
    /// A packet of the other party has arrived.
    pub fn receive(&mut self, now: Mono, packet: Packet) {
        match self {
            Seat::Agent(party) => party.receive(now, packet),
            Seat::Caller(caller) => caller.receive(now, packet),
        }
    }

    /// Anything but sound.
    pub fn input(&mut self, now: Mono, input: Input) -> Vec<Request> {
        match self {
            Seat::Agent(party) => party.input(now, input),
            Seat::Caller(caller) => caller.input(now, input),
        }
    }

    /// Every 20 ms: hear, act, speak.
    ///
    /// # Errors
    /// What is said cannot be coded.
    pub fn tick(&mut self, now: Mono) -> Result<(Option<Packet>, Vec<Request>), MouthError> {
        match self {
            Seat::Agent(party) => party.tick(now),
            Seat::Caller(caller) => caller.tick(now),
        }
    }

    /// How well the other party's packets arrive.
    pub fn ear_stats(&self) -> EarStats {
        match self {
            Seat::Agent(party) => party.ear_stats(),
            Seat::Caller(caller) => caller.ear_stats(),
        }
    }

    pub(crate) fn take_stimuli(&mut self) -> Vec<Stimulus> {
        match self {
            Seat::Agent(_) => Vec::new(),
            Seat::Caller(caller) => caller.take_stimuli(),
        }
    }
}
