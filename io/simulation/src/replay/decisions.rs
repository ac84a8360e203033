//! Two accounts beside each other.

use super::ReplayError;
use super::memory::{Account, Told};
use duologue_voice::{CloseReason, Event};
use serde::Serialize;
use std::collections::BTreeSet;

/// What differs by no more is the same: three frames.
pub const TOLERANCE_MS: f64 = 60.0;
/// Decisions further apart are two, ms.
const WINDOW_MS: f64 = 5_000.0;
/// More decisions of one kind are in no conversation.
const MOST: usize = 2_000;

/// What a session decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The other party's turn is over.
    TurnOver,
    /// A reply begins to be heard.
    ReplyBegun,
    /// The other party has the floor: its own voice stands still.
    Interrupted,
    /// It was no interruption; its own voice goes on.
    Resumed,
    /// The other party only showed that it listens.
    BackchannelIgnored,
    /// What the other party said was not meant to take the floor.
    OverlapIgnored,
    /// Both began at once.
    Collision,
    /// It breaks a silence.
    Nudge,
    /// What of a reply was heard enters the history.
    ItemKept,
    /// It hangs up.
    HungUp,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// Seconds from the start.
    pub at_s: f64,
    /// The words, and what else there is to say; empty where there is nothing.
    pub what: String,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As then, within [`TOLERANCE_MS`].
    Same,
    /// At another time, or of something else.
    Moved,
    /// Not decided then.
    New,
    /// No longer decided.
    Gone,
}

/// A decision then and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// What kind of decision.
    pub kind: Kind,
    /// What became of it.
    pub verdict: Verdict,
    /// How much later it is now, ms; where there are both.
    pub by_ms: Option<f64>,
    /// Then.
    pub then: Option<Decision>,
    /// Now.
    pub now: Option<Decision>,
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// As then.
    pub same: usize,
    /// At another time, or of something else.
    pub moved: usize,
    /// Not decided then.
    pub new: usize,
    /// No longer decided.
    pub gone: usize,
}

/// All decisions of one side, then and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// How many there are of each.
    pub counts: Counts,
    /// In order of time.
    pub decisions: Vec<Pair>,
    /// What is missing or torn, in sentences.
    pub notes: Vec<String>,
}

impl Diff {
    /// Whether it would do now what it did then.
    pub fn is_same(&self) -> bool {
        self.counts.same == self.decisions.len()
    }
}

pub(super) fn diff(then: &Account, now: &[Told]) -> Result<Diff, ReplayError> {
    let over = then.closed.filter(|(_, reason)| *reason != CloseReason::AgentEnded).map_or(f64::INFINITY, |(at, _)| at);
    let (then, now) = (decisions(&then.told), decisions(now));
    let kinds: BTreeSet<Kind> = then.iter().chain(&now).map(|(kind, _)| *kind).collect();
    let mut pairs = Vec::new();
    for kind in kinds {
        let of = |all: &[(Kind, Decision)]| {
            all.iter().filter(|(k, _)| *k == kind).map(|(_, d)| d.clone()).collect::<Vec<_>>()
        };
        let (then, now) = (of(&then), of(&now));
        if then.len().max(now.len()) > MOST {
            return Err(ReplayError::TooLong { then: then.len(), now: now.len() });
        }
        pairs.extend(aligned(&then, &now).into_iter().map(|(a, b)| pair(kind, a, b)));
    }
    // It was over by then; nothing says what else it would have decided.
    pairs.retain(|p| p.then.is_some() || p.now.as_ref().is_some_and(|now| now.at_s <= over));
    let at = |p: &Pair| p.then.as_ref().or(p.now.as_ref()).map_or(0.0, |d| d.at_s);
    pairs.sort_by(|a, b| at(a).total_cmp(&at(b)).then(a.kind.cmp(&b.kind)));
    let count = |verdict| pairs.iter().filter(|p| p.verdict == verdict).count();
    let counts = Counts {
        same: count(Verdict::Same),
        moved: count(Verdict::Moved),
        new: count(Verdict::New),
        gone: count(Verdict::Gone),
    };
    Ok(Diff { counts, decisions: pairs, notes: Vec::new() })
}

fn pair(kind: Kind, then: Option<Decision>, now: Option<Decision>) -> Pair {
    let by_ms = then.as_ref().zip(now.as_ref()).map(|(a, b)| ((b.at_s - a.at_s) * 1e3).round());
    let verdict = match (&then, &now, by_ms) {
        (Some(a), Some(b), Some(by)) if by.abs() <= TOLERANCE_MS && a.what == b.what => Verdict::Same,
        (Some(_), Some(_), _) => Verdict::Moved,
        (None, _, _) => Verdict::New,
        (_, None, _) => Verdict::Gone,
    };
    Pair { kind, verdict, by_ms, then, now }
}

