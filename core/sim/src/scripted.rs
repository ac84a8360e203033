use crate::babble::{BABBLE_RATE, babble, understand};
use crate::latency::Latency;
use duologue_chat::{ChatDelta, ChatRequest, Finish, Item, Role, ToolCall, ToolOutcome};
use duologue_ids::{Mono, Seed, SeededRng};
use duologue_voice::{Effect, EffectRunner, Input, Spoken};
use std::time::Duration;

type Writer = Box<dyn FnMut(&ChatRequest) -> String + Send>;
/// What a tool answers, and when where that is not left to [`ScriptedRunner::tool`].
type Desk = Box<dyn FnMut(&ToolCall) -> (Option<Duration>, ToolOutcome) + Send>;

/// Providers that answer from a script after drawn delays: recognition reads the words that [`babble`] carries, the
/// "model" writes the lines it was given, speech is babble. It says what it is; nothing of it is a model.
pub struct ScriptedRunner {
    writer: Writer,
    desk: Desk,
    /// Recognition.
    pub stt: Latency,
    /// The model's first word.
    pub llm: Latency,
    /// Each further word.
    pub llm_word: Duration,
    /// Speech.
    pub tts: Latency,
    /// Tools.
    pub tool: Latency,
    /// Pitch of the voice, Hz.
    pub pitch_hz: f32,
    rng: SeededRng,
}

impl ScriptedRunner {
    /// Says these lines, one a reply; which one follows from what this party has said so far, so a reply that was begun
    /// early and dropped is simply written again. After the last one it has nothing to say.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(lines: I) -> ScriptedRunner {
        let lines: Vec<String> = lines.into_iter().map(Into::into).collect();
        ScriptedRunner::by_number(move |n| lines.get(n).cloned().unwrap_or_default())
    }

    /// The same, from the beginning again after the last line.
    pub fn cycling(lines: Vec<String>) -> ScriptedRunner {
        ScriptedRunner::by_number(move |n| lines.get(n % lines.len().max(1)).cloned().unwrap_or_default())
    }

    fn by_number(line: impl Fn(usize) -> String + Send + 'static) -> ScriptedRunner {
        let mut opened_by_say = None;
        ScriptedRunner::writing(move |request| {
            let said = said_before(&request.items);
            // An opening that was given to the session is no line of the script.
            let offset = *opened_by_say.get_or_insert(said);
            line(said - offset.min(said))
        })
    }

    /// Says what `writer` writes.
    pub fn writing(writer: impl FnMut(&ChatRequest) -> String + Send + 'static) -> ScriptedRunner {
        ScriptedRunner {
            writer: Box::new(writer),
            desk: Box::new(|call| {
                (None, ToolOutcome::Error(format!("there is no tool `{}` in this script", call.name)))
            }),
            stt: Latency::fixed_ms(150),
            llm: Latency::fixed_ms(250),
            llm_word: Duration::from_millis(15),
            tts: Latency::fixed_ms(80),
            tool: Latency::fixed_ms(300),
            pitch_hz: 140.0,
            rng: Seed(0).rng(),
        }
    }

    /// Answers tool calls.
    pub fn with_tools(self, mut desk: impl FnMut(&ToolCall) -> ToolOutcome + Send + 'static) -> ScriptedRunner {
        self.with_timed_tools(move |call| (None, desk(call)))
    }

    /// Answers tool calls, each in its own time.
    pub fn with_timed_tools(
        mut self,
        desk: impl FnMut(&ToolCall) -> (Option<Duration>, ToolOutcome) + Send + 'static,
    ) -> ScriptedRunner {
        self.desk = Box::new(desk);
        self
    }

    /// Draws its delays from this seed.
    pub fn with_seed(mut self, seed: Seed) -> ScriptedRunner {
        self.rng = seed.rng();
        self
    }

    fn write(&mut self, turn: u32, request: &ChatRequest) -> Vec<(Duration, Input)> {
        let text = (self.writer)(request);
        let mut at = self.llm.draw(&mut self.rng);
        let mut inputs = Vec::new();
        for word in text.split_inclusive(' ') {
            inputs.push((at, Input::Generated { turn, result: Ok(ChatDelta::Text(word.to_string())) }));
            at += self.llm_word;
        }
        inputs.push((at, Input::Generated { turn, result: Ok(ChatDelta::Done { finish: Finish::Stop, usage: None }) }));
        inputs
    }
}

impl EffectRunner for ScriptedRunner {
    fn perform(&mut self, _now: Mono, effect: Effect) -> Vec<(Duration, Input)> {
        match effect {
            Effect::Transcribe { utterance, audio } => {
                vec![(self.stt.draw(&mut self.rng), Input::Transcribed { utterance, result: Ok(understand(&audio)) })]
            }
            Effect::Generate { turn, request } => self.write(turn, &request),
            Effect::Speak { turn, clause, text } => {
                let at = self.tts.draw(&mut self.rng);
                let samples = babble(&text, self.pitch_hz, 1.0);
                let sound = Spoken::Audio { rate: BABBLE_RATE, samples };
                vec![
                    (at, Input::Spoken { turn, clause, result: Ok(sound) }),
                    (at, Input::Spoken { turn, clause, result: Ok(Spoken::Done) }),
                ]
            }
            Effect::CallTool { call, .. } => {
                let (after, outcome) = (self.desk)(&call);
                let after = after.unwrap_or_else(|| self.tool.draw(&mut self.rng));
                vec![(after, Input::ToolReturned { id: call.id, outcome })]
            }
            // It needs the whole sound at once.
            Effect::Listen { .. } | Effect::StopListening => Vec::new(),
            Effect::CancelTranscribe { .. } | Effect::CancelTurn { .. } => Vec::new(),
            Effect::CancelTool { .. } | Effect::Realtime(_) => Vec::new(),
        }
    }
}

fn said_before(items: &[Item]) -> usize {
    items.iter().filter(|i| matches!(i, Item::Message { role: Role::Assistant, .. })).count()
}
