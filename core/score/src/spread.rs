use serde::{Deserialize, Serialize};

/// Where most of some values lie, in the unit of the values. Percentiles are `null` in JSON when there is no value.
///
/// The values are kept, so that conversations pool exactly: a percentile of percentiles is no percentile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many values there were.
    pub count: usize,
    /// The median.
    pub p50: Option<f64>,
    /// Nineteen of twenty values lie at or below it. Of fewer than twenty values it is close to the greatest.
    pub p95: Option<f64>,
    /// Ninety-nine of a hundred values lie at or below it.
    #[serde(default)]
    pub p99: Option<f64>,
    /// The values, ascending, in whole units. Empty in files of the first version, which did not keep them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
}

impl Spread {
    /// Of values in any order, rounded to whole units. What is no number is left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).map(f64::round).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |p| percentile(&values, p).map(f64::round);
        Spread { count: values.len(), p50: at(50.0), p95: at(95.0), p99: at(99.0), values }
    }

    /// Of the values of several.
    pub fn pool<'a>(spreads: impl IntoIterator<Item = &'a Spread>) -> Spread {
        Spread::of(spreads.into_iter().flat_map(|s| s.values.iter().copied()))
    }
}

/// How many of how many: a rate that pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Those that count.
    pub count: usize,
    /// All of them.
    pub of: usize,
    /// `count / of`, four decimals; `null` of none.
    pub rate: Option<f64>,
}

impl Share {
    /// `count` of `of`.
    pub fn new(count: usize, of: usize) -> Share {
        let rate = (of > 0).then(|| (count as f64 / of as f64 * 1e4).round() / 1e4);
        Share { count, of, rate }
    }

    /// Those among `all` for which `holds` does.
    pub(crate) fn among<T>(all: impl IntoIterator<Item = T>, holds: impl Fn(&T) -> bool) -> Share {
        let (count, of) = all.into_iter().fold((0, 0), |(n, of), item| (n + usize::from(holds(&item)), of + 1));
        Share::new(count, of)
    }
}

impl std::iter::Sum for Share {
    fn sum<I: Iterator<Item = Share>>(shares: I) -> Share {
        let (count, of) = shares.fold((0, 0), |(count, of), share| (count + share.count, of + share.of));
        Share::new(count, of)
    }
}

/// The `p`-th percentile (0 to 100) of values in ascending order, interpolated linearly between the two nearest: the
/// value at place `(n - 1) · p / 100` (Hyndman and Fan's type 7, NumPy's default). `None` of no values, the value itself
/// of one.
pub fn percentile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * p.clamp(0.0, 100.0) / 100.0;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (sorted[above.min(last)] - sorted[below]) * (place - below as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_have_percentiles_too() {
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(percentile(&[7.0], 95.0), Some(7.0));
        assert_eq!(percentile(&[1.0, 3.0], 50.0), Some(2.0));
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0, 5.0], 95.0), Some(4.8));
        assert_eq!(Spread::of([]), Spread::default());
        let spread = Spread::of([300.0, f64::NAN, -100.0]);
        assert_eq!((spread.count, spread.p50, spread.p95, spread.p99), (2, Some(100.0), Some(280.0), Some(296.0)));
        assert_eq!(spread.values, [-100.0, 300.0]);
        assert_eq!(Spread::pool([&spread, &Spread::of([500.0])]), Spread::of([500.0, 300.0, -100.0]));
    }

    proptest! {
        #[test]
        fn percentiles_rise_and_stay_among_the_values(mut v in prop::collection::vec(-5e3f64..5e3, 1..40), p in 0f64..100.0, q in 0f64..100.0) {
            v.sort_unstable_by(f64::total_cmp);
            let (low, high) = (p.min(q), p.max(q));
            let (a, b) = (percentile(&v, low).unwrap(), percentile(&v, high).unwrap());
            prop_assert!(v[0] <= a && a <= b + 1e-9 && b <= v[v.len() - 1] + 1e-9);
        }
    }
}
