//! Marks of the time line and of the transcript, each with the sentence that says what happened.

use super::html::{clock, milliseconds};
use super::model::{Mark, Report, Utterance, side};
use duologue_score::MarkKind;

/// All kinds in the order of the legend: class of the sign, title.
const KINDS: [(MarkKind, &str, &str); 10] = [
    (MarkKind::Interruption, "interruption", "Interruption"),
    (MarkKind::Backchannel, "backchannel", "Backchannel"),
    (MarkKind::Overlap, "overlap", "Short overlap"),
    (MarkKind::Collision, "collision", "Both begin"),
    (MarkKind::EotMisprediction, "early", "Came too early"),
    (MarkKind::FalseInterruption, "false-stop", "Stopped for nothing"),
    (MarkKind::VocalTic, "tic", "Cough or laugh"),
    (MarkKind::NonDirected, "aside", "Said to somebody else"),
    (MarkKind::AwkwardSilence, "silence", "Awkward silence"),
    (MarkKind::Unanswered, "unanswered", "No answer"),
];

/// Class of the sign and title of a kind.
pub(super) fn sign(kind: MarkKind) -> (&'static str, &'static str) {
    KINDS.iter().find(|k| k.0 == kind).map_or(("other", "Other"), |k| (k.1, k.2))
}

/// Marks in order of time; those whose times are no numbers have no place.
pub(super) fn sorted(report: &Report) -> Vec<&Mark> {
    let placed = |m: &&Mark| m.start_s.is_finite() && m.end_s.is_finite();
    let mut sorted: Vec<&Mark> = report.marks.iter().filter(placed).collect();
    sorted.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    sorted
}

/// The kinds that appear: class of the sign, title, how many.
pub(super) fn legend(report: &Report) -> Vec<(&'static str, &'static str, usize)> {
    let count = |kind| report.marks.iter().filter(|m| m.kind == kind).count();
    KINDS.iter().map(|(kind, class, title)| (*class, *title, count(*kind))).filter(|(_, _, n)| *n > 0).collect()
}

/// What happened, who, when, and who gave way after what time: one sentence, unescaped.
pub(super) fn sentence(report: &Report, mark: &Mark) -> String {
    let (me, other) = names(report, mark);
    let length = milliseconds((mark.end_s - mark.start_s).max(0.0) * 1000.0);
    let what = match mark.kind {
        MarkKind::Interruption => format!("{me} interrupts {other}"),
        MarkKind::Backchannel => format!("{me} shows attention while {other} speaks ({length})"),
        MarkKind::VocalTic => format!("{me} coughs, laughs or the like ({length})"),
        MarkKind::NonDirected => format!("{me} speaks to somebody else ({length})"),
        MarkKind::Overlap => format!("{me} makes a short sound while {other} speaks ({length})"),
        MarkKind::Collision => format!("both begin at once, {me} second"),
        MarkKind::FalseInterruption => format!("{me} stops for something that is no interruption ({length})"),
        MarkKind::EotMisprediction => format!("{me} begins in a pause of {other}, who then goes on"),
        MarkKind::AwkwardSilence => format!("{length} of silence where {me} should speak"),
        MarkKind::Unanswered => format!("{me} gets no answer"),
    };
    format!("{}: {what}{}", clock(mark.start_s), yielded(report, mark).map(|y| format!("; {y}")).unwrap_or_default())
}

/// What its bubble does not say: the kind, and who gave way.
pub(super) fn badge(report: &Report, mark: &Mark) -> String {
    let what = match mark.kind {
        MarkKind::Interruption => "interrupts".to_owned(),
        kind => sign(kind).1.to_lowercase(),
    };
    what + &yielded(report, mark).map(|y| format!(", {y}")).unwrap_or_default()
}

fn yielded(report: &Report, mark: &Mark) -> Option<String> {
    let (_, other) = names(report, mark);
    match (mark.kind, mark.yielded_after_ms) {
        (MarkKind::AwkwardSilence | MarkKind::FalseInterruption | MarkKind::Unanswered, _) => None,
        (MarkKind::Interruption, None) => Some(format!("{other} does not yield")),
        (_, after) => after.map(|ms| format!("{other} yields after {}", milliseconds(ms))),
    }
}

fn names<'a>(report: &'a Report, mark: &Mark) -> (&'a str, &'a str) {
    (&report.speaker(mark.by).name, &report.speaker(1 - side(mark.by)).name)
}

/// The utterance during which (or right before whose start) its speaker did this; none for what nobody transcribed.
pub(super) fn utterance_of(mark: &Mark, utterances: &[&Utterance]) -> Option<usize> {
    /// Recording and session see a start up to this much apart, seconds.
    const SLACK: f64 = 0.35;
    if mark.kind == MarkKind::AwkwardSilence {
        return None;
    }
    let mine = utterances.iter().enumerate().filter(|(_, u)| side(u.speaker) == side(mark.by));
    let during =
        mine.filter(|(_, u)| u.start_s - SLACK <= mark.start_s && mark.start_s < u.end_s.max(u.start_s) + SLACK);
    let distance = |u: &Utterance| (u.start_s - mark.start_s).abs();
    during.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(number, _)| number)
}
