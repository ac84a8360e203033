//! How many threads to recognise with just now.
//!
//! whisper.cpp's threads wait for each other by spinning at every layer. On a busy machine one of them is always off the
//! processor, the others burn theirs, and two threads become ten times slower than one.

/// Threads to use: at most `most`, one for each processor that nobody else is using, at least one.
pub(super) fn usable(most: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let running = std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| running(&text));
    // This thread is itself one of those that run.
    let others = running.unwrap_or(1).saturating_sub(1);
    processors.saturating_sub(others).clamp(1, most.max(1))
}

/// How many threads run at this moment: the fourth field is "running/existing".
fn running(loadavg: &str) -> Option<usize> {
    loadavg.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernel_s_line() {
        assert_eq!(running("7.86 9.84 10.20 12/431 21366\n"), Some(12));
        assert_eq!(running(""), None);
        assert!((1..=3).contains(&usable(3)));
        assert_eq!(usable(0), 1);
    }
}
