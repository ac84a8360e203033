use crate::effect::{Effect, Input};
use crate::event::Event;
use crate::session::{Output, Session};
use duologue_ids::Mono;
use duologue_media::{Codec, Ear, EarConfig, EarStats, Frame, Mouth, MouthError, Packet};

/// A session between its ear and its mouth: packets in, packets out.
///
/// This is what a room, a process and a simulation have in common, so all three run the same code.
pub struct Party {
    session: Session,
    ear: Ear,
    mouth: Mouth,
    next_frame: Option<Frame>,
    microphone: Option<Box<dyn Microphone>>,
}

/// What stands between a voice and its packets: noise of the room, a bad line. Agents have none; simulations put one in.
pub trait Microphone: Send {
    /// What is sent of these 20 ms: `voice` is what the party says, if anything. Called for every frame.
    fn pick_up(&mut self, voice: Option<Frame>) -> Option<Frame>;
}

/// What a party wants done, packets aside.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Perform this and bring the answer back by [`Party::input`].
    Effect(Effect),
    /// For those who watch.
    Event(Event),
}

/// Sample rate at which a session hears, Hz.
pub const HEARING_RATE: u32 = 16_000;

impl Party {
    /// A party that speaks by `codec`; `source` is the RTP synchronisation source of its packets.
    pub fn new(session: Session, codec: Codec, source: u32) -> Party {
        let mouth = Mouth::new(codec, session.config.output_rate, source);
        Party { session, ear: Ear::new(HEARING_RATE, EarConfig::default()), mouth, next_frame: None, microphone: None }
    }

    /// The same, heard through `microphone`.
    pub fn with_microphone(mut self, microphone: Box<dyn Microphone>) -> Party {
        self.microphone = Some(microphone);
        self
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// How well the other party's packets arrive.
    pub fn ear_stats(&self) -> EarStats {
        self.ear.stats()
    }

    /// A packet of the other party has arrived.
    pub fn receive(&mut self, now: Mono, packet: Packet) {
        self.ear.push(now, packet);
    }

    /// Anything but sound.
    pub fn input(&mut self, now: Mono, input: Input) -> Vec<Request> {
        self.session.handle(now, input);
        self.drain()
    }

    /// Every 20 ms: hear, think, speak.
    pub fn tick(&mut self, now: Mono) -> Result<(Option<Packet>, Vec<Request>), MouthError> {
        let heard = self.ear.pull(now);
        self.session.handle(now, Input::Audio(heard.frame));
        let requests = self.drain();
        let voice = self.next_frame.take();
        let sent = match &mut self.microphone {
            Some(microphone) => microphone.pick_up(voice),
            None => voice,
        };
        let packet = self.mouth.send(sent.as_ref())?;
        Ok((packet, requests))
    }

    fn drain(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        loop {
            match self.session.poll() {
                Output::Effect(effect) => requests.push(Request::Effect(effect)),
                Output::Event(event) => requests.push(Request::Event(event)),
                Output::Play(frame) => self.next_frame = Some(frame),
                Output::Timeout(_) => return requests,
            }
        }
    }
}
