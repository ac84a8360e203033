//! What the voices say must be what the recogniser hears. Needs the models: `DUOLOGUE_TEST_MODELS=<folder that contains
//! speech/>`.

use crate::files::Files;
use crate::normalise::normalise;
use crate::recognise::Recogniser;
use crate::voice::Speaker;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

const SENTENCES: [&str; 12] = [
    "Hello, thank you for calling Brightwater Internet, my name is Daniel.",
    "Hi, I ordered a coffee grinder on March 3rd and it still hasn't arrived.",
    "Could you give me the order number, please?",
    "Sure, it's order number 47291, and I paid $64.50 for it.",
    "I can see that the parcel left our warehouse in Portland at 9:30 am.",
    "Would a refund of 15 percent be all right for you?",
    "My telephone number is 555-0142, and you can reach me after 5 pm.",
    "Let me check with Dr. Peterson whether Tuesday the 21st is still free.",
    "The light on the router has been blinking red since yesterday evening.",
    "Please unplug it, wait 30 seconds and then plug it back in.",
    "That worked, everything is back online, you have been really helpful.",
    "You're welcome, is there anything else I can do for you today?",
];
/// Share of wrong words that is still good: numbers and names are hard, everything else must be right.
const MOST_ERRORS: f32 = 0.05;

struct Models {
    speaker: Speaker,
    recogniser: Recogniser,
}

/// Loaded once; the tests take turns.
static MODELS: OnceLock<Option<Mutex<Models>>> = OnceLock::new();

/// The models, or `None` with a loud note.
fn models() -> Option<MutexGuard<'static, Models>> {
    let models = MODELS.get_or_init(|| load().map(Mutex::new)).as_ref()?;
    Some(models.lock().unwrap_or_else(PoisonError::into_inner))
}

fn load() -> Option<Models> {
    let Some(folder) = std::env::var_os("DUOLOGUE_TEST_MODELS") else {
        eprintln!("SKIPPED: set DUOLOGUE_TEST_MODELS to the folder that contains speech/ to test with real models");
        return None;
    };
    let files = Files::new(PathBuf::from(folder).join("speech"));
    let started = Instant::now();
    let recogniser = files.recogniser(2).unwrap();
    let hearing = started.elapsed();
    let speaker = files.speaker().unwrap();
    eprintln!("loaded: hearing {hearing:.0?}, speaking {:.0?}", started.elapsed() - hearing);
    Some(Models { speaker, recogniser })
}

impl Models {
    fn say(&self, text: &str, voice: &str, speed: f32) -> Vec<i16> {
        let mut samples = Vec::new();
        let sink = |piece: Vec<i16>| {
            samples.extend(piece);
            true
        };
        self.speaker.speak(text, voice, speed, sink).unwrap();
        samples
    }

    fn hear(&mut self, samples: &[i16]) -> (String, Option<f32>) {
        let heard = self.recogniser.recognise(&to_16k(samples), &AtomicBool::new(false)).unwrap();
        (heard.text, heard.confidence)
    }
}

/// From 24 to 16 kHz: three samples become two, by a windowed sinc that ends at 8 kHz.
fn to_16k(samples: &[i16]) -> Vec<f32> {
    let sample =
        |i: isize| usize::try_from(i).ok().and_then(|i| samples.get(i)).map_or(0.0, |s| f32::from(*s) / 32768.0);
    let at = |n: usize| {
        let centre = n as f32 * 1.5;
        let near = (centre as isize - 24)..=(centre as isize + 25);
        near.map(|i| {
            let x = (i as f32 - centre) / 1.5;
            let pi_x = std::f32::consts::PI * x;
            let sinc = if x == 0.0 { 1.0 } else { pi_x.sin() / pi_x };
            let window = 0.5 + 0.5 * (pi_x / 17.0).cos();
            sample(i) * sinc * window / 1.5
        })
        .sum()
    };
    (0..samples.len() * 2 / 3).map(at).collect()
}

/// Words as they sound: "9:30" and "nine thirty" are the same.
fn words(text: &str) -> Vec<String> {
    let text = normalise(text).to_lowercase().replace('-', " ");
    let text: String = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '\'')).collect();
    text.split_whitespace().filter(|word| *word != "and").map(str::to_owned).collect()
}

/// Levenshtein distance between words.
fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let replaced = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[heard.len()]
}

#[test]
fn what_is_said_is_heard() {
    let Some(mut models) = models() else { return };
    for voice in models.speaker.names() {
        let (mut wrong, mut all) = (0, 0);
        let (mut speaking, mut hearing, mut audio) = (Duration::ZERO, Duration::ZERO, 0.0);
        for sentence in SENTENCES {
            let started = Instant::now();
            let samples = models.say(sentence, &voice, 1.0);
            speaking += started.elapsed();
            audio += samples.len() as f32 / 24_000.0;
            let started = Instant::now();
            let (heard, confidence) = models.hear(&samples);
            hearing += started.elapsed();
            let (said_words, heard_words) = (words(sentence), words(&heard));
            let errors = errors(&said_words, &heard_words);
            if errors > 0 {
                eprintln!("  {voice} [{errors}] {sentence:?} is heard as {heard:?} ({confidence:?})");
            }
            assert!(confidence.is_some_and(|c| (0.3..=1.0).contains(&c)), "{confidence:?}");
            (wrong, all) = (wrong + errors, all + said_words.len());
        }
        let share = wrong as f32 / all as f32;
        let each = SENTENCES.len() as u32;
        eprintln!(
            "{voice}: {wrong} of {all} words wrong; {audio:.1} s of audio; per sentence: speaking {:.0?}, hearing {:.0?}",
            speaking / each,
            hearing / each
        );
        assert!(share <= MOST_ERRORS, "{voice}: {:.1} % of the words were not understood", share * 100.0);
    }
}

