use super::*;
use duologue_voice::AgentState;

fn transcriber() -> Transcriber {
    Transcriber::new(["Joe", "Anna"].map(|name| Cast { name: name.into(), agent_name: String::new() }))
}

fn used(turn: u32, prompt: u32, completion: u32, generation_ms: f64) -> Event {
    let usage = Usage { prompt_tokens: prompt, cached_tokens: prompt / 2, completion_tokens: completion };
    Event::UsageCollected { turn, usage, generation_ms }
}

fn begun(turn: u32) -> Event {
    Event::SpeechCreated { turn, source: SpeechSource::Reply, hint: None }
}

fn heard(turn: u32, text: &str) -> Event {
    Event::SpeechProgress { turn, text: text.into() }
}

fn figures(turn: u32) -> Event {
    Event::MetricsCollected { turn, metrics: TurnMetrics { llm_ttft_ms: Some(90.0), ..TurnMetrics::default() } }
}

/// The transcript of the support agent's events, and for each whether it changed.
fn told(events: &[Event]) -> (Transcript, Vec<bool>) {
    let mut transcriber = transcriber();
    let changed = events.iter().map(|event| transcriber.event(Mono::from_millis(500), 0, event)).collect();
    (transcriber.transcript().clone(), changed)
}

#[test]
fn the_rounds_of_a_reply_with_tools_are_added_up_whether_heard_by_then_or_not() {
    let (first, second) = (used(1, 100, 20, 400.0), used(1, 150, 30, 600.0));
    let sum = TokenUse { prompt_tokens: 250, cached_tokens: 125, completion_tokens: 50, generation_ms: 1_000.0 };
    // A reply that is prepared early is written before it is announced; tools may speak a line first.
    for order in [
        [first.clone(), second.clone(), begun(1), figures(1), heard(1, "Sent.")],
        [first.clone(), begun(1), figures(1), heard(1, "One moment."), second.clone()],
        [begun(1), figures(1), heard(1, "One moment."), first, second],
    ] {
        let (transcript, _) = told(&order);
        assert_eq!(transcript.utterances.len(), 1);
        assert_eq!(transcript.utterances[0].usage, Some(sum), "{order:?}");
        assert_eq!(transcript.stage_times(Side::Support)[0].llm_tps, Some(50.0));
    }
}

#[test]
fn tokens_of_a_reply_that_nobody_heard_are_not_those_of_the_next() {
    let events = [used(1, 100, 20, 400.0), begun(2), heard(2, "Hello."), used(2, 30, 3, 100.0)];
    let (transcript, changed) = told(&events);
    let tokens = transcript.utterances[0].usage.expect("of its own turn");
    assert_eq!((tokens.prompt_tokens, tokens.completion_tokens), (30, 3));
    assert_eq!(changed, [false, false, true, true], "it is written anew where it says more");
}

#[test]
fn without_tokens_or_their_time_there_is_no_speed_and_nothing_is_written() {
    let (transcript, _) = told(&[begun(1), figures(1), heard(1, "Hello.")]);
    assert_eq!(transcript.stage_times(Side::Support)[0].llm_tps, None);
    assert!(!serde_json::to_string(&transcript).unwrap().contains("usage"));
    // Events of older versions do not tell the time.
    let old =
        r#"{"event":"usage_collected","turn":1,"usage":{"prompt_tokens":9,"cached_tokens":0,"completion_tokens":5}}"#;
    let old: Event = serde_json::from_str(old).expect("it still reads");
    let (transcript, _) = told(&[old, begun(1), figures(1), heard(1, "Hello.")]);
    assert_eq!(transcript.utterances[0].usage.map(|u| u.completion_tokens), Some(5));
    assert_eq!(transcript.stage_times(Side::Support)[0].llm_tps, None);
    let (_, changed) = told(&[Event::AgentStateChanged { state: AgentState::Listening }]);
    assert_eq!(changed, [false]);
}

fn over(turn: u32, text: &str, interrupted: bool) -> Event {
    Event::ConversationItemAdded { turn, text: text.into(), interrupted }
}

fn understood(text: &str) -> Event {
    Event::UserTurnCompleted { text: text.into(), end_of_turn_delay_ms: 0.0, transcription_delay_ms: 0.0 }
}

/// What Joe said and Anna heard; events are his, 0, or hers, 1.
fn between(events: &[(usize, Event)]) -> Vec<Utterance> {
    let mut transcriber = transcriber();
    for (n, (side, event)) in events.iter().enumerate() {
        transcriber.event(Mono::from_millis(100 * n as u64), *side, event);
    }
    transcriber.into_transcript().utterances
}

#[test]
fn words_that_were_cut_off_are_no_errors_of_hearing() {
    let whole = heard(1, "Your parcel left our warehouse on Monday and is in your town.");
    let cut = || over(1, "Your parcel left", true);
    for events in [
        [(0, begun(1)), (0, whole.clone()), (0, cut()), (1, understood("your parcel left"))],
        // The words are often there before it is known how much was played.
        [(0, begun(1)), (0, whole.clone()), (1, understood("your parcel left")), (0, cut())],
    ] {
        let said = &between(&events)[0];
        assert_eq!((said.text.as_str(), said.wer), ("Your parcel left", Some(0.0)), "{events:?}");
        assert_eq!(said.said_as_heard, None);
    }
}

#[test]
fn a_backchannel_is_not_charged_to_the_next_line() {
    let (mhm, line) = (over(1, "Mhm okay.", false), over(2, "And then what do I do?", false));
    let said = between(&[
        (0, heard(1, "Mhm okay.")),
        (0, mhm),
        (1, Event::Backchannel { text: "mhm okay".into() }),
        (0, heard(2, "And then what do I do?")),
        (0, line),
        (1, understood("and then what do I do")),
    ]);
    assert_eq!(said.iter().map(|u| u.wer).collect::<Vec<_>>(), [Some(0.0), Some(0.0)]);
}

#[test]
fn words_over_several_utterances_are_compared_together() {
    let said = between(&[
        (0, heard(1, "One two.")),
        (0, over(1, "One two.", false)),
        (0, heard(2, "Three four five.")),
        (1, understood("one two three")),
        (0, over(2, "Three", true)),
    ]);
    assert_eq!(said[1].said_as_heard.as_deref(), Some("One two. Three"));
    assert_eq!((said[0].wer, said[1].wer), (None, Some(0.0)));
}
