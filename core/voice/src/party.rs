use crate::effect::{Effect, Input};
use crate::event::Event;
use crate::session::{Output, Session};
use duologue_ids::Mono;
use duologue_media::{Codec, Ear, EarConfig, EarStats, Frame, Mixer, Mouth, MouthError, Packet};

/// A session between its ear and its mouth: packets in, packets out.
///
/// This is what a room, a process and a simulation have in common, so all three run the same code.
pub struct Party {
    session: Session,
    /// By what they listen to; never empty.
    ears: Vec<(u32, Ear)>,
    mixer: Mixer,
    mouth: Mouth,
    next_frame: Option<Frame>,
    level: u8,
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
        let mixer = Mixer::new(HEARING_RATE);
        Party { session, ears: vec![ear(0)], mixer, mouth, next_frame: None, level: Frame::QUIETEST, microphone: None }
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
        self.ears.first().map(|(_, ear)| ear.stats()).unwrap_or_default()
    }

    /// A packet of the other party has arrived.
    pub fn receive(&mut self, now: Mono, packet: Packet) {
        self.receive_from(now, 0, packet);
    }

    /// The same where several may speak: `source` tells their streams of packets apart, and what they say at the same
    /// time is heard together.
    pub fn receive_from(&mut self, now: Mono, source: u32, packet: Packet) {
        match self.ears.iter_mut().find(|(of, _)| *of == source) {
            Some((_, ear)) => ear.push(now, packet),
            None => {
                let (of, mut new) = ear(source);
                new.push(now, packet);
                self.ears.push((of, new));
            }
        }
    }

    /// Nothing more comes from this source.
    pub fn forget(&mut self, source: u32) {
        self.ears.retain(|(of, _)| *of != source);
        if self.ears.is_empty() {
            self.ears.push(ear(0));
        }
    }

    /// How loud the frame is that [`Party::tick`] sent last, in dB below the loudest possible: 0 to 127 (RFC 6464 §3).
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Anything but sound.
    pub fn input(&mut self, now: Mono, input: Input) -> Vec<Request> {
        self.session.handle(now, input);
        self.drain()
    }

    /// Lets the next 20 ms be sent even if this party says nothing, so that others learn of its voice.
    pub fn announce(&mut self) {
        self.mouth.announce();
    }

    /// Every 20 ms: hear, think, speak.
    pub fn tick(&mut self, now: Mono) -> Result<(Option<Packet>, Vec<Request>), MouthError> {
        let heard = self.hear(now);
        self.session.handle(now, Input::Audio(heard));
        let requests = self.drain();
        let voice = self.next_frame.take();
        let sent = match &mut self.microphone {
            Some(microphone) => microphone.pick_up(voice),
            None => voice,
        };
        self.level = sent.as_ref().map_or(Frame::QUIETEST, Frame::level);
        let packet = self.mouth.send(sent.as_ref())?;
        Ok((packet, requests))
    }

    fn hear(&mut self, now: Mono) -> Frame {
        if let [(_, ear)] = self.ears.as_mut_slice() {
            return ear.pull(now).frame;
        }
        for (_, ear) in &mut self.ears {
            // All ears have the mixer's rate.
            drop(self.mixer.add(&ear.pull(now).frame));
        }
        self.mixer.take()
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

fn ear(source: u32) -> (u32, Ear) {
    (source, Ear::new(HEARING_RATE, EarConfig::default()))
}
