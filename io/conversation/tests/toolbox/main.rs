//! A session whose model calls tools that do something: functions, run beside the session.

use duologue_chat::ToolOutcome;
use duologue_conversation::{Agent, AgentConfig, CascadeModels, Models, Providers, ScriptedStt, ScriptedTts};
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_tools::{Bounds, Tool, ToolError, Toolbox};
use duologue_voice::{Event, Input, Opening, SessionConfig};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::time::timeout;

const FRAME: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);
const LINES: &str = "
- {speaker: support, tool_call: {name: look_up, arguments: {number: '4279'}}}
- {speaker: support, say: 'It comes tomorrow.'}
";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    number: String,
}

fn agent(look_up: Tool) -> AgentConfig {
    let dialogue: Arc<Dialogue> = Arc::new(LINES.parse().expect("lines"));
    let models = Models::Cascade(CascadeModels {
        stt: Arc::new(ScriptedStt),
        llm: Arc::new(ScriptedLlm::new(dialogue, Speaker::Support)),
        tts: Arc::new(ScriptedTts { pitch: 120.0 }),
    });
    let providers = Providers { models, voice: "babble".into(), speed: 1.0, language: "en".into() };
    let mut session = SessionConfig::new("Joe", "Anna", "You are Joe.");
    session.opening = Opening::Generate;
    let toolbox = Toolbox::of([look_up]).expect("a toolbox");
    AgentConfig::new(session, providers, Default::default()).with_toolbox(&toolbox)
}

/// What a session reports until a line of it was played.
async fn speaks(config: &AgentConfig) -> Vec<Event> {
    let mut agent = Agent::new(config, &Handle::current(), 1).expect("an agent");
    let mut events = agent.input(Input::Start);
    let (begun, mut at) = (Instant::now(), agent.began());
    let is_over = |event: &Event| matches!(event, Event::ConversationItemAdded { .. } | Event::Closed { .. });
    while !events.iter().any(is_over) {
        assert!(begun.elapsed() < PATIENCE, "{events:?}");
        at += FRAME;
        events.extend(agent.tick(at).expect("sound").events);
        // Its time goes as fast as its models answer.
        let pause = (at.saturating_duration_since(Instant::now())).min(FRAME);
        if let Ok(input) = timeout(pause, agent.answered()).await {
            events.extend(agent.input(input));
        }
    }
    events
}

fn returned(events: &[Event]) -> &ToolOutcome {
    let mut outcomes = events.iter().filter_map(|event| match event {
        Event::ToolReturned { outcome, .. } => Some(outcome),
        _ => None,
    });
    outcomes.next_back().expect("a tool returned")
}

fn said(events: &[Event]) -> Option<&str> {
    events.iter().find_map(|event| match event {
        Event::ConversationItemAdded { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

#[tokio::test]
async fn a_model_calls_a_function_and_speaks_of_what_it_answers() {
    let config = agent(Tool::new("look_up", "Finds an order", |order: Order, _| {
        Box::pin(async move { Ok(json!({ "order": order.number, "arrives": "tomorrow" })) })
    }));
    assert_eq!(config.session.tools[0].name, "look_up");
    let events = speaks(&config).await;
    assert_eq!(returned(&events), &ToolOutcome::Ok(json!({ "order": "4279", "arrives": "tomorrow" })));
    assert_eq!(said(&events), Some("It comes tomorrow."));
}

#[tokio::test]
async fn a_tool_that_blocks_its_thread_for_ever_does_not_mute_the_session() {
    let stuck = Tool::new("look_up", "Finds an order", |_: Order, _| {
        Box::pin(async move {
            loop {
                std::thread::park();
            }
            #[allow(unreachable_code)]
            Ok::<(), ToolError>(())
        })
    });
    let bounds = Bounds { timeout: Duration::from_millis(500), ..Bounds::default() };
    let events = speaks(&agent(stuck.bounded(bounds))).await;
    assert_eq!(returned(&events), &ToolOutcome::TimedOut);
    assert_eq!(said(&events), Some("It comes tomorrow."));
}
