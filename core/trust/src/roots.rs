//! When roots are made, sign and are forgotten.
//!
//! A root that signs before all know it, or is forgotten while something that it signed is valid, breaks connections. So it is
//! made at half the life of the one before, signs from five sixths of it on (as SPIRE does it), and is kept until shortly after it ends; what it signs
//! never outlives it.

use crate::Moment;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// So long a root that has ended is still told: what it signed is valid until its last second is over, and connections that were
/// made with it are wound up by then.
const LINGER: Duration = Duration::from_secs(2);

/// How long things live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// A root.
    pub root: Duration,
    /// An X.509-SVID.
    pub svid: Duration,
    /// A JWT-SVID.
    pub jwt: Duration,
    /// How far before their making certificates begin to be valid, for clocks that are late.
    pub backdate: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            root: Duration::from_secs(24 * 3600),
            svid: Duration::from_secs(3600),
            jwt: Duration::from_secs(300),
            backdate: Duration::from_secs(10),
        }
    }
}

/// Why timings make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadTimings {
    /// Certificates tell whole seconds.
    #[error("an SVID lives for at least 2 s, a JWT for at least 1 s")]
    TooShort,
    /// Renewal would not come before the end.
    #[error("a root lives at least four times as long as an X.509-SVID, and as a JWT-SVID")]
    RootTooShort,
    /// Longer than any development takes.
    #[error("a root of this authority, which is for development, lives for at most ten years")]
    TooLong,
}

impl Timings {
    /// Whether they make sense.
    ///
    /// # Errors
    /// [`BadTimings`].
    pub fn check(&self) -> Result<(), BadTimings> {
        if self.svid < Duration::from_secs(2) || self.jwt < Duration::from_secs(1) {
            return Err(BadTimings::TooShort);
        }
        if self.root > Duration::from_secs(10 * 366 * 24 * 3600) {
            return Err(BadTimings::TooLong);
        }
        let least = self.svid.max(self.jwt).saturating_mul(4);
        if self.root < least { Err(BadTimings::RootTooShort) } else { Ok(()) }
    }
}

/// The life of one root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootTimes {
    /// Roots are numbered from 1 on, and no number comes twice.
    pub number: u64,
    /// When it was made, and is in the bundle from.
    pub made: Moment,
    /// From when on it signs.
    pub active: Moment,
    /// When it ends, on a whole second.
    pub until: Moment,
}

/// What is to be done about roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootStep {
    /// Make this one, and publish it.
    Make(RootTimes),
    /// Forget the one with this number.
    Drop(u64),
}

/// What is to be done now, if anything; ask again once it is done.
pub fn next_step(roots: &[RootTimes], now: Moment, timings: &Timings) -> Option<RootStep> {
    let newest = roots.iter().max_by_key(|root| root.number);
    match newest {
        Some(newest) if now < half(newest) => {
            let over = roots.iter().find(|root| root.until.plus(LINGER) <= now && root.number != newest.number)?;
            Some(RootStep::Drop(over.number))
        }
        _ => Some(RootStep::Make(following(newest, now, timings))),
    }
}

fn following(newest: Option<&RootTimes>, now: Moment, timings: &Timings) -> RootTimes {
    let active = match newest {
        Some(old) if now < old.until => {
            let life = old.until.since(old.made);
            let planned = old.made.plus(life * 5 / 6);
            // Made late, since nobody was there: still told for a while, if there is time.
            planned.max(now.plus(life / 6)).min(old.until)
        }
        _ => now,
    };
    let until = now.plus(timings.root).whole_second();
    RootTimes { number: newest.map_or(1, |old| old.number + 1), made: now, active, until }
}

fn half(root: &RootTimes) -> Moment {
    root.made.plus(root.until.since(root.made) / 2)
}

/// The root that signs: the newest that may already; where none may, the newest that has not ended.
pub fn signer(roots: &[RootTimes], now: Moment) -> Option<&RootTimes> {
    let alive = || roots.iter().filter(|root| now < root.until);
    let active = alive().filter(|root| root.active <= now).max_by_key(|root| root.number);
    active.or_else(|| alive().max_by_key(|root| root.number))
}

/// When to look again: at that moment at the latest something is to be done, or another root signs.
pub fn next_look(roots: &[RootTimes], now: Moment) -> Moment {
    let each = roots.iter().flat_map(|root| [root.active, half(root), root.until, root.until.plus(LINGER)]);
    each.filter(|moment| *moment > now).min().unwrap_or(now)
}

