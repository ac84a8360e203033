//! A caller by script: it does at given moments what real callers do (interrupts, says "mhm", coughs, falls silent,
//! speaks to somebody else, spells), and notes when it did. No model, no decisions: a measuring instrument.

mod act;
mod voice;

pub use act::{Act, Interjection, Stimulus, StimulusKind};

use duologue_ids::{Mono, Seed, SeededRng};
use duologue_media::{
    Codec, Ear, EarConfig, EarStats, FRAME, Frame, GateConfig, Mouth, MouthError, Packet, SpeechGate, Vad,
};
use duologue_voice::{AgentState, CloseReason, Effect, Event, HEARING_RATE, Input, Microphone, Request, SpeechSource};
use std::collections::VecDeque;
use std::time::Duration;
use voice::Studio;

/// How long a caller takes to answer once the other party is silent.
const REACTION: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(700));
/// So often the other party speaks, each time not long enough, until a caller gives up to cut in.
const TOO_SHORT: u32 = 3;
/// Sound before the start of what is heard that belongs to it.
const PRE_ROLL_FRAMES: usize = 15;

/// A scripted caller, before it begins.
#[derive(Clone, Debug)]
pub struct CallerConfig {
    /// What it does.
    pub acts: Vec<Act>,
    /// It speaks first, and does not wait for the other party's greeting.
    pub opens: bool,
    /// Unanswered for so long, it goes on with its next act.
    pub patience: Duration,
    /// Sample rate of its voice, Hz: 8, 16, 24 or 48 kHz.
    pub output_rate: u32,
    /// All its randomness.
    pub seed: Seed,
}

/// One party's side of a conversation, by script. Beside a [`duologue_voice::Party`] it has the same way in and out.
pub struct Caller {
    config: CallerConfig,
    acts: VecDeque<(u32, Act)>,
    studio: Studio,
    ear: Ear,
    mouth: Mouth,
    gate: SpeechGate,
    microphone: Option<Box<dyn Microphone>>,
    rng: SeededRng,
    other: Other,
    speaking: Option<Speaking>,
    /// When the act that is next became that, and how long this caller takes to react.
    act_since: Mono,
    reaction: Duration,
    /// What is heard, from shortly before the other party's first word.
    heard: VecDeque<i16>,
    utterance: u32,
    done: Vec<Stimulus>,
    closed: bool,
    /// The other party hung up.
    alone: bool,
}

/// What is heard of the other party.
struct Other {
    speaking_since: Option<Mono>,
    silent_since: Mono,
    /// It has spoken since this caller's last turn.
    answered: bool,
    /// How often it has spoken while the act that is next waited.
    spoken: u32,
}

struct Speaking {
    act: u32,
    kind: StimulusKind,
    text: String,
    sound: Vec<i16>,
    at: usize,
    start: Mono,
}

impl Caller {
    /// A caller that speaks by `codec`, hears through `vad`; `source` is the RTP source of its packets.
    pub fn new(config: CallerConfig, codec: Codec, source: u32, vad: Box<dyn Vad>) -> Caller {
        let mut rng = config.seed.derive("caller").rng();
        let acts: VecDeque<(u32, Act)> = (1..).zip(config.acts.iter().cloned()).collect();
        let studio = Studio::new(&acts, config.output_rate, &mut rng);
        let reaction = rng.between(REACTION.0, REACTION.1);
        Caller {
            acts,
            studio,
            ear: Ear::new(HEARING_RATE, EarConfig::default()),
            mouth: Mouth::new(codec, config.output_rate, source),
            gate: SpeechGate::new(vad, GateConfig::default()),
            microphone: None,
            rng,
            other: Other { speaking_since: None, silent_since: Mono::ZERO, answered: config.opens, spoken: 0 },
            speaking: None,
            act_since: Mono::ZERO,
            reaction,
            heard: VecDeque::new(),
            utterance: 0,
            done: Vec::new(),
            closed: false,
            alone: false,
            config,
        }
    }

    /// The same, heard through `microphone`.
    pub fn with_microphone(mut self, microphone: Option<Box<dyn Microphone>>) -> Caller {
        self.microphone = microphone;
        self
    }

    /// How well the other party's packets arrive.
    pub fn ear_stats(&self) -> EarStats {
        self.ear.stats()
    }

    /// The sounds that it finished since this was last asked.
    pub fn take_stimuli(&mut self) -> Vec<Stimulus> {
        std::mem::take(&mut self.done)
    }

    /// A packet of the other party has arrived.
    pub fn receive(&mut self, now: Mono, packet: Packet) {
        self.ear.push(now, packet);
    }