/// Pairs in order of time, the least far apart on the whole (dynamic programming over both lists): two are paired where
/// that costs less than to let both stand alone.
fn aligned(then: &[Decision], now: &[Decision]) -> Vec<(Option<Decision>, Option<Decision>)> {
    let width = now.len() + 1;
    let alone = WINDOW_MS / 2.0;
    let apart = |i: usize, j: usize| {
        let words = if then[i].what == now[j].what { 0.0 } else { TOLERANCE_MS };
        (then[i].at_s - now[j].at_s).abs() * 1e3 + words
    };
    // What the rest from (i, j) on costs at least.
    let mut cost = vec![0.0_f64; (then.len() + 1) * width];
    for i in (0..=then.len()).rev() {
        for j in (0..=now.len()).rev() {
            let rest = |i: usize, j: usize| cost[i * width + j];
            cost[i * width + j] = match (i < then.len(), j < now.len()) {
                (false, false) => 0.0,
                (true, false) => alone + rest(i + 1, j),
                (false, true) => alone + rest(i, j + 1),
                (true, true) => {
                    (apart(i, j) + rest(i + 1, j + 1)).min(alone + rest(i + 1, j)).min(alone + rest(i, j + 1))
                }
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < then.len() || j < now.len() {
        let rest = |i: usize, j: usize| cost.get(i * width + j).copied().unwrap_or(f64::INFINITY);
        let here = rest(i, j);
        if i < then.len() && j < now.len() && here >= apart(i, j) + rest(i + 1, j + 1) {
            pairs.push((Some(then[i].clone()), Some(now[j].clone())));
            (i, j) = (i + 1, j + 1);
        } else if i < then.len() && (j == now.len() || here >= alone + rest(i + 1, j)) {
            pairs.push((Some(then[i].clone()), None));
            i += 1;
        } else {
            pairs.push((None, Some(now[j].clone())));
            j += 1;
        }
    }
    pairs
}

fn decisions(told: &[Told]) -> Vec<(Kind, Decision)> {
    let mut begun = BTreeSet::new();
    let mut found = Vec::new();
    for Told { at, event } in told {
        let decided = match event {
            Event::UserTurnCompleted { text, .. } => Some((Kind::TurnOver, text.clone())),
            Event::SpeechProgress { turn, text } if begun.insert(*turn) => Some((Kind::ReplyBegun, text.clone())),
            Event::Interrupted { .. } => Some((Kind::Interrupted, String::new())),
            Event::FalseInterruption { .. } => Some((Kind::Resumed, String::new())),
            Event::Backchannel { text } => Some((Kind::BackchannelIgnored, text.clone())),
            Event::OverlapIgnored { text } => Some((Kind::OverlapIgnored, text.clone())),
            Event::Collision { yielded } => {
                Some((Kind::Collision, if *yielded { "gives way" } else { "goes on" }.to_owned()))
            }
            Event::Nudged => Some((Kind::Nudge, String::new())),
            Event::ConversationItemAdded { text, interrupted, .. } => {
                Some((Kind::ItemKept, if *interrupted { format!("{text} –") } else { text.clone() }))
            }
            Event::Closed { reason: CloseReason::AgentEnded } => Some((Kind::HungUp, String::new())),
            _ => None,
        };
        found.extend(decided.map(|(kind, what)| (kind, Decision { at_s: (at * 1e3).round() / 1e3, what })));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[f64]) -> Vec<Decision> {
        times.iter().map(|at_s| Decision { at_s: *at_s, what: String::new() }).collect()
    }

    fn verdicts(then: &[f64], now: &[f64]) -> Vec<Verdict> {
        let pairs = aligned(&at(then), &at(now));
        pairs.into_iter().map(|(a, b)| pair(Kind::Nudge, a, b).verdict).collect()
    }

    #[test]
    fn what_is_near_is_one_decision_and_what_is_far_are_two() {
        use Verdict::{Gone, Moved, New, Same};
        assert_eq!(verdicts(&[1.0, 2.0], &[1.05, 2.3]), [Same, Moved]);
        assert_eq!(verdicts(&[1.0, 30.0], &[1.0, 10.0, 30.0]), [Same, New, Same]);
        assert_eq!(verdicts(&[1.0, 10.0, 30.0], &[30.0]), [Gone, Gone, Same]);
        assert_eq!(verdicts(&[1.0], &[9.0]).len(), 2);
        assert_eq!(verdicts(&[], &[]), []);
    }
}