#[test]
fn the_voices_are_two_people_of_equal_loudness() {
    let Some(models) = models() else { return };
    let mut seen = Vec::new();
    for voice in ["heart", "orion"] {
        let samples: Vec<i16> = SENTENCES.iter().flat_map(|sentence| models.say(sentence, voice, 1.0)).collect();
        let level =
            20.0 * (samples.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / samples.len() as f32).sqrt().log10();
        seen.push((level, median_pitch(&samples), samples.len() as f32));
    }
    eprintln!("level in dB, pitch in Hz, samples: {seen:?}");
    let (heart, orion) = (seen[0], seen[1]);
    assert!((heart.0 - orion.0).abs() < 2.0, "they are equally loud");
    assert!(heart.1 > 1.4 * orion.1 && (90.0..150.0).contains(&orion.1), "they have different pitches");
    assert!((heart.2 / orion.2 - 1.0).abs() < 0.1, "they have the same pace");
}

/// Median pitch of the voiced blocks by autocorrelation.
fn median_pitch(samples: &[i16]) -> f32 {
    let mut pitches = Vec::new();
    for block in samples.chunks_exact(2400) {
        let block: Vec<f32> = block.iter().map(|s| f32::from(*s)).collect();
        let correlation = |lag: usize| {
            let (a, b) = (&block[..block.len() - lag], &block[lag..]);
            let norm = (a.iter().map(|x| x * x).sum::<f32>() * b.iter().map(|x| x * x).sum::<f32>()).sqrt();
            a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>() / norm.max(1.0)
        };
        let best = (70..340).max_by(|a, b| correlation(*a).total_cmp(&correlation(*b))).unwrap_or(70);
        if correlation(best) > 0.6 {
            pitches.push(24_000.0 / best as f32);
        }
    }
    pitches.sort_by(f32::total_cmp);
    pitches[pitches.len() / 2]
}

#[test]
fn the_same_text_gives_the_same_samples_at_any_pace() {
    let Some(mut models) = models() else { return };
    let text = "My order number is TX-4821, can you help me?";
    for voice in models.speaker.names() {
        let normal = models.say(text, &voice, 1.0);
        assert_eq!(normal, models.say(text, &voice, 1.0));
        let slow = models.say(text, &voice, 0.8);
        assert!(slow.len() as f32 > 1.05 * normal.len() as f32);
        assert!(models.hear(&slow).0.contains("4821"));
        assert!(!models.say(text, &voice, f32::NAN).is_empty());
    }
}

#[test]
fn odd_texts_are_harmless() {
    let Some(models) = models() else { return };
    for text in ["", "   ", "…?!", "😀", "❓❓", "()", "\u{0}\u{1}", "[x](/z/)(", "\"'\"'"] {
        eprintln!("{text:?}: {} samples", models.say(text, "heart", 1.0).len());
    }
    assert!(models.say("…?! 😀", "orion", 1.0).is_empty());
    for text in
        ["你好 ñandú Ω", "Kowalczyk & Søn", "A", "xkcdqwrtz", "'tis", "a-b--c", "don't 'quote' O'Neil's", "1/0 0/0"]
    {
        assert!(!models.say(text, "heart", 1.0).is_empty(), "{text}");
    }
    assert!(models.speaker.speak("Hello.", "nobody", 1.0, |_| true).unwrap_err().to_string().contains("heart"));
}

#[test]
fn long_texts_are_spoken_in_pieces() {
    let Some(models) = models() else { return };
    let text = SENTENCES.join(" ").replace(['.', '?'], "");
    let mut pieces = Vec::new();
    let sink = |piece: Vec<i16>| {
        pieces.push(piece.len());
        true
    };
    models.speaker.speak(&text, "heart", 1.0, sink).unwrap();
    assert!(pieces.len() >= 3, "{pieces:?}");
    let whole = pieces.iter().sum::<usize>() as f32 / 24_000.0;
    assert!((30.0..70.0).contains(&whole), "{whole} s");
}

#[test]
fn long_audio_is_heard_to_its_end_and_silence_is_nothing() {
    let Some(mut models) = models() else { return };
    let all = SENTENCES.join(" ");
    let samples = models.say(&all, "heart", 1.0);
    let (heard, _) = models.hear(&samples);
    let wrong = errors(&words(&all), &words(&heard));
    eprintln!("{:.0} s: {wrong} of {} words wrong: {heard}", samples.len() as f32 / 24_000.0, words(&all).len());
    assert!(wrong as f32 <= 0.08 * words(&all).len() as f32);
    assert_eq!(models.hear(&[0; 48_000]).0, "");
    assert_eq!(models.hear(&samples[..1200]).0, "", "too short for a word");
    assert_eq!(models.hear(&[]), (String::new(), None));
    let mut noise = crate::noise::Noise::seeded(3);
    let hiss: Vec<i16> = (0..72_000).map(|_| (noise.normal_pair().0 * 100.0) as i16).collect();
    assert_eq!(models.hear(&hiss).0, "", "three seconds of hiss at -50 dB");
}
