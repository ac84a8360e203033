//! Whether what the pipeline says is what the recording holds.

use crate::events::{Kind, Reading};
use crate::floor::{PAUSE, offset_ms, transfers_of};
use crate::measured::Measured;
use crate::track::{Interval, Track};
use duologue_ids::Mono;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a party says about one of its utterances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Whose: place in [`Measured::parties`].
    pub by: usize,
    /// When it was said.
    pub spoken: Interval,
    /// How long the other waited for it, ms.
    pub e2e_latency_ms: Option<f64>,
    /// It was cut off by the other.
    pub interrupted: bool,
}

/// A difference between what was claimed and what is heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What differs.
    pub kind: FindingKind,
    /// Whose claim, or whose speech: place in [`Measured::parties`].
    pub by: usize,
    /// Where in the recording (nanoseconds in JSON).
    pub at: Mono,
    /// What was claimed, ms: a latency, or a time of the recording.
    pub reported_ms: Option<f64>,
    /// What is heard, ms.
    pub measured_ms: Option<f64>,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The answer took longer, or less long, than was claimed.
    Latency,
    /// An utterance began at another time.
    Start,
    /// An utterance ended at another time.
    End,
    /// An utterance that nobody can hear.
    NotHeard,
    /// Speech that no utterance accounts for.
    NotTold,
    /// Said to be cut off, while the other was silent.
    NotInterrupted,
    /// Stopped for the other, and said to be whole.
    Interrupted,
}

/// Speech shorter than this need not be in a transcript: a breath, the rest of a word that was cut off.
const WORTH_TELLING: Duration = Duration::from_millis(400);

/// All differences beyond `tolerance`, by time. The edges of the recording's speech are exact to 20 ms; a tolerance has to
/// leave room for the way from party to party too, over which the reported figures are taken.
pub fn cross_check(of: &Measured<'_>, claims: &[Claim], tolerance: Duration) -> Vec<Finding> {
    let reading = Reading::of(of);
    let check = Check {
        reading: &reading,
        claims,
        tolerance,
        end: Mono::ZERO + of.length,
        tracks: [0, 1].map(|by| of.parties[by].speech.closing_gaps(PAUSE)),
    };
    let mut found: Vec<Finding> = claims.iter().filter(|c| c.by < 2).flat_map(|claim| check.claim(claim)).collect();
    found.extend(check.untold());
    found.extend(check.unreported_interruptions());
    found.sort_by_key(|f| (f.at, f.by, f.kind));
    found
}

struct Check<'a> {
    reading: &'a Reading,
    claims: &'a [Claim],
    tolerance: Duration,
    /// Of the recording, which may have broken off.
    end: Mono,
    tracks: [Track; 2],
}

