//! Ends of sound without a click.

/// Below this peak (-38 dB of full scale) sound counts as over: nothing is lost when it stops at once. What an Opus decoder
/// gives at the end of speech that was run out stays below it, even where the speech was as loud as can be.
const QUIET: u16 = 400;

/// Whether the last 5 ms stay below [`QUIET`].
pub(crate) fn ends_quietly(samples: &[i16], rate: u32) -> bool {
    let tail = (rate / 200) as usize;
    samples.iter().rev().take(tail).all(|s| s.unsigned_abs() < QUIET)
}

/// Continues sound that was cut off: its last 5 ms backwards, which begins at the very value that it ended with, under
/// a ramp to zero; then silence, `len` samples in all.
pub(crate) fn run_out(samples: &[i16], rate: u32, len: usize) -> Vec<i16> {
    let tail = (rate / 200) as usize;
    let mut out: Vec<i16> = samples.iter().rev().take(tail.min(len)).copied().collect();
    ramp(&mut out, 1.0, 0.0);
    out.resize(len, 0);
    out
}

/// Scales samples by a gain that goes in a straight line from `from` to `to`.
pub(crate) fn ramp(samples: &mut [i16], from: f32, to: f32) {
    let step = (to - from) / samples.len().max(1) as f32;
    for (i, sample) in samples.iter_mut().enumerate() {
        *sample = (f32::from(*sample) * (from + step * (i as f32 + 0.5))) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_runs_out_from_where_it_was_to_zero() {
        let cut = crate::signal::sine(16_000, 0.0205, 200.0, 9_000.0);
        let end = run_out(&cut, 16_000, 320);
        let step = i32::from(cut[cut.len() - 1]) - i32::from(end[0]);
        assert!(step.abs() < 200, "a step of {step}");
        assert!(end.windows(2).all(|w| (i32::from(w[0]) - i32::from(w[1])).abs() < 1_500));
        assert!(ends_quietly(&end, 16_000) && !ends_quietly(&cut, 16_000));
        assert_eq!(run_out(&[], 16_000, 3), [0, 0, 0]);
    }
}
