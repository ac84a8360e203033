//! What is measured, and how.

use serde_json::{Value, json};
use std::time::Duration;

/// CPU time of this process so far, in all threads.
pub(crate) fn cpu() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}

/// Resident memory in MiB; 0 where the system does not say.
pub(crate) fn resident_mib() -> f64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = rollup.lines().find(|l| l.starts_with("Rss:"));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)).and_then(|n| n.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Percentiles as `lk_audio.py` takes them, in ms.
pub(crate) fn spread(values: &[f64]) -> Value {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| {
        let place = ((sorted.len() as f64 * p) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(place).map(|v| (v * 10.0).round() / 10.0)
    };
    json!({ "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "min": at(0.0), "max": at(1.0) })
}

/// Two decimals.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
