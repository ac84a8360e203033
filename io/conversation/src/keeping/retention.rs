//! By which rules old conversations go.

use serde::Serialize;
use std::time::Duration;

/// What may stay. A rule that is `None` says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Older ones go, but for the newest `keep_last`.
    pub older_than: Option<Duration>,
    /// So many of the newest stay, however old they are. Alone, without `older_than`: all others go.
    pub keep_last: Option<usize>,
    /// All together take no more bytes than this: the oldest go until that is so, whatever the other rules say.
    pub max_bytes: Option<u64>,
}

impl Retention {
    /// Whether there is a rule at all.
    pub fn is_empty(&self) -> bool {
        *self == Retention::default()
    }
}

/// What the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Since it began.
    pub age: Duration,
    /// What it takes.
    pub bytes: u64,
    /// Neither pinned nor running.
    pub may_go: bool,
}

/// Which rule a conversation fell to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is too old.
    Age,
    /// There are enough newer ones.
    Count,
    /// Together they take too much.
    Size,
}

/// What is to go, and what then is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionPlan {
    /// Places in the list that was given, oldest first.
    pub go: Vec<(usize, Reason)>,
    /// Bytes of those that stay; more than [`Retention::max_bytes`] where too many may not go.
    pub bytes_left: u64,
}

/// Which of these conversations go. They may come in any order; of two of the same age the later one in the list counts as
/// older.
pub fn plan(rules: &Retention, candidates: &[Candidate]) -> RetentionPlan {
    let mut newest_first: Vec<usize> = (0..candidates.len()).collect();
    newest_first.sort_by_key(|&i| candidates.get(i).map(|c| c.age));
    let mut left: u64 = candidates.iter().fold(0, |sum, c| sum.saturating_add(c.bytes));
    let mut go = Vec::new();
    for (rank, &place) in newest_first.iter().enumerate().rev() {
        let Some(candidate) = candidates.get(place).filter(|c| c.may_go) else { continue };
        let reason =
            fallen(rules, rank, candidate).or((rules.max_bytes.is_some_and(|max| left > max)).then_some(Reason::Size));
        if let Some(reason) = reason {
            left = left.saturating_sub(candidate.bytes);
            go.push((place, reason));
        }
    }
    RetentionPlan { go, bytes_left: left }
}

/// `rank` counts newer ones.
fn fallen(rules: &Retention, rank: usize, candidate: &Candidate) -> Option<Reason> {
    if rules.keep_last.is_some_and(|n| rank < n) {
        return None;
    }
    match rules.older_than {
        Some(limit) => (candidate.age > limit).then_some(Reason::Age),
        None => rules.keep_last.map(|_| Reason::Count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn days(ages: &[u32]) -> Vec<Candidate> {
        ages.iter().map(|&d| Candidate { age: DAY * d, bytes: 10, may_go: true }).collect()
    }

    fn gone(rules: Retention, candidates: &[Candidate]) -> Vec<(usize, Reason)> {
        plan(&rules, candidates).go
    }

    #[test]
    fn each_rule_takes_the_oldest() {
        let five = days(&[1, 40, 3, 50, 2]);
        let none = Retention::default();
        assert_eq!(gone(none, &five), []);
        assert_eq!(gone(Retention { older_than: Some(30 * DAY), ..none }, &five), [(3, Reason::Age), (1, Reason::Age)]);
        assert_eq!(gone(Retention { older_than: Some(40 * DAY), ..none }, &five), [(3, Reason::Age)], "not older");
        let last = Retention { keep_last: Some(2), ..none };
        assert_eq!(gone(last, &five), [(3, Reason::Count), (1, Reason::Count), (2, Reason::Count)]);
        assert_eq!(gone(Retention { max_bytes: Some(39), ..none }, &five), [(3, Reason::Size), (1, Reason::Size)]);
        assert_eq!(gone(Retention { max_bytes: Some(50), ..none }, &five), []);
    }

    #[test]
    fn the_newest_stay_however_old_unless_there_is_no_room() {
        let old = days(&[100, 101, 102]);
        let rules = Retention { older_than: Some(30 * DAY), keep_last: Some(2), max_bytes: None };
        assert_eq!(gone(rules, &old), [(2, Reason::Age)]);
        let tight = plan(&Retention { max_bytes: Some(15), ..rules }, &old);
        assert_eq!(tight, RetentionPlan { go: vec![(2, Reason::Age), (1, Reason::Size)], bytes_left: 10 });
    }

    proptest! {
        #[test]
        fn what_may_not_go_stays_and_what_stays_is_within_the_rules(
            raw in prop::collection::vec((0..100_u64, 0..50_u64, any::<bool>()), 0..20),
            (older, last, max) in (prop::option::of(0..100_u64), prop::option::of(0..20_usize), prop::option::of(0..500_u64)),
        ) {
            let all: Vec<Candidate> = raw.iter()
                .map(|&(age, bytes, may_go)| Candidate { age: Duration::from_secs(age), bytes, may_go }).collect();
            let rules = Retention { older_than: older.map(Duration::from_secs), keep_last: last, max_bytes: max };
            let plan = plan(&rules, &all);
            let stays: Vec<&Candidate> =
                all.iter().enumerate().filter(|(i, _)| plan.go.iter().all(|(g, _)| g != i)).map(|(_, c)| c).collect();
            prop_assert_eq!(stays.len() + plan.go.len(), all.len());
            prop_assert!(plan.go.iter().all(|(i, _)| all[*i].may_go));
            prop_assert_eq!(plan.bytes_left, stays.iter().map(|c| c.bytes).sum::<u64>());
            let free = || stays.iter().filter(|c| c.may_go);
            prop_assert!(max.is_none_or(|max| plan.bytes_left <= max || free().count() == 0));
            let limit = rules.older_than.unwrap_or(Duration::MAX);
            prop_assert!(free().filter(|c| c.age > limit).count() <= last.unwrap_or(0));
        }
    }
}
