use crate::babble::{BABBLE_RATE, babble, understand};
use crate::latency::Latency;
use duologue_chat::{Item, RealtimeCommand, RealtimeEvent, ToolCall, ToolOutcome};
use duologue_ids::{Mono, Seed, SeededRng};
use duologue_voice::{Effect, EffectRunner, Input};
use std::time::Duration;

type Desk = Box<dyn FnMut(&ToolCall) -> ToolOutcome + Send>;

/// Root mean square above which a piece of sound is speech to the scripted detector.
const LOUD: f64 = 300.0;
/// Sound of a reply comes in pieces of 100 ms, three times as fast as it is played.
const PIECE: usize = BABBLE_RATE as usize / 10;
const PIECE_EVERY: Duration = Duration::from_millis(33);

/// A speech-to-speech "model" that answers from a script after drawn delays: its detector goes by loudness, it reads the
/// words that [`babble`] carries, and it babbles its lines. It says what it is; nothing of it is a model.
pub struct ScriptedRealtime {
    lines: Vec<Turn>,
    next: usize,
    desk: Desk,
    /// Silence that ends a stretch of speech.
    pub stretch_silence: Duration,
    /// From there to the word that it is committed.
    pub commit: Latency,
    /// From there to its words.
    pub transcribe: Latency,
    /// To the first sound of a reply.
    pub respond: Latency,
    /// Tools.
    pub tool: Latency,
    /// Hears nothing at all.
    pub deaf: bool,
    /// Pitch of the voice, Hz.
    pub pitch_hz: f32,
    /// Everything that it was told but the sound, oldest first.
    pub told: Vec<RealtimeCommand>,
    /// Sound that it was sent, in all.
    pub sent: Duration,
    stretch: Vec<i16>,
    speaking: bool,
    silent_for: Duration,
    stretches: u32,
    /// The turn whose line was taken last.
    speaks_for: Option<u32>,
    rng: SeededRng,
}

/// What it does when it is asked for a reply.
#[derive(Clone, Debug)]
enum Turn {
    Line(String),
    Call(ToolCall),
}

