use crate::log::{over_internet, parties, play};
use duologue_chat::{ToolCall, ToolOutcome, ToolSpec};
use duologue_sim::{Latency, ScriptedRunner};
use duologue_voice::{CloseReason, Event, Opening, Step};
use serde_json::json;
use std::time::Duration;

fn step(hint: &str) -> Step {
    Step { hint: hint.into(), call: None, end_call: false }
}

fn lookup() -> ToolSpec {
    ToolSpec {
        name: "lookup_order".into(),
        description: "Finds an order".into(),
        parameters: json!({ "type": "object" }),
        timeout: Duration::from_secs(2),
    }
}

fn call() -> ToolCall {
    ToolCall { id: String::new(), name: "lookup_order".into(), arguments: json!({ "number": "4279" }) }
}

fn echoing_hint() -> ScriptedRunner {
    ScriptedRunner::writing(|request| {
        let hint = request.hint.as_ref().map_or(String::new(), |h| h.0.clone());
        let looked_up = request.items.iter().any(|i| matches!(i, duologue_chat::Item::ToolResult { .. }));
        if looked_up { format!("{hint} I looked it up.") } else { hint }
    })
}

#[test]
fn a_course_is_followed_step_by_step_to_the_end_of_the_call() {
    let [mut joe, mut anna] = parties(3);
    joe.opening = Opening::Say("Northwind, this is Joe.".into());
    anna.course = [step("My order is late."), step("It is four two seven nine."), step("Thanks, goodbye.")].into();
    joe.tools = [lookup()].into();
    let mut ask = step("What is the number?");
    let mut answer = step("It arrives tomorrow.");
    answer.call = Some(call());
    let mut bye = step("Goodbye.");
    bye.end_call = true;
    ask.end_call = false;
    joe.course = [ask, answer, bye].into();
    let joe_runs = echoing_hint().with_tools(|_| ToolOutcome::Ok(json!({ "arrives": "tomorrow" })));
    let (ending, log) = play(over_internet(3, 120), [joe, anna], [joe_runs, echoing_hint()]);
    assert_eq!((ending.reason, ending.by), (CloseReason::AgentEnded, Some(0)));
    let lines: Vec<String> = log.items().into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(
        lines,
        [
            "Northwind, this is Joe.",
            "My order is late.",
            "What is the number?",
            "It is four two seven nine.",
            "It arrives tomorrow. I looked it up.",
            "Thanks, goodbye.",
            "Goodbye. I looked it up.",
        ]
    );
    // The last words were recognised by the party that was hung up on.
    let heard = log.events.iter().rev().find_map(|(_, side, e)| match e {
        Event::UserTurnCompleted { text, .. } => Some((*side, text.clone())),
        _ => None,
    });
    assert_eq!(heard, Some((1, "Goodbye. I looked it up.".into())));
    assert_eq!(log.count(|e| matches!(e, Event::ToolCalled { .. })), 1);
}

#[test]
fn a_tool_that_never_answers_does_not_mute_the_call() {
    let [mut joe, mut anna] = parties(3);
    anna.opening = Opening::Say("My order is late.".into());
    joe.tools = [lookup()].into();
    let mut answer = step("I can't find it.");
    answer.call = Some(call());
    answer.end_call = true;
    joe.course = [answer].into();
    let mut joe_runs = echoing_hint();
    joe_runs.tool = Latency::Fixed(Duration::from_secs(3_600));
    let (ending, log) = play(over_internet(3, 60), [joe, anna], [joe_runs, echoing_hint()]);
    assert_eq!(ending.reason, CloseReason::AgentEnded);
    let timed_out = |e: &Event| matches!(e, Event::ToolReturned { outcome: ToolOutcome::TimedOut, .. });
    assert_eq!(log.count(timed_out), 1);
}

/// Anna asks again before a slow tool of Joe's has answered.
fn asked_again(called_off: &[&str]) -> Vec<ToolOutcome> {
    let [mut joe, mut anna] = parties(3);
    anna.opening = Opening::Say("My order is late.".into());
    joe.tools = [ToolSpec { timeout: Duration::from_secs(40), ..lookup() }].into();
    joe.called_off = called_off.iter().map(|name| (*name).to_owned()).collect();
    let mut answer = step("It arrives tomorrow.");
    answer.call = Some(call());
    joe.course = [answer, step("It does.")].into();
    let mut joe_runs = echoing_hint().with_tools(|_| ToolOutcome::Ok(json!({ "arrives": "tomorrow" })));
    joe_runs.tool = Latency::Fixed(Duration::from_secs(30));
    let (_, log) = play(over_internet(3, 50), [joe, anna], [joe_runs, echoing_hint()]);
    let returned = log.events.iter().filter_map(|(_, _, event)| match event {
        Event::ToolReturned { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    returned.collect()
}

#[test]
fn a_call_ends_with_an_interruption_where_the_session_says_so_and_goes_on_otherwise() {
    let off = asked_again(&["lookup_order"]);
    assert!(matches!(&off[0], ToolOutcome::Error(words) if words.starts_with("called off")), "{off:?}");
    let on = asked_again(&["another"]);
    assert_eq!(on[0], ToolOutcome::Ok(json!({ "arrives": "tomorrow" })));
}