/// From when until when what a root signs now is valid, where it is meant to last `life`: not longer than the root.
pub fn validity(root: &RootTimes, now: Moment, life: Duration, backdate: Duration) -> (Moment, Moment) {
    (now.minus(backdate).whole_second(), now.plus(life).whole_second().min(root.until))
}

/// When something made at `made` that ends at `until` is made anew: at half its time.
pub fn renewal(made: Moment, until: Moment) -> Moment {
    made.plus(until.since(made) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Moment = Moment::from_secs(1_700_000_000);

    fn settle(roots: &mut Vec<RootTimes>, now: Moment, timings: &Timings) {
        for _ in 0..100 {
            match next_step(roots, now, timings) {
                Some(RootStep::Make(root)) => roots.push(root),
                Some(RootStep::Drop(number)) => roots.retain(|root| root.number != number),
                None => return,
            }
        }
        panic!("it never comes to rest: {roots:?}");
    }

    #[test]
    fn a_root_is_made_at_half_signs_at_five_sixths_and_stays_until_it_ends() {
        let timings = Timings { root: Duration::from_secs(60), svid: Duration::from_secs(5), ..Timings::default() };
        let mut roots = Vec::new();
        let mut seen = Vec::new();
        for second in 0..=62 {
            let now = START.plus(Duration::from_secs(second));
            settle(&mut roots, now, &timings);
            let numbers: Vec<u64> = roots.iter().map(|root| root.number).collect();
            seen.push((numbers, signer(&roots, now).expect("somebody signs").number));
        }
        assert_eq!(seen[29], (vec![1], 1));
        assert_eq!(seen[30], (vec![1, 2], 1));
        assert_eq!(seen[49], (vec![1, 2], 1));
        assert_eq!(seen[50], (vec![1, 2], 2));
        assert_eq!(seen[59], (vec![1, 2], 2));
        assert_eq!(seen[60], (vec![1, 2, 3], 2));
        assert_eq!(seen[62], (vec![2, 3], 2));
    }

    #[test]
    fn timings_that_cannot_work_are_refused() {
        let good = Timings {
            root: Duration::from_secs(10),
            svid: Duration::from_secs(2),
            jwt: Duration::from_secs(2),
            ..Timings::default()
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Timings { svid: Duration::from_secs(1), ..good }.check(), Err(BadTimings::TooShort));
        assert_eq!(Timings { root: Duration::from_secs(7), ..good }.check(), Err(BadTimings::RootTooShort));
        assert_eq!(Timings { root: Duration::from_secs(1 << 40), ..good }.check(), Err(BadTimings::TooLong));
    }

    proptest! {
        /// Whatever way time passes, also in leaps, while the authority was down.
        #[test]
        fn what_was_signed_is_in_the_bundle_for_as_long_as_it_is_valid(
            root in 10u64..200, share in 4u64..12, leaps in proptest::collection::vec(1u64..40_000, 1..120),
        ) {
            let timings = Timings { root: Duration::from_secs(root), svid: Duration::from_secs((root / share).max(2)), ..Timings::default() };
            let (mut now, mut roots) = (START, Vec::new());
            let mut signed: Vec<(u64, Moment)> = Vec::new();
            for leap in leaps {
                settle(&mut roots, now, &timings);
                prop_assert!(roots.len() <= 4);
                let signing = *signer(&roots, now).expect("somebody signs");
                prop_assert!(signing.until > now);
                let (from, until) = validity(&signing, now, timings.svid, timings.backdate);
                prop_assert!(from < now && until <= signing.until && until <= now.plus(timings.svid));
                signed.push((signing.number, until));
                signed.retain(|(_, until)| *until > now);
                for (number, _) in &signed {
                    prop_assert!(roots.iter().any(|root| root.number == *number), "{number} is missing");
                }
                now = now.plus(Duration::from_millis(leap));
            }
        }

        #[test]
        fn a_root_that_follows_a_living_one_is_told_before_it_signs(root in 12u64..5_000, steps in 10u64..2_000) {
            let timings = Timings { root: Duration::from_secs(root), svid: Duration::from_secs(2), jwt: Duration::from_secs(1), ..Timings::default() };
            let (mut now, mut roots) = (START, Vec::new());
            let mut signing = 1;
            for _ in 0..steps {
                settle(&mut roots, now, &timings);
                let signer = *signer(&roots, now).expect("somebody signs");
                prop_assert!(signer.number >= signing, "it never goes back");
                prop_assert!(signer.number == 1 || now.since(signer.made) >= Duration::from_secs(root) / 4);
                signing = signer.number;
                let look = next_look(&roots, now);
                prop_assert!(look > now, "time goes on");
                now = look.min(now.plus(Duration::from_secs(1)));
            }
        }
    }
}
