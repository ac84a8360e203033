use crate::caller::Stimulus;
use crate::link::{Link, LinkConfig, LinkStats};
use crate::queue::Queue;
use crate::seat::Seat;
use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, FRAME, MouthError, Packet};
use duologue_voice::{
    CloseReason, EffectRunner, EndWatch, Event, Input, Limits, Party, Request, Session, SessionConfig, SessionError,
};
use std::time::Duration;

/// How long the party that did not hang up still listens, so that the last words are recognised too.
const LINGER: Duration = Duration::from_millis(2_500);

/// What two parties share.
#[derive(Clone, Debug)]
pub struct DuetConfig {
    /// How sound crosses.
    pub codec: Codec,
    /// The path from each party to the other.
    pub links: [LinkConfig; 2],
    /// When it is over.
    pub limits: Limits,
    /// Fate of packets.
    pub seed: Seed,
}

impl DuetConfig {
    /// For scripted providers: PCM, which keeps their words, and a perfect path.
    pub fn scripted() -> DuetConfig {
        DuetConfig {
            codec: Codec::L16 { rate: crate::BABBLE_RATE },
            links: [LinkConfig::IN_PROCESS; 2],
            limits: Limits::default(),
            seed: Seed(0),
        }
    }
}

/// Who watches a duet: the recorder, the terminal, a test.
pub trait Tap {
    /// Party `side` sent this packet.
    fn packet(&mut self, now: Mono, side: usize, packet: &Packet) {
        let _ = (now, side, packet);
    }

    /// Party `side` reports this.
    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        let _ = (now, side, event);
    }

    /// The scripted caller at `side` has made a sound.
    fn stimulus(&mut self, side: usize, stimulus: &Stimulus) {
        let _ = (side, stimulus);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTap;

impl Tap for NoTap {}

/// How a duet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub reason: CloseReason,
    /// The party that ended it, where one did.
    pub by: Option<usize>,
    /// When.
    pub at: Mono,
}

/// Why a duet can't be, or can't go on.
#[derive(Debug, thiserror::Error)]
pub enum DuetError {
    /// A party's configuration does not work.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The codec failed.
    #[error(transparent)]
    Codec(#[from] MouthError),
}

/// What is due. The `voice` of an arrival is what a loudspeaker there gives back.
enum Due {
    Tick(usize),
    Arrive { at_side: usize, packet: Packet, voice: Option<Packet> },
    Input { side: usize, input: Input },
}

/// Two parties joined by two links: all of a conversation that is not a provider, a clock or a file.
pub struct Duet<R, T> {
    seats: [Seat; 2],
    runners: [R; 2],
    links: [Link; 2],
    queue: Queue<Due>,
    watch: EndWatch,
    /// Who watches.
    pub tap: T,
    /// Decided, but the last words are still being recognised.
    ending: Option<Ending>,
    over: bool,
}

impl<R: EffectRunner, T: Tap> Duet<R, T> {
    /// Two parties that begin at time zero.
    pub fn new(config: DuetConfig, parties: [SessionConfig; 2], runners: [R; 2], tap: T) -> Result<Self, DuetError> {
        let sessions = parties.map(|mut p| {
            if let Codec::L16 { rate } = config.codec {
                p.output_rate = rate;
            }
            Session::new(p)
        });
        let [a, b] = sessions;
        let mut sessions = [a?, b?];
        if matches!(config.codec, Codec::L16 { .. }) {
            sessions = sessions.map(|s| s.with_vad(Box::new(duologue_media::EnergyVad::new(300.0))));
        }
        Ok(Duet::with_sessions(config, sessions, runners, tap))
    }

    /// The same with sessions that are made already, for another detector or hooks. [`SessionConfig::output_rate`] must
    /// be the rate of [`Codec::L16`] where the words of scripted providers are to arrive.
    pub fn with_sessions(config: DuetConfig, sessions: [Session; 2], runners: [R; 2], tap: T) -> Self {
        let [a, b] = sessions;
        let seats = [Party::new(a, config.codec, 1), Party::new(b, config.codec, 2)].map(|p| Seat::Agent(Box::new(p)));
        Duet::with_seats(config, seats, runners, tap)
    }

    /// The same with whoever takes part. Their codec has to be [`DuetConfig::codec`].
    pub fn with_seats(config: DuetConfig, seats: [Seat; 2], runners: [R; 2], tap: T) -> Self {
        let link = |side: usize| Link::new(config.links[side], config.seed.derive(&format!("link {side}")));
        let mut queue = Queue::default();
        for side in 0..2 {
            queue.push(Mono::ZERO, Due::Input { side, input: Input::Start });
            // Two clocks never tick together.
            queue.push(Mono::from_millis(10 * side as u64), Due::Tick(side));
        }
        let watch = EndWatch::new(config.limits, Mono::ZERO);
        Duet { seats, runners, links: [link(0), link(1)], queue, watch, tap, ending: None, over: false }
    }

