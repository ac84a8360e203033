use super::*;
use duologue_ids::Mono;
use duologue_media::{Codec, Ear, EarConfig, Mouth};

const CALLER: &[u8] = include_bytes!("../../../../benches/voice/speech48.wav");
const AGENT: &[u8] = include_bytes!("../../../../benches/voice/reply48.wav");

/// 48 kHz mono behind a header of 44 bytes, as frames of 20 ms after `samples_late`, `db` down.
fn frames(wav: &[u8], samples_late: usize, db: f32) -> Vec<Frame> {
    let gain = 10f32.powf(-db / 20.0);
    let sound = wav[44..].chunks_exact(2).map(|b| (f32::from(i16::from_le_bytes([b[0], b[1]])) * gain) as i16);
    let late: Vec<i16> = std::iter::repeat_n(0, samples_late).chain(sound).collect();
    late.chunks_exact(960).map(|c| Frame::new(48_000, c.to_vec()).unwrap()).collect()
}

/// Which frames are taken for an echo, where `heard` crosses as Opus while `played` is played.
fn verdicts(played: &[Frame], heard: &[Frame]) -> Vec<(Frame, bool)> {
    let mut guard = EchoGuard::new();
    let (mut mouth, mut ear) = (Mouth::new(Codec::Opus, 48_000, 1), Ear::new(16_000, EarConfig::default()));
    let mut all = Vec::new();
    for n in 0..played.len().max(heard.len()) + 5 {
        let now = Mono::from_millis(20 * n as u64);
        mouth.send(heard.get(n)).unwrap().into_iter().for_each(|packet| ear.push(now, packet));
        let frame = ear.pull(now).frame;
        all.push((frame.clone(), guard.is_echo(&frame)));
        played.get(n).into_iter().for_each(|frame| guard.played(frame));
    }
    all
}

fn audible(frame: &Frame) -> bool {
    frame.samples().iter().any(|s| s.unsigned_abs() > 100)
}

#[test]
fn own_speech_is_recognised_at_any_delay_and_loudness_even_after_opus() {
    for (samples_late, db) in [(5_011, 8.0), (12_345, 12.0), (20_002, 20.0), (30_007, 26.0)] {
        let verdicts = verdicts(&frames(AGENT, 0, 0.0), &frames(AGENT, samples_late, db));
        let (mut missed, mut in_a_row, mut longest) = (0, 0, 0);
        for (_, echo) in verdicts.iter().filter(|(frame, _)| audible(frame)) {
            in_a_row = if *echo { 0 } else { in_a_row + 1 };
            missed += usize::from(!echo);
            longest = longest.max(in_a_row);
        }
        // What passes, 80 ms at most, is where a voice sets in.
        assert!(missed <= verdicts.len() / 20 && longest <= 4, "{db} dB: {missed} missed, {longest} in a row");
    }
}

#[test]
fn another_voice_is_never_taken_for_it_however_quiet() {
    // The last is the same voice with words that were played too long ago to be an echo.
    for (wav, samples_late) in [(CALLER, 7_001), (AGENT, 80_003)] {
        for db in [0.0, 6.0, 12.0, 26.0] {
            let verdicts = verdicts(&frames(AGENT, 0, 0.0), &frames(wav, samples_late, db));
            assert!(verdicts.iter().filter(|(frame, _)| audible(frame)).count() > 100);
            let taken = verdicts.iter().filter(|(frame, echo)| audible(frame) && *echo).count();
            assert_eq!(taken, 0, "{samples_late} samples late, {db} dB down");
        }
    }
}

/// Both at once.
fn mixed(a: &[Frame], b: &[Frame]) -> Vec<Frame> {
    let silence = || Frame::silence(48_000);
    let both = |n: usize| {
        let [a, b] = [a, b].map(|frames| frames.get(n).cloned().unwrap_or_else(silence));
        let sum = a.samples().iter().zip(b.samples()).map(|(a, b)| a.saturating_add(*b));
        Frame::new(48_000, sum.collect()).unwrap()
    };
    (0..a.len().max(b.len())).map(both).collect()
}

/// Audible frames in a row that are not taken for an echo, at most.
fn longest_miss<'a>(verdicts: impl IntoIterator<Item = &'a (Frame, bool)>) -> usize {
    let (mut in_a_row, mut longest) = (0, 0);
    for (_, echo) in verdicts.into_iter().filter(|(frame, _)| audible(frame)) {
        in_a_row = if *echo { 0 } else { in_a_row + 1 };
        longest = longest.max(in_a_row);
    }
    longest
}