impl Check<'_> {
    fn claim(&self, claim: &Claim) -> Vec<Finding> {
        let heard: Vec<Interval> = self.tracks[claim.by]
            .intervals()
            .iter()
            .filter(|i| i.intersection(&claim.spoken).is_some())
            .copied()
            .collect();
        let finding = |kind, at, reported_ms, measured_ms| Finding { kind, by: claim.by, at, reported_ms, measured_ms };
        let recorded = |at: Mono| at + self.tolerance < self.end;
        let (Some(first), Some(last)) = (heard.first(), heard.last()) else {
            if !recorded(claim.spoken.start) {
                return Vec::new();
            }
            return vec![finding(FindingKind::NotHeard, claim.spoken.start, None, None)];
        };
        let mut found = Vec::new();
        // Utterances that follow each other closely are one stretch; its inner borders cannot be heard.
        let others = |at: Mono| {
            self.claims.iter().any(|c| c != claim && c.by == claim.by && reaches(c.spoken, at, self.tolerance))
        };
        let apart = |a: Mono, b: Mono| a.since(b).max(b.since(a)) > self.tolerance;
        if apart(first.start, claim.spoken.start)
            && !others(first.start.max(claim.spoken.start.min(first.end)))
            && !others(first.start)
        {
            found.push(finding(FindingKind::Start, claim.spoken.start, ms(claim.spoken.start), ms(first.start)));
        }
        if recorded(last.end) && apart(last.end, claim.spoken.end) && !others(last.end) && !others(claim.spoken.end) {
            found.push(finding(FindingKind::End, claim.spoken.end, ms(claim.spoken.end), ms(last.end)));
        }
        found.extend(self.latency(claim, first.start));
        let other = &self.tracks[1 - claim.by];
        let near = Interval::new(claim.spoken.start, claim.spoken.end + self.tolerance);
        // What goes on to the end was cut off by that.
        if claim.interrupted
            && recorded(claim.spoken.end)
            && other.intervals().iter().all(|i| i.intersection(&near).is_none())
        {
            found.push(finding(FindingKind::NotInterrupted, claim.spoken.end, None, None));
        }
        found
    }

    /// The latency that was claimed against the floor transfer at the start of the utterance.
    fn latency(&self, claim: &Claim, start: Mono) -> Option<Finding> {
        let reported = claim.e2e_latency_ms?;
        let transfer = transfers_of(&self.reading.turns).into_iter().find(|t| t.to == claim.by && t.at == start)?;
        let off = (reported - transfer.offset_ms as f64).abs();
        (off > self.tolerance.as_secs_f64() * 1e3).then_some(Finding {
            kind: FindingKind::Latency,
            by: claim.by,
            at: start,
            reported_ms: Some(reported.round()),
            measured_ms: Some(transfer.offset_ms as f64),
        })
    }

    fn untold(&self) -> Vec<Finding> {
        let told = |by: usize, at: Interval| {
            self.claims.iter().any(|c| c.by == by && widened(c.spoken, self.tolerance).intersection(&at).is_some())
        };
        let speech = self.reading.segments.iter().filter(|s| s.is_turn() && s.at.duration() >= WORTH_TELLING);
        speech
            .filter(|s| !told(s.by, s.at))
            .map(|s| Finding {
                kind: FindingKind::NotTold,
                by: s.by,
                at: s.at.start,
                reported_ms: None,
                measured_ms: None,
            })
            .collect()
    }

    /// Who stopped in the middle of an utterance for the other and goes on much later, has been interrupted.
    fn unreported_interruptions(&self) -> Vec<Finding> {
        let yielded = |e: &&crate::events::Event| {
            e.kind == Kind::Interruption
                && e.stop.is_some_and(|(at, _)| at < e.at.end)
                && e.yielded_within(crate::YIELD_WINDOW)
        };
        let unreported = |e: &&crate::events::Event| {
            let stopped = e.stop.map_or(e.at.start, |(at, _)| at);
            let mut about =
                self.claims.iter().filter(|c| c.by != e.by && reaches(c.spoken, stopped, self.tolerance)).peekable();
            // The utterance was claimed to go on beyond the stop: only then it is certain that it was cut.
            about.peek().is_some() && about.all(|c| !c.interrupted && c.spoken.end > stopped + self.tolerance)
        };
        let events = self.reading.events.iter().filter(yielded).filter(unreported);
        events
            .map(|e| Finding {
                kind: FindingKind::Interrupted,
                by: 1 - e.by,
                at: e.at.start,
                reported_ms: None,
                measured_ms: e.stop.map(|(at, _)| offset_ms(e.at.start, at) as f64),
            })
            .collect()
    }
}

fn reaches(spoken: Interval, at: Mono, tolerance: Duration) -> bool {
    let wide = widened(spoken, tolerance);
    wide.start <= at && at <= wide.end
}

fn widened(spoken: Interval, by: Duration) -> Interval {
    Interval::new(
        Mono(spoken.start.0.saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX))),
        spoken.end + by,
    )
}

