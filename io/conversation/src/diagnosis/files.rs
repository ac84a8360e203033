//! Files that are missing or torn, and processes that are gone.

use super::{Facts, Finding, Readable, SIDES};
use crate::folder::names;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let copy = "restore it from a backup (`duologue restore FILE --force`); the audio still opens in any player";
    match &facts.summary {
        Readable::Yes(_) => {}
        Readable::Missing => found.push(Finding::trouble(
            "no_summary",
            format!("there is no {}", names::SUMMARY),
            "it was removed, or this is no folder of a conversation",
            copy,
        )),
        Readable::No(reason) => found.push(Finding::trouble(
            "torn_summary",
            format!("{} can't be read: {reason}", names::SUMMARY),
            "the disk failed, or somebody changed the file: Duologue replaces it whole",
            copy,
        )),
    }
    if let Readable::No(reason) = &facts.transcript {
        found.push(Finding::trouble(
            "torn_transcript",
            format!("{} can't be read: {reason}", names::TRANSCRIPT),
            "the disk failed, or somebody changed the file: Duologue replaces it whole",
            copy,
        ));
    }
    if facts.torn_lines > 0 {
        found.push(Finding::remark(
            "torn_events",
            format!("{} of {} can't be read", crate::counted(facts.torn_lines, "line"), names::EVENTS),
            "a process that is killed while it writes leaves half a line",
            "nothing: the other lines are whole",
        ));
    }
    found.extend(lost_tracks(facts));
    found.extend(killed(facts));
    found
}

/// Files of sound that are gone or do not open though something was said.
fn lost_tracks(facts: &Facts) -> Vec<Finding> {
    let lost = |side| match facts.side(side).bytes {
        _ if facts.said(side) == 0 => None,
        None => Some(("is missing", side)),
        Some(_) if facts.side(side).length.is_zero() => Some(("holds no sound that opens", side)),
        Some(_) => None,
    };
    let tell = |(what, side)| {
        Finding::trouble(
            "lost_track",
            format!("{} {what}, though {} spoke", names::track(side), facts.name(side)),
            "the disk was full or failed, or somebody removed the file",
            "restore it from a backup, or look at the disk before the next conversation",
        )
        .of(side)
    };
    SIDES.into_iter().filter_map(lost).map(tell).collect()
}

fn killed(facts: &Facts) -> Option<Finding> {
    let error = facts.summary.value().and_then(|s| s.error.as_deref());
    if !facts.was_killed() || error.is_some_and(super::failures::is_full_disk) {
        return None;
    }
    Some(Finding::trouble(
        "process_gone",
        format!("it breaks off after {:.1} s: its process ended before the conversation did", facts.length_s()),
        "it was killed (`kill -9`, out of memory, a terminal that was closed) or the machine went down",
        "look for `Out of memory` in the system's log (`dmesg`, `journalctl -k`); hold it again with fewer programs beside it",
    ))
}