#[test]
fn an_echo_that_lay_under_a_voice_is_found_when_the_voice_ends() {
    let own = frames(AGENT, 0, 0.0);
    let echo = frames(AGENT, 5_011, 14.0);
    for ends in (30..80).step_by(7) {
        let voice = &frames(CALLER, 0, 0.0)[..ends];
        let verdicts = verdicts(&own, &mixed(&echo, voice));
        // The jitter buffer waits for two frames, and 60 ms are compared at a time.
        let after = longest_miss(&verdicts[ends + 5..]);
        assert!(after <= 8, "the voice ends after {ends} frames, and {after} in a row are taken for one");
    }
}

#[test]
fn a_way_that_was_doubted_once_is_still_found() {
    // A voice, something that is no voice for long, and then the first echo: what became quieter must not be all that
    // is looked at.
    let own = frames(AGENT, 0, 0.0);
    let noise = |n: usize| (0..960).map(|i| ((n * 960 + i) * 7_919 % 613) as i16 - 306).collect();
    let quiet: Vec<Frame> = (0..40).map(|n| Frame::new(48_000, noise(n)).unwrap()).collect();
    let mut before = frames(CALLER, 0, 0.0)[..30].to_vec();
    before.extend(quiet);
    let mut echo = vec![Frame::silence(48_000); 70];
    echo.extend_from_slice(&frames(AGENT, 5_011, 14.0)[70..]);
    let verdicts = verdicts(&own, &mixed(&echo, &before));
    let after = longest_miss(&verdicts[75..]);
    assert!(after <= 30, "{after} in a row are taken for a voice");
}

#[test]
fn on_a_way_that_is_known_an_echo_is_expected_whatever_it_sounds_like() {
    let own = frames(AGENT, 0, 0.0);
    let mut echo = frames(AGENT, 5_011, 14.0);
    // From the second second on each other 100 ms are backwards, as a jitter buffer makes up what was lost.
    for (n, frame) in echo.iter_mut().enumerate().filter(|(n, _)| *n > 50 && n % 10 < 5) {
        let backwards = frame.samples().iter().rev().map(|s| s / 2 * (1 - 2 * (n as i16 % 2)));
        *frame = Frame::new(48_000, backwards.collect()).unwrap();
    }
    let verdicts = verdicts(&own, &echo);
    let missed = longest_miss(&verdicts[55..]);
    assert!(missed <= 2, "{missed} in a row are taken for a voice");
}

#[test]
fn a_voice_is_heard_over_an_echo_that_is_known() {
    let own = frames(AGENT, 0, 0.0);
    let echo = frames(AGENT, 5_011, 14.0);
    for db in [0.0, 6.0] {
        let voice = frames(CALLER, 60 * 960, db);
        let verdicts = verdicts(&own, &mixed(&echo, &voice));
        let alone = verdicts_of(&voice);
        let spoken = alone.iter().enumerate().filter(|(_, frame)| loud(frame)).map(|(n, _)| n);
        let (mut heard, mut all) = (0, 0);
        for n in spoken.filter(|n| *n < own.len()) {
            all += 1;
            heard += usize::from(!verdicts[n].1);
        }
        assert!(all > 40 && heard * 10 >= all * 8, "{db} dB down: {heard} of {all} frames are heard");
    }
}

#[test]
fn a_way_on_which_nothing_comes_back_any_more_is_forgotten() {
    let own = frames(AGENT, 0, 0.0);
    let echo = &frames(AGENT, 5_011, 8.0)[..60];
    // Then the loudspeaker is off, and after a while somebody speaks softly.
    let voice = frames(CALLER, 120 * 960, 14.0);
    let verdicts = verdicts(&[own.clone(), own].concat(), &mixed(echo, &voice));
    let taken = verdicts[122..].iter().filter(|(frame, echo)| audible(frame) && *echo).count();
    assert_eq!(taken, 0);
}

fn loud(frame: &Frame) -> bool {
    let energy: f64 = frame.samples().iter().map(|&s| f64::from(s).powi(2)).sum();
    energy / frame.samples().len() as f64 > 800.0 * 800.0
}

/// What arrives of this alone.
fn verdicts_of(heard: &[Frame]) -> Vec<Frame> {
    verdicts(&[], heard).into_iter().map(|(frame, _)| frame).collect()
}