fn ms(at: Mono) -> Option<f64> {
    Some((at.as_secs_f64() * 1e3).round())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Party;
    use proptest::prelude::*;

    const TOLERANCE: Duration = Duration::from_millis(150);

    fn at(start: u64, end: u64) -> Interval {
        Interval::new(Mono::from_millis(start), Mono::from_millis(end))
    }

    fn claim(by: usize, start: u64, end: u64) -> Claim {
        Claim { by, spoken: at(start, end), e2e_latency_ms: None, interrupted: false }
    }

    fn found(tracks: [&[(u64, u64)]; 2], claims: &[Claim]) -> Vec<(FindingKind, usize, Option<f64>, Option<f64>)> {
        let tracks = tracks.map(|spans| spans.iter().map(|&(a, b)| at(a, b)).collect::<Track>());
        let of = Measured::new(Duration::from_secs(20), [Party::new("a", &tracks[0]), Party::new("b", &tracks[1])]);
        cross_check(&of, claims, TOLERANCE).into_iter().map(|f| (f.kind, f.by, f.reported_ms, f.measured_ms)).collect()
    }

    #[test]
    fn what_agrees_is_not_told() {
        let answer = Claim { e2e_latency_ms: Some(600.0), ..claim(1, 2_600, 4_100) };
        assert_eq!(found([&[(1_000, 2_000)], &[(2_640, 4_000)]], &[claim(0, 980, 2_050), answer]), []);
        // Two utterances without a pause between them are one stretch of speech.
        assert_eq!(found([&[(1_000, 4_000)], &[]], &[claim(0, 1_000, 2_500), claim(0, 2_510, 4_000)]), []);
    }

    #[test]
    fn each_difference_is_told_as_what_it_is() {
        use FindingKind::{End, Latency, NotHeard, NotInterrupted, NotTold, Start};
        let quick = Claim { e2e_latency_ms: Some(300.0), ..claim(1, 2_900, 4_000) };
        let told = found([&[(1_000, 2_000)], &[(2_900, 4_000)]], &[claim(0, 1_000, 2_000), quick]);
        assert_eq!(told, [(Latency, 1, Some(300.0), Some(900.0))]);
        let told = found([&[(1_000, 2_000)], &[]], &[claim(0, 1_400, 2_600)]);
        assert_eq!(told, [(Start, 0, Some(1_400.0), Some(1_000.0)), (End, 0, Some(2_600.0), Some(2_000.0))]);
        assert_eq!(found([&[], &[]], &[claim(1, 0, 900)]), [(NotHeard, 1, None, None)]);
        assert_eq!(found([&[(500, 2_000)], &[]], &[]), [(NotTold, 0, None, None)]);
        assert_eq!(found([&[(500, 700)], &[]], &[]), []);
        let cut = Claim { interrupted: true, ..claim(0, 500, 2_000) };
        assert_eq!(found([&[(500, 2_000)], &[]], &[cut]), [(NotInterrupted, 0, None, None)]);
    }

    #[test]
    fn what_the_end_of_the_recording_cut_off_is_no_difference() {
        let cut = Claim { interrupted: true, ..claim(0, 18_000, 20_010) };
        assert_eq!(found([&[(18_000, 20_000)], &[]], &[cut]), []);
        let beyond = [claim(0, 18_000, 24_000), claim(1, 19_900, 26_000), claim(1, 27_000, 28_000)];
        assert_eq!(found([&[(18_000, 20_000)], &[]], &beyond), []);
        assert_eq!(found([&[(18_000, 19_000)], &[]], &beyond[..1]).len(), 1, "it was silent before");
    }

    #[test]
    fn an_interruption_has_to_be_told() {
        let tracks: [&[(u64, u64)]; 2] = [&[(500, 2_500)], &[(2_000, 5_000)]];
        let whole = claim(0, 500, 4_000);
        let told: Vec<FindingKind> = found(tracks, &[whole, claim(1, 2_000, 5_000)]).iter().map(|f| f.0).collect();
        assert_eq!(told, [FindingKind::Interrupted, FindingKind::End]);
        let cut = Claim { interrupted: true, ..claim(0, 500, 2_500) };
        assert_eq!(found(tracks, &[cut, claim(1, 2_000, 5_000)]), []);
    }

    proptest! {
        #[test]
        fn speech_that_is_told_as_it_was_agrees(
            a in prop::collection::vec((0u64..20_000, 1u64..2_000), 0..8),
            b in prop::collection::vec((0u64..20_000, 1u64..2_000), 0..8),
        ) {
            let tracks = [a, b].map(|t| t.iter().map(|&(s, long)| at(s, s + long)).collect::<Track>().closing_gaps(PAUSE));
            let of = Measured::new(Duration::from_secs(30), [Party::new("a", &tracks[0]), Party::new("b", &tracks[1])]);
            let claims: Vec<Claim> = (0..2)
                .flat_map(|by| tracks[by].intervals().iter().map(move |&spoken| Claim { by, spoken, e2e_latency_ms: None, interrupted: false }))
                .collect();
            prop_assert_eq!(cross_check(&of, &claims, TOLERANCE), []);
            let untold = cross_check(&of, &[], TOLERANCE);
            prop_assert!(untold.iter().all(|f| f.kind == FindingKind::NotTold));
        }
    }
}
