use super::*;
use proptest::prelude::*;
use serde_json::json;

fn results(words: &str, from: f64, to: f64, is_final: bool, flush: bool) -> String {
    json!({
        "type": "Results", "start": from, "duration": to - from, "is_final": is_final, "from_finalize": flush,
        "channel": {"alternatives": [{"transcript": words, "confidence": 0.9}]},
    })
    .to_string()
}

#[test]
fn words_settle_stretch_by_stretch() {
    let mut r = Recognition::default();
    assert!(r.push(&results("my", 0.0, 1.0, false, false)).expect("good").changed);
    assert!(!r.push(&results("my", 0.0, 1.2, false, false)).expect("good").changed);
    assert_eq!(r.text(), "my");
    r.push(&results("My order", 0.0, 3.0, true, false)).expect("good");
    r.push(&results("is", 3.0, 4.0, false, false)).expect("good");
    assert_eq!(r.text(), "My order is");
    assert!(!r.ask(5 * 16_000));
    let last = r.push(&results("is late.", 3.0, 5.0, true, true)).expect("good");
    assert_eq!((last.answered, r.text().as_str(), r.confidence()), (1, "My order is late.", Some(0.9)));
}

#[test]
fn a_question_about_nothing_new_is_answered_at_once() {
    let mut r = Recognition::default();
    r.push(&results("Yes.", 0.0, 2.0, true, false)).expect("good");
    assert!(r.ask(2 * 16_000) && !r.is_asked());
}

#[test]
fn an_answer_to_the_first_question_is_none_to_the_second() {
    let mut r = Recognition::default();
    assert!(!r.ask(16_000));
    assert!(!r.ask(32_000));
    assert_eq!(r.push(&results("One", 0.0, 1.0, true, true)).expect("good").answered, 1);
    assert!(r.is_asked());
    assert_eq!(r.push(&results("two", 1.0, 2.0, true, true)).expect("good").answered, 1);
}

#[test]
fn what_is_none_of_the_protocol_is_a_fault() {
    for bad in ["", "<html>", "[]", "{}", r#"{"type":"Results"}"#, r#"{"type":"Results","channel":7}"#] {
        assert!(matches!(Recognition::default().push(bad), Err(Fault::Malformed(_))), "{bad}");
    }
    // A time beyond all times is no reason to stop.
    let mut far = Recognition::default();
    assert!(!far.ask(16_000));
    assert_eq!(far.push(&results("Hi", 1e300, 1e300, true, false)).expect("odd").answered, 1);
    assert!(far.ask(u64::MAX));
    let other = r#"{"type":"SpeechStarted","timestamp":1.2}"#;
    assert_eq!(Recognition::default().push(other), Ok(Update::default()));
    let error = r#"{"type":"Error","description":"no such model","variant":"x"}"#;
    assert!(matches!(Recognition::default().push(error), Err(Fault::Refused(_))));
}

#[test]
fn words_are_bounded() {
    let mut r = Recognition::default();
    let long = "x ".repeat(5_000);
    let last = (0..10).map(f64::from).find_map(|at| r.push(&results(&long, at, at + 1.0, true, false)).err());
    assert!(matches!(last, Some(Fault::Endless(_))) && r.text().len() <= TEXT_MAX, "{last:?}");
}

proptest! {
    #[test]
    fn every_question_is_answered_once(
        steps in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), -1.0f64..9.0), 0..30)
    ) {
        let (mut r, mut asked, mut answered) = (Recognition::default(), 0, 0);
        for (asks, is_final, flush, until) in steps {
            if asks {
                asked += 1;
                answered += usize::from(r.ask((until.max(0.0) * 16_000.0) as u64));
            }
            answered += r.push(&results("word", 0.0, until, is_final, flush)).expect("good").answered;
            prop_assert!(answered <= asked);
        }
        prop_assert_eq!(answered + r.close().answered, asked);
    }
}
