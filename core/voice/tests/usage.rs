//! How long the model took is told with its tokens, round by round.

use duologue_chat::{ChatDelta, Finish, ToolCall, ToolOutcome, ToolSpec, Usage};
use duologue_ids::Mono;
use duologue_voice::{Effect, Event, Input, Opening, Output, Session, SessionConfig};
use std::time::Duration;

struct Bench {
    session: Session,
    now: Mono,
    effects: Vec<Effect>,
    events: Vec<Event>,
}

impl Bench {
    fn new() -> Bench {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        config.opening = Opening::Generate;
        let look_up = ToolSpec {
            name: "look_up".into(),
            description: "Finds an order.".into(),
            parameters: serde_json::json!({ "type": "object" }),
            timeout: Duration::from_secs(5),
        };
        config.tools = [look_up].into();
        let session = Session::new(config).expect("valid");
        Bench { session, now: Mono::ZERO, effects: Vec::new(), events: Vec::new() }
    }

    fn after(&mut self, ms: u64, input: Input) {
        self.now += Duration::from_millis(ms);
        self.session.handle(self.now, input);
        loop {
            match self.session.poll() {
                Output::Effect(effect) => self.effects.push(effect),
                Output::Event(event) => self.events.push(event),
                Output::Play(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    /// The number of the reply that the model was asked for last, and how often it was asked.
    fn asked(&self) -> (u32, usize) {
        let turns: Vec<u32> = self
            .effects
            .iter()
            .filter_map(|e| match e {
                Effect::Generate { turn, .. } => Some(*turn),
                _ => None,
            })
            .collect();
        (*turns.last().expect("the model was asked"), turns.len())
    }

    fn told(&self) -> Vec<(u32, f64)> {
        let told = |event: &Event| match event {
            Event::UsageCollected { usage, generation_ms, .. } => Some((usage.completion_tokens, *generation_ms)),
            _ => None,
        };
        self.events.iter().filter_map(told).collect()
    }
}

fn done(turn: u32, completion_tokens: u32) -> Input {
    let usage = Some(Usage { prompt_tokens: 50, cached_tokens: 0, completion_tokens });
    Input::Generated { turn, result: Ok(ChatDelta::Done { finish: Finish::Stop, usage }) }
}

#[test]
fn each_round_is_timed_from_its_own_request() {
    let mut bench = Bench::new();
    bench.after(0, Input::Start);
    let (turn, rounds) = bench.asked();
    assert_eq!(rounds, 1);
    let call = ToolCall { id: "c1".into(), name: "look_up".into(), arguments: serde_json::json!({}) };
    bench.after(350, Input::Generated { turn, result: Ok(ChatDelta::ToolCall(call)) });
    bench.after(50, done(turn, 8));
    bench.after(700, Input::ToolReturned { id: "c1".into(), outcome: ToolOutcome::Ok(serde_json::json!(1)) });
    assert_eq!(bench.asked(), (turn, 2), "the same reply goes on");
    bench.after(150, Input::Generated { turn, result: Ok(ChatDelta::Text("It was sent.".into())) });
    bench.after(50, done(turn, 5));
    assert_eq!(bench.told(), [(8, 400.0), (5, 200.0)]);
}
