//! Cuts long audio where nobody speaks: Whisper hears 30 seconds at once.

use super::RATE;
use std::ops::Range;

/// Longest piece; with the appended silence it stays below 30 s.
const LONGEST: usize = 28 * RATE;
/// A cut is looked for in the last part of a piece only, so that pieces do not become small.
const SEARCH: usize = 13 * RATE;
/// The loudness of a place is that of the window around it.
const WINDOW: usize = RATE * 3 / 10;
const HOP: usize = RATE / 50;

/// Consecutive ranges that cover `audio`, each at most 28 s.
pub(super) fn pieces(audio: &[f32]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while audio.len() - start > LONGEST {
        let end = start + quietest(&audio[start..start + LONGEST]);
        ranges.push(start..end);
        start = end;
    }
    ranges.push(start..audio.len());
    ranges
}

/// The middle of the quietest window in the last part of `audio`, the latest if several are equal.
fn quietest(audio: &[f32]) -> usize {
    let from = audio.len() - SEARCH;
    let energy = |at: &usize| audio[*at..at + WINDOW].iter().map(|x| x * x).sum::<f32>();
    let starts = (from..audio.len() - WINDOW).step_by(HOP).rev();
    let best = starts.min_by(|a, b| energy(a).total_cmp(&energy(b)));
    best.unwrap_or(from) + WINDOW / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_audio_is_one_piece() {
        assert_eq!(pieces(&[0.1; 100]), vec![0..100; 1]);
        assert_eq!(pieces(&[]), vec![0..0; 1]);
        assert_eq!(pieces(&vec![0.1; LONGEST]).len(), 1);
    }

    #[test]
    fn long_audio_is_cut_at_its_silences() {
        let mut audio = vec![0.5; 60 * RATE];
        for second in [20, 24, 45] {
            audio[second * RATE..second * RATE + RATE / 2].fill(0.0);
        }
        let ranges = pieces(&audio);
        assert_eq!(ranges.len(), 3);
        let seconds: Vec<usize> = ranges.iter().map(|r| r.end / RATE).collect();
        assert_eq!(seconds, [24, 45, 60]);
    }

    #[test]
    fn ranges_cover_everything_and_stay_short() {
        for length in [LONGEST + 1, 100 * RATE, 57 * RATE + 3] {
            let audio: Vec<f32> = (0..length).map(|i| (i as f32 * 0.37).sin()).collect();
            let ranges = pieces(&audio);
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, length));
            assert!(ranges.windows(2).all(|w| w[0].end == w[1].start));
            assert!(ranges.iter().all(|r| r.len() <= LONGEST && !r.is_empty()));
        }
    }
}
