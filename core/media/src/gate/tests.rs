use super::*;
use crate::signal::voiced;
use crate::vad::{EarshotVad, EnergyVad};
use std::collections::VecDeque;

/// Plays back probabilities, one per window of 20 ms.
struct Script(VecDeque<f32>);

impl Vad for Script {
    fn window(&self) -> usize {
        320
    }
    fn predict(&mut self, _: &[i16]) -> f32 {
        self.0.pop_front().unwrap_or(0.0)
    }
    fn reset(&mut self) {}
}

/// Stands for a zero that does not look like digital silence.
const ZERO: i16 = i16::MIN;

/// Asks its detector for every window, since its silence is made of [`ZERO`].
struct Sleepless(EarshotVad);

impl Vad for Sleepless {
    fn window(&self) -> usize {
        self.0.window()
    }
    fn predict(&mut self, window: &[i16]) -> f32 {
        let window: Vec<i16> = window.iter().map(|&s| if s == ZERO { 0 } else { s }).collect();
        self.0.predict(&window)
    }
    fn reset(&mut self) {
        self.0.reset();
    }
}

fn config(min_speech: u64, min_silence: u64) -> GateConfig {
    let ms = Duration::from_millis;
    GateConfig { min_speech: ms(min_speech), min_silence: ms(min_silence), ..GateConfig::default() }
}

fn scripted(probabilities: &[f32], config: GateConfig) -> Vec<GateUpdate> {
    let mut gate = SpeechGate::new(Box::new(Script(probabilities.iter().copied().collect())), config);
    let frame = Frame::new(16_000, vec![1; 320]).unwrap();
    probabilities.iter().map(|_| gate.push(&frame)).collect()
}

fn changes(updates: &[GateUpdate]) -> Vec<(usize, bool)> {
    let change = |(i, u): (usize, &GateUpdate)| (u.started || u.stopped).then_some((i, u.started));
    updates.iter().enumerate().filter_map(change).collect()
}

#[test]
fn a_start_needs_min_speech_in_a_row_and_an_end_min_silence() {
    let p = [0.9, 0.9, 0.4, 0.9, 0.9, 0.9, 0.4, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1];
    let updates = scripted(&p, config(50, 80));
    assert_eq!(changes(&updates), [(5, true), (13, false)]);
    assert!(updates[5].speaking && updates[12].speaking && !updates[13].speaking && !updates[4].speaking);
}

#[test]
fn between_the_thresholds_nothing_changes() {
    assert_eq!(changes(&scripted(&[0.49; 50], config(0, 0))), []);
    let mut p = vec![0.36; 50];
    p[0] = 0.6;
    assert_eq!(changes(&scripted(&p, config(0, 0))), [(0, true)]);
}

#[test]
fn without_minimum_lengths_one_window_decides() {
    assert_eq!(changes(&scripted(&[0.2, 0.5, 0.34, 0.5], config(0, 0))), [(1, true), (2, false), (3, true)]);
}

#[test]
fn windows_that_straddle_frames_all_count() {
    let mut gate = SpeechGate::new(Box::new(EnergyVad::new(300.0)), config(50, 200));
    let (loud, silence) = (Frame::new(16_000, vec![2_000; 320]).unwrap(), Frame::silence(16_000));
    for _ in 0..50 {
        gate.push(&loud);
    }
    assert_eq!(gate.windows_predicted(), 1_000 / 16);
    let stopped = (0..50).position(|_| gate.push(&silence).stopped);
    // 13 windows of 16 ms make 208 ms; the loud half window at the seam delays them by up to one.
    assert!(matches!(stopped, Some(10 | 11)), "{stopped:?}");
}

#[test]
fn other_rates_are_brought_to_the_detectors() {
    for rate in [8_000, 24_000, 48_000] {
        let mut gate = SpeechGate::new(Box::new(EnergyVad::new(300.0)), config(50, 200));
        let loud = Frame::new(rate, vec![2_000; rate as usize / 50]).unwrap();
        assert!(matches!((0..9).position(|_| gate.push(&loud).started), Some(3 | 4)));
    }
}

/// Speech and digital silence in turns of many lengths.
fn conversation() -> Vec<i16> {
    let mut sound = Vec::new();
    for (i, silence) in [0.3, 0.6, 1.0, 1.5, 2.2, 3.0, 5.0, 8.0, 20.0, 0.5, 1.2, 4.0].into_iter().enumerate() {
        sound.extend(vec![0i16; (16_000.0 * silence) as usize + 37 * i]);
        sound.extend(voiced(16_000, 0.3 + 0.25 * i as f64, 90.0 + 23.0 * i as f64));
    }
    sound.extend(vec![0i16; 160_000]);
    sound
}

#[test]
fn leaving_out_silence_moves_no_decision_by_more_than_a_frame() {
    for (min_speech, min_silence) in [(50, 200), (0, 0), (100, 500)] {
        let sound = conversation();
        let mut resting = SpeechGate::new(Box::new(EarshotVad::new()), config(min_speech, min_silence));
        let mut sleepless = SpeechGate::new(Box::new(Sleepless(EarshotVad::new())), config(min_speech, min_silence));
        let run = |gate: &mut SpeechGate, mark: i16| -> Vec<GateUpdate> {
            let frames = sound.chunks_exact(320).map(|s| s.iter().map(|&s| if s == 0 { mark } else { s }).collect());
            frames.map(|s| gate.push(&Frame::new(16_000, s).unwrap())).collect()
        };
        let (rested, asked) = (run(&mut resting, 0), run(&mut sleepless, ZERO));
        assert!(asked.iter().filter(|u| u.started).count() >= 8, "the voice is hardly heard");
        let (rested, asked) = (changes(&rested), changes(&asked));
        assert_eq!(rested.len(), asked.len());
        for (a, b) in rested.iter().zip(&asked) {
            assert!(a.1 == b.1 && a.0.abs_diff(b.0) <= 1, "{a:?} instead of {b:?}");
        }
        assert!(resting.windows_predicted() < sleepless.windows_predicted());
        let saved = 1.0 - resting.windows_predicted() as f64 / sleepless.windows_predicted() as f64;
        assert!(saved > 0.3, "saved {saved:.2}");
    }
}

#[test]
fn after_a_reset_a_gate_hears_as_a_new_one_does() {
    let sound = conversation();
    let frames: Vec<Frame> =
        sound[..96_000].chunks_exact(320).map(|s| Frame::new(16_000, s.to_vec()).unwrap()).collect();
    let mut gate = SpeechGate::new(Box::new(EarshotVad::new()), GateConfig::default());
    let first: Vec<GateUpdate> = frames.iter().map(|f| gate.push(f)).collect();
    gate.reset();
    assert!(!gate.speaking());
    let second: Vec<GateUpdate> = frames.iter().map(|f| gate.push(f)).collect();
    assert_eq!(first, second);
}
