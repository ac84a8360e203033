//! What happened beside the talking, read back from `events.jsonl`: the last lines of it may be missing or torn.

use crate::report::{Begun, Note};
use crate::scenario::Side;
use crate::summary::Summary;
use crate::transcript::Utterance;
use duologue_voice::{CloseReason, Event, SpeechSource};
use serde::{Deserialize, Serialize};

/// A line of `events.jsonl`, as it is written.
#[derive(Serialize)]
pub(crate) struct EventLine<'a> {
    /// Seconds from the start.
    pub(crate) t: f64,
    pub(crate) side: Side,
    #[serde(flatten)]
    pub(crate) event: &'a Event,
}

/// One line that could be read.
#[derive(Deserialize)]
pub(crate) struct Line {
    t: f64,
    side: Side,
    #[serde(flatten)]
    event: Event,
}

/// Lines that can't be read are left out: a report of the rest is worth more than none.
pub(crate) fn read(events: &str) -> Vec<Line> {
    let lines = events.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| line.t.is_finite()).collect()
}

/// Notes for the transcript, oldest first.
pub(crate) fn notes(lines: &[Line], summary: &Summary) -> Vec<Note> {
    let told = lines.iter().filter_map(|line| Some(Note { at_s: line.t.max(0.0), text: text(line, summary)? }));
    let mut notes: Vec<Note> = told.collect();
    if let Some(reason) = summary.end_reason {
        notes.push(Note { at_s: summary.duration_s, text: format!("Ended: {}", ending(reason, summary)) });
    }
    notes
}

/// When the tool answered that `side` called at `at_s` or later under `id`, seconds.
pub(crate) fn answered(lines: &[Line], side: Side, id: &str, at_s: f64) -> Option<f64> {
    let is_it = |line: &&Line| {
        line.side == side && line.t >= at_s && matches!(&line.event, Event::ToolReturned { id: of, .. } if of == id)
    };
    lines.iter().find(is_it).map(|line| line.t)
}

/// How far the playback of an utterance had come, clause by clause; empty where that is not known.
pub(crate) fn begun(lines: &[Line], utterance: &Utterance) -> Vec<Begun> {
    let progress = |line: &Line| match &line.event {
        Event::SpeechProgress { turn, text } if line.side == utterance.speaker => {
            Some((*turn, line.t, text.encode_utf16().count()))
        }
        _ => None,
    };
    // Files keep no number of the turn: it is the one whose first sound was at that time.
    let same = |t: f64| (t - utterance.start_s).abs() < 0.0015;
    let Some((turn, ..)) = lines.iter().filter_map(progress).find(|(_, t, _)| same(*t)) else { return Vec::new() };
    let of_turn = lines.iter().filter_map(progress).filter(|(of, ..)| *of == turn);
    of_turn.map(|(_, at_s, utf16)| Begun { at_s, utf16 }).collect()
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
        let told: Vec<_> = notes(&read(EVENTS), &summary()).into_iter().map(|n| (n.at_s, n.text)).collect();
        let expected = [
            (0.1, "Joe opens"),
            (3.0, "Anna breaks the silence"),
            (4.5, "Anna interrupts Joe"),
            (9.0, "Ended: Joe hung up"),
        ];
        assert_eq!(told, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn playback_and_tools_are_found_by_their_times() {
        let events = r#"{"t":0.04,"side":"support","event":"speech_progress","turn":1,"text":"Hello."}
{"t":1.5,"side":"support","event":"speech_progress","turn":1,"text":"Hello. \u00dcber \ud83d\ude00?"}
{"t":2.0,"side":"support","event":"tool_returned","id":"a","name":"x","outcome":{"ok":1}}
{"t":4.0,"side":"support","event":"speech_progress","turn":2,"text":"Yes."}
{"t":5.0,"side":"customer","event":"tool_returned","id":"b","name":"x","outcome":{"ok":1}}"#;
        let lines = read(events);
        assert_eq!(
            lines.len(),
            5,
            "{:?}",
            events.lines().map(serde_json::from_str::<serde_json::Value>).collect::<Vec<_>>()
        );
        let mut utterance: Utterance = serde_json::from_value(serde_json::json!({
            "id": 1, "speaker": "support", "name": "", "agent_name": "", "text": "", "heard": null, "wer": null, "start_s": 0.04,
            "end_s": 3.0, "interrupted": false, "source": null, "hint": null, "metrics": null,
        }))
        .expect("an utterance");
        let told: Vec<_> = begun(&lines, &utterance).into_iter().map(|b| (b.at_s, b.utf16)).collect();
        assert_eq!(told, [(0.04, 6), (1.5, 15)], "in the units of scripts");
        utterance.start_s = 0.5;
        assert!(begun(&lines, &utterance).is_empty());
        assert_eq!(answered(&lines, Side::Support, "a", 1.0), Some(2.0));
        assert_eq!(answered(&lines, Side::Support, "b", 1.0), None, "the other side's");
        assert_eq!(answered(&lines, Side::Support, "a", 3.0), None, "an answer comes after its call");
    }

    proptest! {
        #[test]
        fn any_lines_are_survived(cut in 0..EVENTS.len(), put in any::<String>()) {
            let text: String = EVENTS.chars().take(cut).collect::<String>() + &put + &EVENTS[cut..];
            prop_assert!(notes(&read(&text), &summary()).iter().all(|n| n.at_s.is_finite() && n.at_s >= 0.0));
        }
    }
}
