use super::{CYCLE, FIRST, LONGEST, MARKER, SECOND, VOWEL, check_sum};
use std::f32::consts::TAU;

/// Samples in a step: 4 ms.
const STEP: usize = 64;
/// Steps in the 16 ms over which formants are told apart.
const WINDOW: usize = CYCLE / STEP;
/// Steps of a vowel, and of the marker.
const VOWEL_STEPS: usize = VOWEL / STEP;
const MARKER_STEPS: usize = MARKER / STEP;
/// A marker's formants have this many times the energy of any other.
const CLEAR: f32 = 2.5;
/// A vowel whose formants have less than this many times the energy of the next ones may be another.
const UNCLEAR: f32 = 4.0;
/// Energy of a formant over 16 ms below which there is nothing: an amplitude of about 25.
const FAINT: f32 = 1e7;

const FORMANTS: usize = FIRST.len() + SECOND.len();
/// Strength of each formant in the 16 ms from a step on.
type Spectrum = [f32; FORMANTS];

/// The words that `samples`, mono at [`super::BABBLE_RATE`], carry whole, in order.
pub fn understand(samples: &[i16]) -> String {
    let spectra = spectra(samples);
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(begin) = next_marker(&spectra, at) {
        match read_word(&spectra, begin) {
            Some((word, end)) => {
                words.push(word);
                at = end;
            }
            None => at = begin + WINDOW,
        }
    }
    words.join(" ")
}

/// The energy of each formant in every 16 ms, a step apart.
fn spectra(samples: &[i16]) -> Vec<Spectrum> {
    let waves: [[(f32, f32); CYCLE]; FORMANTS] = std::array::from_fn(|f| {
        let cycles = if f < FIRST.len() { FIRST[f] } else { SECOND[f - FIRST.len()] };
        std::array::from_fn(|i| {
            let turn = TAU * (i * cycles % CYCLE) as f32 / CYCLE as f32;
            (turn.cos(), turn.sin())
        })
    });
    let steps: Vec<[(f32, f32); FORMANTS]> = samples
        .chunks_exact(STEP)
        .enumerate()
        .map(|(n, chunk)| std::array::from_fn(|f| project(chunk, &waves[f][n * STEP % CYCLE..])))
        .collect();
    steps
        .windows(WINDOW)
        .map(|window| {
            std::array::from_fn(|f| {
                let (re, im) = window.iter().fold((0.0, 0.0), |sum, step| (sum.0 + step[f].0, sum.1 + step[f].1));
                re * re + im * im
            })
        })
        .collect()
}

fn project(chunk: &[i16], wave: &[(f32, f32)]) -> (f32, f32) {
    chunk.iter().zip(wave).fold((0.0, 0.0), |(re, im), (&s, w)| (re + f32::from(s) * w.0, im + f32::from(s) * w.1))
}

/// The first step of the next marker at or behind `from`. While it sounds there is a run of steps that show it alone; the
/// 16 ms in the middle of the run are those in the middle of the marker.
fn next_marker(spectra: &[Spectrum], from: usize) -> Option<usize> {
    let first = from + spectra.get(from..)?.iter().position(is_marker)?;
    let run = spectra[first..].iter().take(MARKER_STEPS).take_while(|s| is_marker(s)).count();
    let middle = first + run / 2;
    Some((middle + WINDOW / 2).saturating_sub(MARKER_STEPS / 2))
}

fn is_marker(spectrum: &Spectrum) -> bool {
    let (first, second) = spectrum.split_at(FIRST.len());
    let stands_out = |group: &[f32]| {
        let others = group[..4].iter().copied().fold(0.0, f32::max);
        group[4] > FAINT && group[4] > CLEAR * others
    };
    stands_out(first) && stands_out(second)
}

/// The word whose marker begins at this step, and the step behind it.
fn read_word(spectra: &[Spectrum], marker: usize) -> Option<(String, usize)> {
    let begin = marker + MARKER_STEPS;
    // The 16 ms in the middle of the vowel.
    let vowel = |n: usize| spectra.get(begin + n * VOWEL_STEPS + 1).map(strongest);
    let (length, _) = vowel(0)?;
    // A wrong length can't be mended: it says where the check is.
    let bytes = usize::from(length);
    if bytes == 0 || bytes > LONGEST {
        return None;
    }
    let count = 1 + 2 * bytes + 3;
    let heard: Vec<(u8, f32)> = (0..count).map(vowel).collect::<Option<_>>()?;
    let values: Vec<u8> = heard.iter().map(|h| h.0).collect();
    let values = if checks(&values) { values } else { mended(&values, &heard)? };
    let letters: Vec<u8> = values[1..1 + 2 * bytes].chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Some((String::from_utf8(letters).ok()?, begin + count * VOWEL_STEPS - 1))
}

/// The vowel that a spectrum shows, and how clearly: 1 and more.
fn strongest(spectrum: &Spectrum) -> (u8, f32) {
    let best = |group: &[f32]| {
        let best = (0..4).max_by(|&a, &b| group[a].total_cmp(&group[b])).unwrap_or(0);
        let others = (0..4).filter(|&i| i != best).map(|i| group[i]).fold(1.0, f32::max);
        (best as u8, group[best] / others)
    };
    let (first, second) = (best(&spectrum[..FIRST.len()]), best(&spectrum[FIRST.len()..]));
    (first.0 << 2 | second.0, first.1.min(second.1))
}

fn checks(values: &[u8]) -> bool {
    let (word, check) = values.split_at(values.len() - 3);
    check_sum(word) == check[0] << 4 | check[1] && word.iter().fold(check[2], |p, v| p ^ v) == 0
}

/// The one letter that is not clear, made to fit the parity, where that makes the check come out right. With two of them
/// the word is lost: it would be guessed.
fn mended(values: &[u8], heard: &[(u8, f32)]) -> Option<Vec<u8>> {
    let (word, check) = values.split_at(values.len() - 3);
    let mut unclear = (1..heard.len()).filter(|&i| heard[i].1 < UNCLEAR);
    let (letter, None) = (unclear.next().filter(|i| *i < word.len())?, unclear.next()) else { return None };
    let mut mended = values.to_vec();
    mended[letter] ^= word.iter().fold(check[2], |p, v| p ^ v);
    checks(&mended).then_some(mended)
}