    /// When the next thing is due; `None` once it is over.
    pub fn next(&self) -> Option<Mono> {
        if self.over { None } else { self.queue.next_due() }
    }

    /// Does all that is due up to `now`.
    pub fn advance(&mut self, now: Mono) -> Result<(), DuetError> {
        while !self.over {
            let Some((at, due)) = self.queue.pop_due(now) else { break };
            match due {
                Due::Tick(side) => self.tick(at, side)?,
                Due::Arrive { at_side, packet, voice } => {
                    self.links[1 - at_side].play(at, voice);
                    self.seats[at_side].receive(at, packet);
                }
                Due::Input { side, input } => self.input(at, side, input),
            }
            self.check_end(at);
        }
        Ok(())
    }

    /// Brings a live provider's answer.
    pub fn inject(&mut self, now: Mono, side: usize, input: Input) {
        self.queue.push(now, Due::Input { side, input });
    }

    /// Ends it for a reason from outside: somebody stopped it, its goal is reached.
    pub fn stop(&mut self, now: Mono, reason: CloseReason) {
        self.end(Ending { reason, by: None, at: now }, now);
    }

    /// How it ended, once it has.
    pub fn ended(&self) -> Option<Ending> {
        self.ending.filter(|_| self.over)
    }

    /// Spoken turns so far.
    pub fn turns(&self) -> u32 {
        self.watch.turns()
    }

    /// Who sits at `side`.
    pub fn seat(&self, side: usize) -> &Seat {
        &self.seats[side]
    }

    /// What the path from party `side` did.
    pub fn link_stats(&self, side: usize) -> LinkStats {
        self.links[side].stats()
    }

    fn tick(&mut self, now: Mono, side: usize) -> Result<(), DuetError> {
        self.queue.push(now + FRAME, Due::Tick(side));
        let (packet, requests) = self.seats[side].tick(now)?;
        if let Some(packet) = &packet {
            self.tap.packet(now, side, packet);
        }
        for stimulus in self.seats[side].take_stimuli() {
            self.tap.stimulus(side, &stimulus);
        }
        let voice = if self.links[side].has_echo() { packet.clone() } else { None };
        // Where this party is stands the far end of the other's link.
        if let Some(packet) = self.links[1 - side].far_end(now, packet)?
            && let Some(arrival) = self.links[side].arrival(now)
        {
            self.queue.push(arrival, Due::Arrive { at_side: 1 - side, packet, voice });
        }
        self.serve(now, side, requests);
        Ok(())
    }

    fn input(&mut self, now: Mono, side: usize, input: Input) {
        let requests = self.seats[side].input(now, input);
        self.serve(now, side, requests);
    }

    fn serve(&mut self, now: Mono, side: usize, requests: Vec<Request>) {
        for request in requests {
            match request {
                Request::Event(event) => {
                    self.watch.observe(now, side, &event);
                    self.tap.event(now, side, &event);
                    self.check_last_words(now, side, &event);
                }
                Request::Effect(effect) => {
                    for (delay, input) in self.runners[side].perform(now, effect) {
                        self.queue.push(now + delay, Due::Input { side, input });
                    }
                }
            }
        }
    }

    fn check_end(&mut self, now: Mono) {
        if let Some(ending) = self.ending {
            if now.since(ending.at) >= LINGER {
                self.end(ending, now);
            }
        } else if let Some((reason, by)) = self.watch.poll(now) {
            let ending = Ending { reason, by, at: now };
            match (reason, by) {
                (CloseReason::AgentEnded, Some(side)) => {
                    self.ending = Some(ending);
                    self.input(now, 1 - side, Input::PeerLeft);
                }
                _ => self.end(ending, now),
            }
        }
    }

    /// Once the party that was hung up on has recognised the last words, nothing is left to wait for.
    fn check_last_words(&mut self, now: Mono, side: usize, event: &Event) {
        let awaited = self.ending.filter(|e| e.by == Some(1 - side) && !self.over);
        if let (Some(ending), Event::UserTurnCompleted { .. }) = (awaited, event) {
            self.end(ending, now);
        }
    }

    fn end(&mut self, ending: Ending, now: Mono) {
        if self.over {
            return;
        }
        self.over = true;
        self.ending = Some(ending);
        for side in 0..2 {
            let reason = if ending.by == Some(1 - side) { CloseReason::PeerEnded } else { ending.reason };
            for request in self.seats[side].input(now, Input::Close(reason)) {
                if let Request::Event(event) = request {
                    self.watch.observe(now, side, &event);
                    self.tap.event(now, side, &event);
                }
            }
        }
    }
}

/// Runs a duet in virtual time until it is over.
pub fn run<R: EffectRunner, T: Tap>(duet: &mut Duet<R, T>) -> Result<Ending, DuetError> {
    while let Some(at) = duet.next() {
        duet.advance(at)?;
    }
    // A duet always has a tick due until it is over.
    Ok(duet.ended().unwrap_or(Ending { reason: CloseReason::Cancelled, by: None, at: Mono::ZERO }))
}
