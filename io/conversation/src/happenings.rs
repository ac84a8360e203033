//! What happened beside the talking, read back from `events.jsonl`: the last lines of it may be missing or torn.

use crate::report::Note;
use crate::scenario::Side;
use crate::summary::Summary;
use duologue_voice::{CloseReason, Event, SpeechSource};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    t: f64,
    side: Side,
    #[serde(flatten)]
    event: Event,
}

/// Notes for the transcript, oldest first. Lines that can't be read are left out: a report of the rest is worth more
/// than none.
pub(crate) fn notes(events: &str, summary: &Summary) -> Vec<Note> {
    let lines = events.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let told = lines.filter(|line| line.t.is_finite());
    let mut notes: Vec<Note> =
        told.filter_map(|line| Some(Note { at_s: line.t.max(0.0), text: text(&line, summary)? })).collect();
    if let Some(reason) = summary.end_reason {
        notes.push(Note { at_s: summary.duration_s, text: format!("Ended: {}", ending(reason, summary)) });
    }
    notes
}

fn text(line: &Line, summary: &Summary) -> Option<String> {
    let (me, other) = (name(summary, line.side), name(summary, line.side.other()));
    Some(match &line.event {
        Event::SpeechCreated { source: SpeechSource::Opening, .. } => format!("{me} opens"),
        Event::Nudged => format!("{me} breaks the silence"),
        Event::Interrupted { .. } => format!("{other} interrupts {me}"),
        Event::FalseInterruption { .. } => format!("It was no interruption: {me} goes on"),
        Event::Collision { yielded: true } => format!("Both began at once: {me} gives way"),
        Event::Error { message, .. } => format!("{me}: {message}"),
        _ => return None,
    })
}

/// Why a conversation ended, in words: "Joe hung up".
pub(crate) fn ending(reason: CloseReason, summary: &Summary) -> String {
    let somebody = summary.ended_by.map_or("one of the two", |side| name(summary, side));
    match reason {
        CloseReason::ScenarioCompleted => "the goal was reached".to_owned(),
        CloseReason::AgentEnded | CloseReason::PeerEnded => format!("{somebody} hung up"),
        CloseReason::Inactivity => "nobody spoke any more".to_owned(),
        CloseReason::TurnLimit => "the limit of turns was reached".to_owned(),
        CloseReason::DurationLimit => "the time was up".to_owned(),
        CloseReason::EmptyResponse => format!("the language model of {somebody} had nothing to say"),
        CloseReason::AgentError if summary.ended_by.is_some() => format!("a model of {somebody} failed"),
        // The disk, the recording, or nobody knows whose model: the error says which.
        CloseReason::AgentError => "something failed".to_owned(),
        CloseReason::AgentJoinTimeout => "one of the two never came".to_owned(),
        CloseReason::Cancelled => "it was stopped from outside".to_owned(),
    }
}

fn name(summary: &Summary, side: Side) -> &str {
    summary.agents.iter().find(|a| a.side == side).map_or(side.as_str(), |a| &a.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary() -> Summary {
        serde_json::from_value(serde_json::json!({
            "conversation_id": "c", "status": "ended", "scenario": "s", "title": "t", "started_at": "", "duration_s": 9.0,
            "end_reason": "agent_ended", "ended_by": "support", "error": null, "turns": 0, "goal_reached": false,
            "verdicts": [], "metrics": duologue_score::Metrics::default(), "guidance": "free", "seed": 1, "version": "", "files": {},
            "agents": [
                {"side": "support", "agent_name": "", "name": "Joe", "models": {}, "voice": ""},
                {"side": "customer", "agent_name": "", "name": "Anna", "models": {}, "voice": ""},
            ],
        }))
        .expect("what summaries of the first version hold")
    }

    const EVENTS: &str = r#"{"t":0.1,"side":"support","event":"speech_created","turn":1,"source":"opening","hint":null}
{"t":3.0,"side":"customer","event":"nudged"}
{"t":4.5,"side":"support","event":"interrupted","turn":2}
{"t":5.0,"side":"support","event":"agent_state_changed","state":"listening"}
{"t":6.0,"side":"customer","ev"#;

    #[test]
    fn what_happened_is_told_by_name() {
        let told: Vec<_> = notes(EVENTS, &summary()).into_iter().map(|n| (n.at_s, n.text)).collect();
        let expected = [
            (0.1, "Joe opens"),
            (3.0, "Anna breaks the silence"),
            (4.5, "Anna interrupts Joe"),
            (9.0, "Ended: Joe hung up"),
        ];
        assert_eq!(told, expected.map(|(at, text)| (at, text.to_owned())));
    }

    proptest! {
        #[test]
        fn any_lines_are_survived(cut in 0..EVENTS.len(), put in any::<String>()) {
            let text: String = EVENTS.chars().take(cut).collect::<String>() + &put + &EVENTS[cut..];
            prop_assert!(notes(&text, &summary()).iter().all(|n| n.at_s.is_finite() && n.at_s >= 0.0));
        }
    }
}
