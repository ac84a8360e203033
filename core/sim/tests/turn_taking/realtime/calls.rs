use super::{bench, config};
use crate::log::{Log, SEEDS, over_internet};
use duologue_chat::{Item, RealtimeCommand, Role, ToolCall, ToolOutcome, ToolSpec};
use duologue_ids::Seed;
use duologue_sim::{Duet, Latency, ScriptedRealtime, ScriptedRunner, run};
use duologue_voice::{CloseReason, EffectRunner, Event, Opening, Step};
use serde_json::json;
use std::time::Duration;

fn lookup() -> ToolSpec {
    ToolSpec {
        name: "lookup_order".into(),
        description: "Finds an order".into(),
        parameters: json!({ "type": "object" }),
        timeout: Duration::from_secs(2),
    }
}

fn call(id: &str, name: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: json!({ "number": "4279" }) }
}

#[test]
fn it_hears_all_sound_silence_too() {
    let mut bench = bench(config(1), ScriptedRealtime::new(["Hello."]));
    bench.quiet(50);
    bench.hear_words("Good morning.");
    bench.quiet(50);
    let heard = bench.now.since(duologue_ids::Mono::ZERO);
    assert!(heard - bench.runner.sent < Duration::from_millis(40), "{:?} of {heard:?}", bench.runner.sent);
}

#[test]
fn latency_is_measured_from_the_end_of_speech_to_the_first_sound() {
    let mut bench = bench(config(1), ScriptedRealtime::new(["Hello."]));
    bench.hear_words("Good morning, can you hear me?");
    let ended = bench.now;
    bench.quiet(100);
    let metrics = bench.events.iter().find_map(|(at, e)| match e {
        Event::MetricsCollected { metrics, .. } => Some((*at, *metrics)),
        _ => None,
    });
    let (at, metrics) = metrics.expect("it answered");
    let e2e = metrics.e2e_latency_ms.expect("it answers speech");
    assert!((at.since(ended).as_secs_f64() * 1e3 - e2e).abs() < 80.0, "{e2e}");
    assert!(metrics.preemptive && metrics.llm_ttft_ms.is_some_and(|ms| (280.0..360.0).contains(&ms)), "{metrics:?}");
    // 300 ms until the stretch is over, 60 to learn of it, 300 to the first sound: within the 500 ms that a turn needs
    // and what the reply takes longer than that.
    assert!(e2e < 760.0, "{e2e}");
}