    /// Anything but sound.
    pub fn input(&mut self, now: Mono, input: Input) -> Vec<Request> {
        match input {
            Input::Start => self.studio.orders().map(Request::Effect).collect(),
            Input::Spoken { turn, clause, result } => {
                self.studio.take(turn, clause, result);
                Vec::new()
            }
            Input::Transcribed { result: Ok(text), .. } => {
                let event = Event::UserTurnCompleted { text, end_of_turn_delay_ms: 0.0, transcription_delay_ms: 0.0 };
                vec![Request::Event(event)]
            }
            Input::PeerLeft => {
                self.alone = true;
                self.speaking.take().map(|s| self.finished(now, s, true)).unwrap_or_default()
            }
            Input::Close(reason) if !self.closed => {
                self.closed = true;
                let cut = self.speaking.take().map(|s| self.finished(now, s, true)).unwrap_or_default();
                cut.into_iter().chain([Request::Event(Event::Closed { reason })]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Every 20 ms: hear, act, speak.
    pub fn tick(&mut self, now: Mono) -> Result<(Option<Packet>, Vec<Request>), MouthError> {
        let mut requests = Vec::new();
        self.hear(now, &mut requests);
        if !self.closed && !self.alone && self.speaking.is_none() {
            self.act(now, &mut requests);
        }
        let voice = self.speak(now, &mut requests);
        let sent = match &mut self.microphone {
            Some(microphone) => microphone.pick_up(voice),
            None => voice,
        };
        Ok((self.mouth.send(sent.as_ref())?, requests))
    }

    fn hear(&mut self, now: Mono, requests: &mut Vec<Request>) {
        let frame = self.ear.pull(now).frame;
        let update = self.gate.push(&frame);
        self.heard.extend(frame.samples());
        if update.started {
            self.other.speaking_since = Some(now);
            self.other.answered = true;
        }
        if update.stopped && self.other.speaking_since.take().is_some() {
            self.other.silent_since = now;
            self.other.spoken += 1;
            self.utterance += 1;
            let audio = std::mem::take(&mut self.heard).into_iter().collect::<Vec<_>>().into();
            requests.push(Request::Effect(Effect::Transcribe { utterance: self.utterance, audio }));
        } else if !update.speaking {
            let spare = self.heard.len().saturating_sub(PRE_ROLL_FRAMES * frame.samples().len());
            self.heard.drain(..spare);
        }
    }

    /// Begins the next act, where its time has come.
    fn act(&mut self, now: Mono, requests: &mut Vec<Request>) {
        let Some((number, act)) = self.acts.front().cloned() else {
            return self.hang_up(now, requests);
        };
        let waited = now.since(self.act_since.max(self.other.silent_since));
        let floor_is_free = self.other.speaking_since.is_none()
            && (self.other.answered && waited >= self.reaction || waited >= self.config.patience);
        match &act {
            Act::Say(_) | Act::Spell(_) if floor_is_free => self.begin(now, number, &act, requests),
            Act::During { after, .. } => match self.other.speaking_since {
                Some(since) if now.since(since) >= *after => self.begin(now, number, &act, requests),
                Some(_) => {}
                // The other party did not speak long enough; it will not. One that asks whether anybody is there does not
                // let patience come to its end.
                None if waited >= self.config.patience && self.other.answered => self.next_act(now),
                None if floor_is_free && self.other.spoken >= TOO_SHORT => self.next_act(now),
                None => {}
            },
            Act::Silent(long) if now.since(self.act_since) >= *long => self.next_act(now),
            Act::HangUp => self.hang_up(now, requests),
            Act::Say(_) | Act::Spell(_) | Act::Silent(_) => {}
        }
    }

    fn hang_up(&mut self, now: Mono, requests: &mut Vec<Request>) {
        let quiet = now.since(self.act_since.max(self.other.silent_since));
        let silent = self.other.speaking_since.is_none();
        if silent && (self.other.answered && quiet >= 2 * self.reaction || quiet >= self.config.patience) {
            self.closed = true;
            requests.push(Request::Event(Event::Closed { reason: CloseReason::AgentEnded }));
        }
    }

    fn begin(&mut self, now: Mono, number: u32, act: &Act, requests: &mut Vec<Request>) {
        let (Some(kind), Some(sound)) = (act.kind(), self.studio.sound(number, act)) else { return };
        let text = self.studio.text(number);
        if !text.is_empty() {
            requests.push(Request::Event(Event::SpeechCreated { turn: number, source: SpeechSource::Say, hint: None }));
            requests.push(Request::Event(Event::AgentStateChanged { state: AgentState::Speaking }));
            requests.push(Request::Event(Event::SpeechProgress { turn: number, text: text.clone() }));
        }
        self.speaking = Some(Speaking { act: number, kind, text, sound, at: 0, start: now });
        self.next_act(now);
    }

    fn next_act(&mut self, now: Mono) {
        self.acts.pop_front();
        self.act_since = now;
        self.other.spoken = 0;
        self.reaction = self.rng.between(REACTION.0, REACTION.1);
    }

    fn speak(&mut self, now: Mono, requests: &mut Vec<Request>) -> Option<Frame> {
        let speaking = self.speaking.as_mut()?;
        let length = self.config.output_rate as usize / 50;
        let rest = &speaking.sound[speaking.at.min(speaking.sound.len())..];
        let mut samples = rest[..rest.len().min(length)].to_vec();
        speaking.at += length;
        if speaking.at >= speaking.sound.len()
            && let Some(speaking) = self.speaking.take()
        {
            requests.extend(self.finished(now + FRAME, speaking, false));
        }
        samples.resize(length, 0);
        Frame::new(self.config.output_rate, samples).ok()
    }

    fn finished(&mut self, now: Mono, speaking: Speaking, interrupted: bool) -> Vec<Request> {
        let Speaking { act, kind, text, start, .. } = speaking;
        if matches!(kind, StimulusKind::Turn | StimulusKind::Interruption) {
            // Whoever has the floor now owes an answer.
            self.other.answered = false;
            self.act_since = now;
        }
        self.done.push(Stimulus { kind, text: text.clone(), start, end: now });
        if text.is_empty() {
            return Vec::new();
        }
        let item = Event::ConversationItemAdded { turn: act, text, interrupted };
        [item, Event::AgentStateChanged { state: AgentState::Listening }].map(Request::Event).into()
    }
}
