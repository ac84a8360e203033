use super::*;
use duologue_media::{Codec, EarshotVad, Frame, Mouth, PacketDecoder, Vad};
use proptest::prelude::*;

const WORDS: &str = "the technician will come to your house tomorrow between nine and eleven in the morning";

#[test]
fn what_is_cut_off_is_not_understood() {
    let sound = babble("my order has not arrived", 120.0, 1.0);
    assert_eq!(understand(&sound), "my order has not arrived");
    assert_eq!(understand(&sound[..sound.len() / 2]), "my order");
    assert_eq!(understand(&babble("no no no", 120.0, 1.0)), "no no no");
    assert_eq!(understand(&vec![0; 16_000]), "");
}

#[test]
fn it_speaks_about_150_words_a_minute() {
    let seconds = |speed| babble(WORDS, 120.0, speed).len() as f64 / f64::from(BABBLE_RATE);
    let wpm = 15.0 / seconds(1.0) * 60.0;
    assert!((120.0..200.0).contains(&wpm), "{wpm}");
    assert!((1.8..2.2).contains(&(seconds(0.5) / seconds(1.0))));
    assert_eq!(understand(&babble(WORDS, 120.0, 0.6)), WORDS);
}

/// Through Opus as a call has it, at the rate at which a session hears.
fn through_opus(samples: &[i16]) -> Vec<i16> {
    let mut mouth = Mouth::new(Codec::Opus, BABBLE_RATE, 1);
    let mut decoder = PacketDecoder::new(BABBLE_RATE);
    let mut out = Vec::new();
    // The codec's own delay would keep the end of the last word.
    for frame in [samples, &[0; 960]].concat().chunks_exact(320) {
        let frame = Frame::new(BABBLE_RATE, frame.to_vec()).expect("20 ms");
        if let Some(packet) = mouth.send(Some(&frame)).expect("encodes") {
            decoder.decode(&packet, &mut out).expect("decodes");
        }
    }
    out
}

#[test]
fn opus_leaves_the_words() {
    for pitch in [90.0, 120.0, 140.0, 180.0, 220.0] {
        assert_eq!(understand(&through_opus(&babble(WORDS, pitch, 1.0))), WORDS, "{pitch} Hz");
    }
}

#[test]
fn a_detector_takes_it_for_speech() {
    for pitch in [90.0, 120.0, 140.0, 180.0, 220.0] {
        let sound = through_opus(&babble(WORDS, pitch, 1.0));
        let mut vad = EarshotVad::new();
        let heard: Vec<f32> = sound.chunks_exact(vad.window()).map(|w| vad.predict(w)).collect();
        let speech = heard.iter().skip(10).filter(|p| **p > 0.5).count() as f64 / (heard.len() - 10) as f64;
        assert!(speech > 0.95, "{pitch} Hz: {speech}");
    }
}

#[test]
fn noise_costs_words_the_more_the_louder_it_is() {
    let mut rng = duologue_ids::Seed(1).rng();
    let sound = babble(WORDS, 140.0, 1.0);
    let rms = (sound.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / sound.len() as f64).sqrt();
    let mut left = |snr_db: f64| {
        let noise = rms / 10f64.powf(snr_db / 20.0) * 12f64.sqrt();
        let noisy: Vec<i16> = sound.iter().map(|s| (f64::from(*s) + noise * (rng.unit() - 0.5)) as i16).collect();
        understand(&noisy).split_whitespace().count()
    };
    let left = [20.0, 10.0, 0.0, -6.0, -12.0].map(&mut left);
    assert!(left[0] == 15 && left[4] < 5 && left.windows(2).all(|pair| pair[0] >= pair[1]), "{left:?}");
}

proptest! {
    #[test]
    fn any_text_comes_back_word_for_word(text in "\\PC{0,80}", skip in 0usize..400) {
        let words: Vec<String> = text.split_whitespace().filter(|w| w.len() <= LONGEST).map(String::from).collect();
        let text = words.join(" ");
        let mut sound = vec![0i16; skip];
        sound.extend(babble(&text, 180.0, 1.0));
        sound.resize(sound.len() + 400, 0);
        prop_assert_eq!(understand(&sound), text);
    }

    #[test]
    fn noise_is_never_a_panic(samples in proptest::collection::vec(any::<i16>(), 0..5000)) {
        understand(&samples);
    }
}