#[test]
fn tools_answer_before_the_reply_goes_on() {
    let mut config = config(1);
    config.tools = [lookup()].into();
    let runner = ScriptedRealtime::new(["It arrives tomorrow."])
        .calling(0, call("fc_1", "lookup_order"))
        .with_tools(|_| ToolOutcome::Ok(json!({ "arrives": "tomorrow" })));
    let mut bench = bench(config, runner);
    bench.hear_words("Where is my order?");
    bench.quiet(300);
    let told = bench.runner.told.iter().map(|c| match c {
        RealtimeCommand::Respond { .. } => "respond",
        RealtimeCommand::Add(Item::ToolResult { id, .. }) if id == "fc_1" => "result",
        other => panic!("{other:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), ["respond", "result", "respond"]);
    let kinds = bench.session.history().items().iter().map(|i| match i {
        Item::Message { role: Role::User, .. } => "heard",
        Item::Message { role: Role::Assistant, .. } => "said",
        Item::ToolCall(_) => "call",
        Item::ToolResult { .. } => "result",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["heard", "call", "result", "said"]);
}

#[test]
fn words_that_come_after_the_reply_stand_before_it() {
    let mut runner = ScriptedRealtime::new(["Yes."]);
    runner.transcribe = Latency::fixed_ms(3_000);
    let mut bench = bench(config(1), runner);
    bench.hear_words("Can you hear me?");
    bench.quiet(120);
    assert_eq!((bench.said(Role::User).len(), bench.said(Role::Assistant)), (0, vec!["Yes."]));
    bench.quiet(100);
    assert_eq!((bench.said(Role::User), bench.said(Role::Assistant)), (vec!["Can you hear me?"], vec!["Yes."]));
    let first = &bench.session.history().items()[0];
    assert!(matches!(first, Item::Message { role: Role::User, .. }), "{first:?}");
    assert_eq!(bench.count(|e| matches!(e, Event::UserTurnCompleted { .. })), 1);
}

#[test]
fn speech_that_the_model_does_not_notice_is_pointed_out_to_it() {
    let mut bench = bench(config(1), ScriptedRealtime::new(["Hello."]));
    bench.runner.deaf = true;
    bench.hear_words("Hello?");
    bench.quiet(200);
    assert!(bench.runner.told.contains(&RealtimeCommand::Commit), "{:?}", bench.runner.told);
    bench.quiet(200);
    assert!(bench.said(Role::User).is_empty(), "it was none to the model, so the call goes on without it");
}

#[test]
fn a_course_is_followed_by_instructions_of_each_reply_and_ends_the_call() {
    let mut config = config(1);
    config.tools = [lookup()].into();
    config.opening = Opening::Generate;
    let step = |hint: &str| Step { hint: hint.into(), call: None, end_call: false };
    let mut answer = step("It arrives tomorrow.");
    answer.call = Some(call("", "lookup_order"));
    let mut bye = step("Joe says goodbye.");
    bye.end_call = true;
    config.course = [step("Joe greets."), answer, bye].into();
    let runner = ScriptedRealtime::new(["Hello, this is Joe.", "It arrives tomorrow.", "Goodbye."])
        .with_tools(|_| ToolOutcome::Ok(json!({ "arrives": "tomorrow" })));
    let mut bench = bench(config, runner);
    bench.quiet(150);
    bench.hear_words("Where is my order, please?");
    bench.quiet(200);
    bench.hear_words("Thank you very much.");
    bench.quiet(200);
    let hints: Vec<_> = bench.asked().into_iter().flatten().filter_map(|i| i.split_once("next line: ")).collect();
    assert_eq!(
        hints.iter().map(|(_, h)| *h).collect::<Vec<_>>(),
        ["Joe greets.", "It arrives tomorrow.", "Joe says goodbye."]
    );
    assert!(hints.iter().all(|(before, _)| before.starts_with("You are Joe.")));
    let added = bench.runner.told.iter().filter(|c| matches!(c, RealtimeCommand::Add(_))).count();
    assert_eq!(added, 2, "the model did not make the call: it learns of it and of its result");
    assert_eq!(bench.session.closed(), Some(CloseReason::AgentEnded));
}

/// Joe with the realtime brain, Anna with the cascade, over the internet.
#[test]
fn two_brains_hold_a_conversation() {
    for seed in 0..SEEDS / 4 {
        let mut joe = config(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
        joe.collision.yields = false;
        let anna = duologue_voice::SessionConfig::new("Anna", "Joe", "");
        let lines =
            |who: &str| (0..8).map(|n| format!("This is line {n} of {who}, as long as lines are.")).collect::<Vec<_>>();
        let runners: [Box<dyn EffectRunner>; 2] = [
            Box::new(ScriptedRealtime::new(lines("Joe")).with_seed(Seed(seed))),
            Box::new(ScriptedRunner::new(lines("Anna")).with_seed(Seed(seed + 1))),
        ];
        let mut duet = Duet::new(over_internet(seed, 120), [joe, anna], runners, Log::default()).unwrap();
        let ending = run(&mut duet).unwrap();
        let log = duet.tap;
        assert_eq!(ending.reason, CloseReason::EmptyResponse, "seed {seed}: {:?}", log.items());
        assert!(log.items().len() >= 16, "seed {seed}: {:?}", log.items());
        assert_eq!(log.truncated(ending), 0, "seed {seed}: nobody was cut off");
    }
}
