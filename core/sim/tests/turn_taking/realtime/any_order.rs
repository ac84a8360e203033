//! Whatever a model tells, in whatever order: no panic, no stale sound, and a history of what was played.

use super::config;
use duologue_chat::{Item, RealtimeEvent, Role, ToolCall, ToolOutcome};
use duologue_ids::Mono;
use duologue_media::{EnergyVad, Frame};
use duologue_voice::{CloseReason, Effect, Failure, Input, Output, Session};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// The sound of a reply says by its loudness whose it is: turn 3 is 3,000.
fn loudness(turn: u32) -> i16 {
    (turn as i16 % 30) * 1_000
}

fn event() -> impl Strategy<Value = RealtimeEvent> {
    let item = prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(String::from);
    let turn = 0..12u32;
    let piece = (turn.clone(), item.clone());
    prop_oneof![
        Just(RealtimeEvent::SpeechStarted),
        item.clone().prop_map(|item| RealtimeEvent::Committed { item }),
        (item.clone(), "[a-z ]{0,12}").prop_map(|(item, text)| RealtimeEvent::Transcribed { item, text }),
        (piece.clone(), 0..4_000usize).prop_map(|((turn, item), n)| RealtimeEvent::Audio {
            turn,
            item,
            rate: 16_000,
            samples: vec![loudness(turn); n],
        }),
        (piece.clone(), "[a-z]{1,8} ").prop_map(|((turn, item), text)| RealtimeEvent::Words { turn, item, text }),
        piece.prop_map(|(turn, item)| RealtimeEvent::AudioDone { turn, item }),
        (turn.clone(), "[a-z]{0,3}").prop_map(|(turn, id)| RealtimeEvent::ToolCall {
            turn,
            call: ToolCall { id, name: "lookup".into(), arguments: json!({}) },
        }),
        turn.clone().prop_map(|turn| RealtimeEvent::Done { turn, usage: None }),
        (turn, any::<bool>()).prop_map(|(turn, transient)| RealtimeEvent::Failed {
            turn,
            message: "no".into(),
            transient,
        }),
        Just(RealtimeEvent::Trouble { message: "hm".into() }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Told(RealtimeEvent),
    /// Of the newest reply.
    Newest(RealtimeEvent),
    Hear(u8, i16),
    Tool(ToolOutcome),
    Say,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => event().prop_map(Step::Told),
        5 => event().prop_map(Step::Newest),
        4 => (1..60u8, prop_oneof![Just(0i16), Just(4_000i16)]).prop_map(|(n, loud)| Step::Hear(n, loud)),
        1 => Just(Step::Tool(ToolOutcome::TimedOut)),
        1 => Just(Step::Say),
    ]
}

/// The event, about another turn.
fn about(event: RealtimeEvent, turn: u32) -> RealtimeEvent {
    use RealtimeEvent as E;
    match event {
        E::Audio { item, rate, samples, .. } => {
            E::Audio { turn, item, rate, samples: vec![loudness(turn); samples.len()] }
        }
        E::Words { item, text, .. } => E::Words { turn, item, text },
        E::AudioDone { item, .. } => E::AudioDone { turn, item },
        E::ToolCall { call, .. } => E::ToolCall { turn, call },
        E::Done { usage, .. } => E::Done { turn, usage },
        other => other,
    }
}

/// A session, and what was heard of it.
struct Watch {
    session: Session,
    now: Mono,
    newest: u32,
    /// Frames by the turn that they belong to.
    played: BTreeMap<u32, usize>,
    tools: Vec<String>,
}

impl Watch {
    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        loop {
            match self.session.poll() {
                Output::Play(frame) => self.on_frame(&frame),
                Output::Effect(Effect::Realtime(duologue_chat::RealtimeCommand::Respond { turn, .. })) => {
                    self.newest = turn;
                }
                Output::Effect(Effect::CallTool { call, .. }) => self.tools.push(call.id),
                Output::Effect(_) | Output::Event(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    fn on_frame(&mut self, frame: &Frame) {
        let loud = frame.samples().iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        let turn = u32::from(loud) / 1_000;
        assert_eq!(loud, loudness(self.newest) as u16, "sound of turn {turn} while {} is the newest", self.newest);
        *self.played.entry(turn).or_default() += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_order_of_events_plays_what_is_stale(steps in proptest::collection::vec(step(), 0..120)) {
        let mut config = config(1);
        config.tools = [duologue_chat::ToolSpec {
            name: "lookup".into(),
            description: String::new(),
            parameters: json!({}),
            timeout: std::time::Duration::from_secs(1),
        }]
        .into();
        let session = Session::new(config).expect("valid").with_vad(Box::new(EnergyVad::new(300.0)));
        let mut watch =
            Watch { session, now: Mono::ZERO, newest: 0, played: BTreeMap::new(), tools: Vec::new() };
        watch.feed(Input::Start);
        for step in steps {
            match step {
                Step::Told(event) => watch.feed(Input::Realtime(Ok(event))),
                Step::Newest(event) => {
                    let event = about(event, watch.newest);
                    watch.feed(Input::Realtime(Ok(event)));
                }
                Step::Hear(frames, loud) => {
                    for _ in 0..frames {
                        watch.now += duologue_media::FRAME;
                        watch.feed(Input::Audio(Frame::new(16_000, vec![loud; 320]).expect("20 ms")));
                    }
                }
                Step::Tool(outcome) => {
                    if let Some(id) = watch.tools.pop() {
                        watch.feed(Input::ToolReturned { id, outcome });
                    }
                }
                Step::Say => watch.feed(Input::Say("Hello there.".into())),
            }
        }
        watch.feed(Input::Close(CloseReason::Cancelled));
        watch.feed(Input::Realtime(Err(Failure { message: "gone".into(), transient: false })));
        let said = |i: &&Item| matches!(i, Item::Message { role: Role::Assistant, .. });
        let said = watch.session.history().items().iter().filter(said).count();
        let heard = watch.played.len();
        prop_assert!(said <= heard, "{said} lines in the history, {heard} replies were heard");
    }
}
