use super::*;
use crate::made_up::{case, failed, held, run};
use duologue_ids::SeededRng;
use proptest::prelude::*;

/// From the standard normal distribution, nearly: twelve uniform draws less six.
fn normal(rng: &mut SeededRng) -> f64 {
    (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0
}

/// Of 400 made-up comparisons with so many seeds, those whose interval holds the true difference.
fn covered(seeds: usize, truth: f64, draw: fn(&mut SeededRng) -> f64) -> usize {
    let mut rng = Seed(7).derive(&format!("{seeds} {truth}")).rng();
    let holds = |_: &usize| {
        let differences: Vec<f64> = (0..seeds).map(|_| truth + draw(&mut rng)).collect();
        let [low, high] = interval(&differences);
        low <= truth && truth <= high
    };
    (0..400).filter(holds).count()
}

#[test]
fn nineteen_of_twenty_intervals_hold_the_truth() {
    for seeds in [3, 5, 20, 60] {
        let found = covered(seeds, 40.0, normal);
        assert!((370..=398).contains(&found), "{seeds} seeds: {found} of 400");
    }
    // Skewed, as latencies are: an exponential less its mean.
    let found = covered(20, 0.0, |rng| -(1.0 - rng.unit()).ln() - 1.0);
    assert!((356..=396).contains(&found), "skewed: {found} of 400");
}

fn of_values(metric: &str, values: &[f64]) -> Run {
    let held = (1..).zip(values).map(|(seed, value)| held("a", seed, &[(metric, *value)]));
    run(vec![case("a", held.collect(), &[])])
}

fn verdict(metric: &str, a: &[f64], b: &[f64]) -> &'static str {
    let comparison = compare(&of_values(metric, a), &of_values(metric, b)).unwrap();
    comparison.changes.first().map_or("", Change::verdict)
}

#[test]
fn what_is_better_follows_from_the_definition() {
    let (low, high) = ([400.0, 420.0, 390.0, 410.0], [800.0, 830.0, 790.0, 805.0]);
    assert_eq!(verdict("parties.support.heard_e2e_latency_ms.p95", &low, &high), "worse");
    assert_eq!(verdict("parties.support.heard_e2e_latency_ms.p95", &high, &low), "better");
    assert_eq!(verdict("parties.support.yield_rate", &low, &high), "better");
    assert_eq!(verdict("turns", &low, &high), "differs");
    assert_eq!(verdict("turns", &low, &low), "as before");
    assert_eq!(verdict("yield_rate", &[1.0], &[0.0]), "as before", "one seed says nothing about others");
}

#[test]
fn seeds_are_compared_with_themselves() {
    // Each seed is its own by far more than the change: only in pairs is it seen.
    let a: Vec<f64> = (0..10).map(|n| f64::from(n) * 500.0).collect();
    let b: Vec<f64> = a.iter().map(|v| v + 20.0 + v % 3.0).collect();
    assert_eq!(verdict("time_to_yield_ms.p50", &a, &b), "worse");
    let longer = compare(&of_values("turns", &a), &of_values("turns", &a[..4])).unwrap();
    assert_eq!(longer.changes[0].seeds, 4);
    assert_eq!(longer.remarks(), ["other seeds: a has 10 in A and 4 in B; only the 4 of both are compared"]);
    assert!(!longer.is_regression());
}

#[test]
fn cases_are_told_apart() {
    let good = |id: &str| case(id, vec![held(id, 1, &[])], &[]);
    let bad = |id: &str| case(id, vec![failed(held(id, 1, &[]), "no")], &[]);
    let comparison =
        compare(&run(vec![good("x"), bad("y"), good("z")]), &run(vec![bad("x"), good("y"), good("w")])).unwrap();
    assert_eq!((comparison.newly_failing, comparison.newly_passing), (vec!["x".to_owned()], vec!["y".to_owned()]));
    assert_eq!((comparison.missing, comparison.added), (vec!["z".to_owned()], vec!["w".to_owned()]));
}

#[test]
fn what_was_not_held_is_no_success() {
    let of = |id: &str, seed| case(id, vec![held(id, seed, &[("turns", 3.0)])], &[]);
    let whole = run(vec![of("x", 1), of("y", 1)]);
    assert!(!compare(&whole, &whole).unwrap().is_regression());
    let part = compare(&whole, &run(vec![of("x", 1)])).unwrap();
    assert!(part.is_regression() && part.remarks() == ["missing in B: y"], "{:?}", part.remarks());
    let more = compare(&run(vec![of("x", 1)]), &whole).unwrap();
    assert!(!more.is_regression() && more.remarks() == ["only in B: y"], "{:?}", more.remarks());
    let other = compare(&whole, &run(vec![of("x", 1), of("y", 7)])).unwrap();
    assert!(other.is_regression() && other.remarks()[0].contains("none is in both"), "{:?}", other.remarks());
    let mut stopped = whole.clone();
    stopped.complete = false;
    let stopped = compare(&whole, &stopped).unwrap();
    assert!(stopped.is_regression() && stopped.remarks()[0].starts_with("B is incomplete"), "{:?}", stopped.remarks());
    let mut strange = run(vec![of("z", 1)]);
    strange.suite = "another".into();
    for other in [strange, run(vec![of("x", 2), of("y", 2)]), run(Vec::new())] {
        let told = compare(&whole, &other).unwrap_err().to_string();
        assert!(told.contains("do not fit together") && told.contains("`made-up`"), "{told}");
        assert!(told.contains(&format!("B of `{}`", other.suite)), "{told}");
    }
}

proptest! {
    #[test]
    fn the_mean_lies_in_its_interval(differences in prop::collection::vec(-1e4f64..1e4, 1..30)) {
        let [low, high] = interval(&differences);
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        prop_assert!(low <= mean + 1e-9 && mean <= high + 1e-9);
    }
}
