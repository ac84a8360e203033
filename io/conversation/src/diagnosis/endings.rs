//! How it ended, where that is a trouble of its own.

use super::trail::trail;
use super::{Facts, Finding, SIDES};
use crate::summary::{Status, Summary};
use duologue_voice::CloseReason;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let Some(summary) = facts.summary.value().filter(|s| s.status != Status::Running) else { return Vec::new() };
    let ended = match summary.end_reason {
        Some(CloseReason::DurationLimit | CloseReason::TurnLimit) if !summary.goal_reached => limit(facts, summary),
        Some(CloseReason::Inactivity) => Some(fell_silent(facts)),
        Some(CloseReason::AgentJoinTimeout) => Some(Finding::trouble(
            "one_missing",
            "one of the two agents never came",
            "its models did not load in time",
            "run `duologue doctor`, which loads the models and says which does not",
        )),
        Some(CloseReason::Cancelled) => Some(Finding::remark(
            "stopped",
            "it was stopped from outside (Ctrl-C)",
            "somebody ended it",
            "nothing: what was said until then is kept",
        )),
        _ => None,
    };
    let report = !summary.files.contains_key("report");
    let no_report = report.then(|| {
        Finding::trouble(
            "no_report",
            "its report could not be written",
            "the disk was full when it ended, or the folder can't be written",
            format!("make room; `duologue conversation open {}` writes it then", summary.conversation_id),
        )
    });
    ended.into_iter().chain(no_report).collect()
}

/// A limit that ended a call before its goal.
fn limit(facts: &Facts, summary: &Summary) -> Option<Finding> {
    let missed = summary.verdicts.iter().filter(|v| !v.passed).count();
    if missed == 0 {
        return None;
    }
    let (what, key) = match summary.end_reason {
        Some(CloseReason::TurnLimit) => (crate::counted(summary.turns, "turn"), "turns"),
        _ => (format!("{:.0} s", facts.length_s()), "duration_s"),
    };
    Some(Finding::trouble(
        "limit_too_short",
        format!(
            "the limit ended it after {what}, with {} not met",
            crate::counted(missed, "criterion").replace("criterions", "criteria")
        ),
        "the limit is too short for this scenario, or the two went in circles",
        format!(
            "read the end of the transcript; raise `limits: {{{key}: …}}` in the scenario (or `--duration`) if they were on their way"
        ),
    ))
}

fn fell_silent(facts: &Facts) -> Finding {
    let owing = SIDES.into_iter().find_map(|side| Some((side, trail(facts, side).owing()?)));
    let cause = match owing {
        Some((side, stage)) => format!(
            "the {} of {}{} owed an answer when it ended",
            stage.name(),
            facts.name(side),
            facts.model(side, stage)
        ),
        None => "neither found that it was its turn: the last words were not recognised as such".to_owned(),
    };
    let finding = Finding::trouble(
        "fell_silent",
        "nobody spoke any more, until the limit of silence ended it",
        cause,
        "compare said and heard of the last turn in the report; run `duologue doctor`",
    );
    Finding { side: owing.map(|(side, _)| side), ..finding }
}
