use super::*;
use proptest::prelude::*;
use serde_json::json;

fn line(samples: &[i16], text: &str, from: f64) -> Vec<u8> {
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let starts: Vec<f64> = (0..letters.len()).map(|i| from + 0.1 * i as f64).collect();
    let ends: Vec<f64> = starts.iter().map(|s| s + 0.1).collect();
    let line = json!({
        "audio_base64": STANDARD.encode(crate::wav::bytes(samples)),
        "alignment": {
            "characters": letters, "character_start_times_seconds": starts, "character_end_times_seconds": ends,
        },
        "normalized_alignment": null,
    });
    format!("{line}\n").into_bytes()
}

/// All samples and words.
fn read(bytes: &[u8], size: usize) -> Result<(Vec<i16>, Vec<WordTime>), Fault> {
    let mut reader = AlignedReader::new(24_000);
    bytes.chunks(size.max(1)).try_for_each(|piece| reader.push(piece))?;
    reader.end()?;
    let (mut samples, mut words) = (vec![], vec![]);
    while let Some(audio) = reader.pop() {
        samples.extend(audio.samples);
        words.extend(audio.words);
    }
    Ok((samples, words))
}

#[test]
fn words_are_put_together_across_lines() {
    let bytes = [line(&[1, 2, 3], "Good mor", 0.0), line(&[4], "ning.", 0.8)].concat();
    let (samples, words) = read(&bytes, 7).expect("good");
    assert_eq!(samples, [1, 2, 3, 4]);
    let words: Vec<_> = words.iter().map(|w| (w.word.as_str(), w.start.as_millis(), w.end.as_millis())).collect();
    assert_eq!(words, [("Good", 0, 400), ("morning.", 500, 1300)]);
}

#[test]
fn what_can_not_be_speech_is_told() {
    let malformed = |bytes: &[u8]| matches!(read(bytes, 5), Err(Fault::Malformed(_)));
    assert!(malformed(b"<html>\n"));
    assert!(malformed(b"{\"audio_base64\":\"%%\"}\n"));
    assert!(malformed(b""), "no sound at all");
    assert!(malformed(br#"{"audio_base64":"AAAAAA==","alignment":{"characters":["a"],"character_start_times_seconds":[],"character_end_times_seconds":[0]}}"#));
    assert!(malformed(br#"{"audio_base64":"AAAAAA==","alignment":{"characters":["a"],"character_start_times_seconds":[-1],"character_end_times_seconds":[1e300]}}"#));
    let whole = line(&[1, 2, 3], "Hi", 0.0);
    let cut = [&whole[..], &whole[..whole.len() / 2]].concat();
    assert_eq!(read(&cut, 9), Err(Fault::CutOff));
    let error = [whole, br#"{"detail":{"status":"quota_exceeded","message":"no"}}"#.to_vec()].concat();
    assert!(matches!(read(&error, 9), Err(Fault::Refused(_))));
    assert!(malformed(&vec![b'x'; LINE_MAX + 1]));
}

proptest! {
    #[test]
    fn speech_is_the_same_wherever_it_is_cut(
        pieces in prop::collection::vec((prop::collection::vec(any::<i16>(), 1..50), "[a-c ]{0,12}"), 1..6),
        size in 1usize..80,
    ) {
        let lines: Vec<Vec<u8>> = pieces.iter().enumerate().map(|(i, (s, t))| line(s, t, 2.0 * i as f64)).collect();
        let samples: Vec<i16> = pieces.iter().flat_map(|(s, _)| s.clone()).collect();
        // Less than two samples are no answer, and four bytes of noise may happen to spell the start of a file.
        prop_assume!(samples.len() > 1);
        let text: String = pieces.iter().map(|(_, t)| t.as_str()).collect();
        match read(&lines.concat(), size) {
            Ok((heard, words)) => {
                prop_assert_eq!(heard, samples);
                let words: Vec<_> = words.into_iter().map(|w| w.word).collect();
                prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
            }
            Err(fault) => prop_assert!(matches!(&fault, Fault::Malformed(why) if why.contains("answers")), "{fault:?}"),
        }
    }
}
