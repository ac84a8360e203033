use crate::vad::Vad;

/// Detects speech of whoever is near the microphone: what its detector takes for speech counts only where it stands out
/// from the noise of the line, and is not far quieter than the speech before.
///
/// A detector answers to what sound is like, and is slow to let go of it: after the last word it goes on for 100 ms in
/// silence and for ever in hiss, and people at other tables are speech to it as well. Loudness knows better. It is
/// compared with two running levels: the floor, which follows the line downwards at once and upwards slowly, as the
/// minimum statistics of Martin, "Noise Power Spectral Density Estimation Based on Optimal Smoothing and Minimum
/// Statistics" (2001), and the level of speech. Nobody is locked out: speech that is too quiet lowers that level.
pub struct Foreground {
    detector: Box<dyn Vad>,
    /// Of the line without speech, dB below full scale.
    floor: f32,
    /// Of the loud parts of speech; `None` before any was heard.
    speech: Option<f32>,
    /// Windows for which speech goes on though it does not stand out.
    held: u8,
}

/// Sound at least so far above the floor stands out, dB.
const ABOVE_FLOOR: f32 = 9.0;
/// Sound further below the level of speech is its echo in the room, or somebody else, dB.
const BELOW_SPEECH: f32 = 28.0;
/// A line is taken for quiet until it was heard, dB.
const QUIET_LINE: f32 = -60.0;
/// Below this a line is not getting any quieter, dB.
const QUIETEST: f32 = -75.0;
/// From this probability on a window is certainly speech, and its level is that of speech.
const CERTAIN: f32 = 0.8;
/// How fast the floor rises while the detector hears no speech, and while it does, dB per second.
const RISE: (f32, f32) = (8.0, 1.0);
/// How fast the level of speech falls while there is only quiet speech, dB per second.
const FALL: f32 = 6.0;
/// A lost packet, or a closed mouth within a word is no end of speech.
const HOLD: u8 = 1;
const RATE: f32 = 16_000.0;

impl Foreground {
    /// What `detector` hears, of whoever is near.
    pub fn new(detector: Box<dyn Vad>) -> Foreground {
        Foreground { detector, floor: QUIET_LINE, speech: None, held: 0 }
    }

    fn stands_out(&mut self, level: f32, probability: f32, seconds: f32) -> bool {
        let speaks = probability >= 0.5;
        let clear = level >= self.floor + ABOVE_FLOOR;
        let near = self.speech.is_none_or(|speech| level >= speech - BELOW_SPEECH);
        if level < self.floor {
            self.floor += 0.3 * (level.max(QUIETEST) - self.floor);
        } else {
            let most = if speaks { RISE.1 } else { RISE.0 };
            self.floor += (level - self.floor).min(most * seconds);
        }
        match &mut self.speech {
            Some(speech) if probability >= CERTAIN && clear && level > *speech => *speech += 0.3 * (level - *speech),
            Some(speech) if speaks && !near && clear => *speech -= FALL * seconds,
            None if probability >= CERTAIN && clear => self.speech = Some(level),
            _ => {}
        }
        clear && near
    }
}

impl Vad for Foreground {
    fn window(&self) -> usize {
        self.detector.window()
    }

    fn predict(&mut self, window: &[i16]) -> f32 {
        let probability = self.detector.predict(window);
        let energy: i64 = window.iter().map(|&s| i64::from(s).pow(2)).sum();
        let mean = energy as f32 / window.len().max(1) as f32;
        let level = 10.0 * (mean / 32_768f32.powi(2)).max(1e-12).log10();
        let stands_out = self.stands_out(level, probability, window.len() as f32 / RATE);
        let held = stands_out || self.held > 0;
        self.held = if stands_out { HOLD } else { self.held.saturating_sub(1) };
        if held { probability } else { 0.0 }
    }

    fn reset(&mut self) {
        self.detector.reset();
        (self.floor, self.speech, self.held) = (QUIET_LINE, None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{sine, voiced};

    /// Takes everything for speech, as a detector does with people at other tables.
    struct Gullible;

    impl Vad for Gullible {
        fn window(&self) -> usize {
            256
        }
        fn predict(&mut self, _: &[i16]) -> f32 {
            0.9
        }
        fn reset(&mut self) {}
    }

    fn quieter(sound: &[i16], db: f32) -> Vec<i16> {
        sound.iter().map(|&s| (f32::from(s) * 10f32.powf(-db / 20.0)) as i16).collect()
    }

    /// Windows that count as speech.
    fn heard(vad: &mut Foreground, sound: &[i16]) -> usize {
        sound.chunks_exact(256).filter(|w| vad.predict(w) >= 0.5).count()
    }

    #[test]
    fn speech_ends_with_its_sound_whatever_the_detector_says() {
        let mut vad = Foreground::new(Box::new(Gullible));
        assert!(heard(&mut vad, &voiced(16_000, 1.0, 140.0)) >= 60);
        assert!(heard(&mut vad, &[0; 16_000]) <= 1);
    }

    #[test]
    fn a_steady_noise_becomes_the_floor_and_a_voice_stands_out_from_it() {
        let mut vad = Foreground::new(Box::new(Gullible));
        let noise = sine(16_000, 40.0, 200.0, 300.0);
        heard(&mut vad, &noise);
        assert_eq!(heard(&mut vad, &noise[..16_000]), 0);
        assert!(heard(&mut vad, &voiced(16_000, 1.0, 140.0)) >= 50);
    }

    #[test]
    fn what_is_far_quieter_than_the_speech_before_counts_again_if_it_goes_on() {
        let mut vad = Foreground::new(Box::new(Gullible));
        let voice = voiced(16_000, 4.0, 140.0);
        heard(&mut vad, &[0; 8_000]);
        heard(&mut vad, &voice[..16_000]);
        let far = quieter(&voice, 31.0);
        assert!(heard(&mut vad, &far[..4_000]) <= 1, "at first it is somebody else");
        assert!(heard(&mut vad, &far) >= 100, "nobody is locked out");
    }

    #[test]
    fn a_lost_packet_is_no_pause() {
        let mut vad = Foreground::new(Box::new(Gullible));
        let mut voice = voiced(16_000, 1.0, 140.0);
        voice[8_192..8_512].fill(0);
        let all = voice.chunks_exact(256).filter(|w| vad.predict(w) >= 0.5).count();
        assert_eq!(all, voice.len() / 256);
    }
}
