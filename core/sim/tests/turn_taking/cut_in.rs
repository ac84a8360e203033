//! How soon an agent is silent once somebody cuts in, in two hundred different ways: through the link, its packets and
//! the jitter buffer, with the detector that the product uses.

use crate::log::{FRAME, SEEDS};
use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, Ear, EarConfig, Frame, Mouth, Packet, PacketDecoder};
use duologue_sim::{BABBLE_RATE, Link, LinkConfig, Queue, ScriptedRunner, babble};
use duologue_voice::{EffectRunner, Event, HEARING_RATE, Input, Opening, Party, Request, Session, SessionConfig};
use std::collections::BTreeSet;
use std::time::Duration;

/// 48 kHz mono behind a header of 44 bytes.
const SPEECH: &[u8] = include_bytes!("../../../../benches/voice/speech48.wav");
/// As [`EarConfig::default`] has it, up to the next frame, and a frame more where the first packets show a rough path.
const JITTER_BUFFER: Duration = Duration::from_millis(40 + 20 + 20);
/// Two windows of the detector.
const ONSET: Duration = Duration::from_millis(32);
const CODEC: Codec = Codec::L16 { rate: BABBLE_RATE };

/// One way of cutting in.
struct Case {
    min_duration: Duration,
    /// First packet sent; it has its own clock, so it comes at any phase of the agent's.
    begins: Mono,
    link: LinkConfig,
    /// A recorded voice at 48 kHz every other time, babble of any pitch else.
    voice: Vec<Frame>,
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut rng = Seed(seed).derive("cut in").rng();
        let ms = Duration::from_millis;
        let pitch_hz = 90.0 + 150.0 * rng.unit() as f32;
        let (rate, voice) = match seed % 2 {
            0 => (BABBLE_RATE, babble("Wait, stop, I only want to know about my order please", pitch_hz, 1.0)),
            _ => (48_000, SPEECH[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
        };
        let frame = |samples: &[i16]| Frame::new(rate, samples.to_vec()).expect("20 ms");
        Case {
            min_duration: rng.between(ms(200), ms(900)),
            begins: Mono::ZERO + rng.between(ms(1_000), ms(3_000)),
            link: LinkConfig {
                delay: rng.between(ms(0), ms(80)),
                jitter: rng.between(ms(0), ms(40)),
                loss: 0.01,
                echo: None,
            },
            voice: voice.chunks_exact(rate as usize / 50).map(frame).collect(),
        }
    }
}

enum Due {
    Tick,
    Send(usize),
    Arrive(Packet),
    Input(Input),
}

/// Joe tells a long story, somebody cuts in.
struct Call {
    joe: Party,
    runner: ScriptedRunner,
    /// Gets the same packets at the same times as Joe's own ear, hence hears the same.
    twin: Ear,
    voice: Vec<Frame>,
    mouth: Mouth,
    link: Link,
    queue: Queue<Due>,
    /// When the first packet was there.
    arrived: Option<Mono>,
    /// When the jitter buffer gave Joe the first frame of speech.
    heard: Option<Mono>,
    interrupted: Option<Mono>,
    /// Where the last sound that Joe sent ends.
    sounded: Mono,
    events: Vec<Event>,
}

impl Call {
    fn new(seed: u64, case: &Case) -> Call {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        let story = "Before we begin I have to tell you a rather long story about all the things that we keep. ";
        config.opening = Opening::Say(story.repeat(3));
        config.output_rate = BABBLE_RATE;
        config.seed = Seed(seed);
        config.interruption.min_duration = case.min_duration;
        let rate = case.voice[0].rate();
        let mut queue = Queue::default();
        queue.push(Mono::ZERO, Due::Input(Input::Start));
        queue.push(Mono::ZERO, Due::Tick);
        queue.push(case.begins, Due::Send(0));
        Call {
            joe: Party::new(Session::new(config).expect("valid"), CODEC, 1),
            runner: ScriptedRunner::new(["I see. Go on, please."]),
            twin: Ear::new(HEARING_RATE, EarConfig::default()),
            voice: case.voice.clone(),
            mouth: Mouth::new(CODEC, rate, 2),
            link: Link::new(case.link, Seed(seed)),
            queue,
            arrived: None,
            heard: None,
            interrupted: None,
            sounded: Mono::ZERO,
            events: Vec::new(),
        }
    }

