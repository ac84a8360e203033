//! A voice for simulations: it sounds like speech to a voice activity detector, and its vowels carry its words, so that
//! the listener's "recogniser" knows what really arrived: no more when the speaker was cut off, less when packets were
//! lost or noise covers them.
//!
//! A word is a marker vowel followed by vowels of 24 ms, of which there are sixteen: four first and four second formants.
//! Each is four bits: the word's length, its letters, and three that check them and mend one. The formants lie within the
//! telephone's band and are orthogonal over 16 ms, so the words survive Opus, 8 kHz and a good deal of noise.

mod speak;
mod understand;

pub use speak::babble;
pub use understand::understand;

/// Samples a second of this voice, Hz.
pub const BABBLE_RATE: u32 = 16_000;

/// Samples over which the formants are orthogonal: 16 ms. Formants are multiples of the rate divided by this.
const CYCLE: usize = 256;
/// Samples of the marker at the beginning of a word: 32 ms.
const MARKER: usize = 512;
/// Samples of a vowel: 24 ms.
const VOWEL: usize = 384;
/// First formants of the four highest values of two bits, and the marker's: 437 to 937 Hz.
const FIRST: [usize; 5] = [7, 9, 11, 13, 15];
/// Second formants, and the marker's: 1187 to 2250 Hz.
const SECOND: [usize; 5] = [19, 23, 27, 31, 36];
/// Longest word that is carried whole, in bytes; longer ones are split.
const LONGEST: usize = 15;

/// A word as the numbers of its vowels: length, letters, then three that check it.
fn vowels(word: &str) -> Vec<u8> {
    let bytes = word.as_bytes();
    let mut vowels = vec![bytes.len() as u8];
    vowels.extend(bytes.iter().flat_map(|b| [b >> 4, b & 15]));
    let check = check_sum(&vowels);
    let parity = vowels.iter().fold(0, |p, v| p ^ v);
    vowels.extend([check >> 4, check & 15, parity]);
    vowels
}

/// CRC-8 with the polynomial 0x2F (AUTOSAR): it differs from the parity, which mends.
fn check_sum(vowels: &[u8]) -> u8 {
    vowels.iter().fold(0xFF, |crc, v| {
        (0..4).rev().fold(crc, |crc: u8, bit| {
            let carry = (crc >> 7) ^ (v >> bit & 1);
            crc << 1 ^ if carry == 1 { 0x2F } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests;