impl ScriptedRealtime {
    /// Says these lines, one a reply. After the last one it has nothing to say.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(lines: I) -> ScriptedRealtime {
        ScriptedRealtime {
            lines: lines.into_iter().map(|l| Turn::Line(l.into())).collect(),
            next: 0,
            desk: Box::new(|call| ToolOutcome::Error(format!("there is no tool `{}` in this script", call.name))),
            stretch_silence: Duration::from_millis(300),
            commit: Latency::fixed_ms(60),
            transcribe: Latency::fixed_ms(400),
            respond: Latency::fixed_ms(300),
            tool: Latency::fixed_ms(300),
            deaf: false,
            pitch_hz: 140.0,
            told: Vec::new(),
            sent: Duration::ZERO,
            stretch: Vec::new(),
            speaking: false,
            silent_for: Duration::ZERO,
            stretches: 0,
            speaks_for: None,
            rng: Seed(0).rng(),
        }
    }

    /// In place of its reply number `at` (from 0) it calls a tool; the reply follows once that has answered.
    pub fn calling(mut self, at: usize, call: ToolCall) -> ScriptedRealtime {
        self.lines.insert(at.min(self.lines.len()), Turn::Call(call));
        self
    }

    /// Answers tool calls.
    pub fn with_tools(mut self, desk: impl FnMut(&ToolCall) -> ToolOutcome + Send + 'static) -> ScriptedRealtime {
        self.desk = Box::new(desk);
        self
    }

    /// Draws its delays from this seed.
    pub fn with_seed(mut self, seed: Seed) -> ScriptedRealtime {
        self.rng = seed.rng();
        self
    }

    fn hear(&mut self, audio: &[i16]) -> Vec<(Duration, Input)> {
        let length = Duration::from_secs_f64(audio.len() as f64 / f64::from(BABBLE_RATE));
        self.sent += length;
        if self.deaf {
            return Vec::new();
        }
        let energy: f64 = audio.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / audio.len().max(1) as f64;
        let loud = energy.sqrt() > LOUD;
        if !self.speaking && !loud {
            self.stretch.clear();
        }
        self.stretch.extend_from_slice(audio);
        self.silent_for = if loud { Duration::ZERO } else { self.silent_for + length };
        if loud && !self.speaking {
            self.speaking = true;
            return vec![event(self.commit.draw(&mut self.rng), RealtimeEvent::SpeechStarted)];
        }
        if self.speaking && self.silent_for >= self.stretch_silence { self.commit() } else { Vec::new() }
    }

    fn commit(&mut self) -> Vec<(Duration, Input)> {
        self.speaking = false;
        self.stretches += 1;
        let item = format!("heard_{}", self.stretches);
        let text = understand(&std::mem::take(&mut self.stretch));
        let at = self.commit.draw(&mut self.rng);
        let words = at + self.transcribe.draw(&mut self.rng);
        vec![
            event(at, RealtimeEvent::Committed { item: item.clone() }),
            event(words, RealtimeEvent::Transcribed { item, text }),
        ]
    }

    fn reply(&mut self, turn: u32, instructions: Option<&str>) -> Vec<(Duration, Input)> {
        let given = instructions.and_then(|i| i.split_once("nothing else: ")).map(|(_, text)| text.to_string());
        let what = given.clone().map(Turn::Line).or_else(|| self.lines.get(self.next).cloned());
        if given.is_none() && what.is_some() {
            self.next += 1;
            self.speaks_for = Some(turn);
        }
        let at = self.respond.draw(&mut self.rng);
        match what {
            None => vec![event(at, RealtimeEvent::Done { turn, usage: None })],
            Some(Turn::Line(line)) => self.say(turn, &line, at),
            Some(Turn::Call(call)) => vec![
                event(at, RealtimeEvent::ToolCall { turn, call }),
                event(at, RealtimeEvent::Done { turn, usage: None }),
            ],
        }
    }

    fn say(&self, turn: u32, line: &str, mut at: Duration) -> Vec<(Duration, Input)> {
        let item = format!("said_{}_{turn}", self.next);
        let mut inputs = Vec::new();
        for word in line.split_inclusive(' ') {
            inputs.push(event(at, RealtimeEvent::Words { turn, item: item.clone(), text: word.to_string() }));
        }
        for piece in babble(line, self.pitch_hz, 1.0).chunks(PIECE) {
            let sound = RealtimeEvent::Audio { turn, item: item.clone(), rate: BABBLE_RATE, samples: piece.to_vec() };
            inputs.push(event(at, sound));
            at += PIECE_EVERY;
        }
        inputs.push(event(at, RealtimeEvent::AudioDone { turn, item }));
        inputs.push(event(at, RealtimeEvent::Done { turn, usage: None }));
        inputs
    }

    fn told(&mut self, command: RealtimeCommand) -> Vec<(Duration, Input)> {
        if !matches!(command, RealtimeCommand::Hear { .. }) {
            self.told.push(command.clone());
        }
        match command {
            RealtimeCommand::Hear { audio } => self.hear(&audio),
            RealtimeCommand::Commit if self.deaf => Vec::new(),
            RealtimeCommand::Commit => self.commit(),
            RealtimeCommand::Respond { turn, instructions } => self.reply(turn, instructions.as_deref()),
            RealtimeCommand::Cut { turn, heard } => {
                if self.speaks_for == Some(turn) && heard.is_empty() {
                    // Nobody heard the line: it is still to be said.
                    self.next -= 1;
                }
                self.speaks_for = None;
                Vec::new()
            }
            RealtimeCommand::Add(Item::ToolCall(_) | Item::ToolResult { .. } | Item::Message { .. }) => Vec::new(),
        }
    }
}

fn event(after: Duration, event: RealtimeEvent) -> (Duration, Input) {
    (after, Input::Realtime(Ok(event)))
}

impl EffectRunner for ScriptedRealtime {
    fn perform(&mut self, _now: Mono, effect: Effect) -> Vec<(Duration, Input)> {
        match effect {
            Effect::Realtime(command) => self.told(command),
            Effect::CallTool { call, .. } => {
                let outcome = (self.desk)(&call);
                vec![(self.tool.draw(&mut self.rng), Input::ToolReturned { id: call.id, outcome })]
            }
            Effect::CancelTool { .. } => Vec::new(),
            // A cascade's.
            Effect::Listen { .. }
            | Effect::StopListening
            | Effect::Transcribe { .. }
            | Effect::Generate { .. }
            | Effect::Speak { .. }
            | Effect::CancelTranscribe { .. }
            | Effect::CancelTurn { .. } => Vec::new(),
        }
    }
}