    /// Goes on until a little after Joe was interrupted.
    fn run(&mut self) {
        while let Some((now, due)) = self.queue.pop_due(Mono::from_millis(6_000)) {
            let requests = match due {
                Due::Tick => self.tick(now),
                Due::Send(n) => self.send(now, n),
                Due::Arrive(packet) => self.arrive(now, packet),
                Due::Input(input) => self.joe.input(now, input),
            };
            self.serve(now, requests);
            if self.interrupted.is_some_and(|at| now.since(at) > Duration::from_millis(200)) {
                return;
            }
        }
    }

    fn tick(&mut self, now: Mono) -> Vec<Request> {
        self.queue.push(now + FRAME, Due::Tick);
        if !self.twin.pull(now).frame.is_silent() {
            self.heard.get_or_insert(now);
        }
        let (packet, requests) = self.joe.tick(now).expect("PCM");
        if let Some(length) = packet.as_ref().and_then(sound_in) {
            self.sounded = now + length;
        }
        requests
    }

    fn send(&mut self, now: Mono, n: usize) -> Vec<Request> {
        self.queue.push(now + FRAME, Due::Send(n + 1));
        let packet = self.mouth.send(self.voice.get(n)).expect("PCM");
        if let (Some(packet), Some(at)) = (packet, self.link.arrival(now)) {
            self.queue.push(at, Due::Arrive(packet));
        }
        Vec::new()
    }

    fn arrive(&mut self, now: Mono, packet: Packet) -> Vec<Request> {
        self.arrived.get_or_insert(now);
        self.twin.push(now, packet.clone());
        self.joe.receive(now, packet);
        Vec::new()
    }

    fn serve(&mut self, now: Mono, requests: Vec<Request>) {
        for request in requests {
            match request {
                Request::Effect(effect) => {
                    for (after, input) in self.runner.perform(now, effect) {
                        self.queue.push(now + after, Due::Input(input));
                    }
                }
                Request::Event(event) => {
                    if matches!(event, Event::Interrupted { .. }) {
                        self.interrupted.get_or_insert(now);
                    }
                    self.events.push(event);
                }
            }
        }
    }
}

/// How much of a packet, from its beginning, is sound.
fn sound_in(packet: &Packet) -> Option<Duration> {
    let mut samples = Vec::new();
    PacketDecoder::new(BABBLE_RATE).decode(packet, &mut samples).expect("PCM");
    let last = samples.iter().rposition(|&s| s != 0)?;
    Some(Duration::from_secs(1) * (last as u32 + 1) / BABBLE_RATE)
}

/// From the first frame of speech that the agent can hear to the last sample that it sounds, the 5 ms included in which
/// a voice that is cut off runs out. The detector's own lag (earshot needs one or two windows of 16 ms to see a voice)
/// is within the 32 ms, the rounding to frames on both sides within the two frames. What the jitter buffer waits before,
/// as it does with all speech, is held apart.
#[test]
fn barge_in_stops_the_voice_after_the_configured_minimum() {
    let mut cases = BTreeSet::new();
    for seed in 0..SEEDS {
        let case = Case::new(seed);
        let mut call = Call::new(seed, &case);
        call.run();
        let at = format!("seed {seed}: {:?} after {:?} over {:?}", case.min_duration, case.begins, case.link);
        let (arrived, heard) = call.arrived.zip(call.heard).expect("speech arrives");
        assert!(heard.since(arrived) <= JITTER_BUFFER, "{at}: buffered for {:?}", heard.since(arrived));
        assert_eq!(call.events.iter().filter(|e| matches!(e, Event::Interrupted { .. })).count(), 1, "{at}");
        let took = call.sounded.since(heard);
        // The first frame brings 20 ms of speech with it.
        assert!(took + FRAME >= case.min_duration, "{at}: only {took:?}");
        assert!(took <= case.min_duration + ONSET + 2 * FRAME, "{at}: {took:?}");
        cases.insert((case.min_duration, case.begins, case.link.delay, case.link.jitter));
    }
    assert_eq!(cases.len() as u64, SEEDS, "no case twice");
}
