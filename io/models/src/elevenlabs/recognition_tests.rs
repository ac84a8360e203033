use super::*;
use proptest::prelude::*;
use serde_json::json;

fn transcript(kind: &str, words: &str) -> String {
    json!({"message_type": format!("{kind}_transcript"), "text": words}).to_string()
}

fn push(r: &mut Recognition, kind: &str, words: &str) -> Update {
    r.push(&transcript(kind, words)).expect("good")
}

#[test]
fn words_settle_segment_by_segment() {
    let mut r = Recognition::default();
    assert!(!r.sent(16_000));
    assert!(push(&mut r, "partial", "My").changed && !push(&mut r, "partial", "My").changed);
    push(&mut r, "partial", "My order");
    assert_eq!((r.text().as_str(), r.settled().as_str()), ("My order", ""));
    assert_eq!(r.ask(), Ask::Commit { silence: 0 });
    assert_eq!(push(&mut r, "committed", "My order,"), Update { changed: true, answered: 1 });
    r.sent(16_000);
    push(&mut r, "partial", "is");
    assert_eq!((r.text().as_str(), r.settled().as_str()), ("My order, is", "My order,"));
    r.ask();
    push(&mut r, "committed", "is late.");
    assert_eq!(r.settled(), "My order, is late.");
}

#[test]
fn a_question_takes_no_commit_where_none_is_needed() {
    let mut r = Recognition::default();
    assert_eq!(r.ask(), Ask::Known, "of nothing, nothing was heard");
    r.sent(1_600);
    assert_eq!(r.ask(), Ask::Commit { silence: 4_000 });
    assert_eq!((r.ask(), r.is_asked()), (Ask::UnderWay, true));
    assert_eq!(push(&mut r, "committed", "").answered, 2, "an answer without words is one");
    assert_eq!((r.ask(), r.is_asked()), (Ask::Known, false));
}

#[test]
fn a_long_segment_is_committed_and_that_answers_no_question() {
    let mut r = Recognition::default();
    assert!(!r.sent(MOST - 1) && r.sent(1) && !r.is_asked());
    r.sent(16_000);
    assert_eq!(r.ask(), Ask::Commit { silence: 0 });
    assert_eq!(push(&mut r, "committed", "One").answered, 0);
    assert_eq!(push(&mut r, "committed", "two.").answered, 1);
    assert_eq!(r.settled(), "One two.");
}

#[test]
fn the_repetition_of_an_answer_is_no_new_word() {
    let mut r = Recognition::default();
    r.sent(16_000);
    r.ask();
    push(&mut r, "committed", "Yes.");
    assert!(!push(&mut r, "partial", "Yes.").changed);
    assert_eq!(r.text(), "Yes.");
    assert!(push(&mut r, "partial", "Yes.").changed, "the second time somebody says it again");
    assert_eq!(r.text(), "Yes. Yes.");
}

#[test]
fn what_is_none_of_the_protocol_is_a_fault() {
    for bad in ["", "<html>", "[]", "{}", r#"{"message_type":"partial_transcript"}"#, r#"{"message_type":7}"#] {
        assert!(matches!(Recognition::default().push(bad), Err(Fault::Malformed(_))), "{bad}");
    }
    let mut r = Recognition::default();
    let half = "x".repeat(TEXT_MAX / 2 + 1);
    push(&mut r, "committed", &half);
    assert!(matches!(r.push(&transcript("partial", &half)), Err(Fault::Malformed(_))), "memory is bounded");
    let other = r#"{"message_type":"committed_transcript_with_timestamps","text":"Hi","words":[]}"#;
    assert_eq!(Recognition::default().push(other), Ok(Update::default()));
}

#[test]
fn errors_mean_what_their_kind_says() {
    use crate::ModelErrorKind as Kind;
    for (kind, means) in [
        ("auth_error", Kind::Unauthorized),
        ("quota_exceeded", Kind::Rejected),
        ("unaccepted_terms", Kind::Rejected),
        ("input_error", Kind::Rejected),
        ("rate_limited", Kind::RateLimited { retry_after: None }),
        ("commit_throttled", Kind::RateLimited { retry_after: None }),
        ("resource_exhausted", Kind::Unavailable),
        ("session_time_limit_exceeded", Kind::Unavailable),
        ("error", Kind::Unavailable),
    ] {
        let message = json!({"message_type": kind, "error": "no"}).to_string();
        let Err(Fault::Refused(said)) = Recognition::default().push(&message) else { panic!("{kind}") };
        assert_eq!((said.kind_midway(), said.text()), (means, "no"), "{kind}");
    }
}

proptest! {
    #[test]
    fn every_question_is_answered_once_and_in_order(
        steps in prop::collection::vec((0usize..MOST * 2, any::<bool>(), any::<bool>(), any::<bool>()), 0..40)
    ) {
        let mut r = Recognition::default();
        let (mut commits, mut asked, mut answered) = (0, 0, 0);
        for (samples, asks, partial, committed) in steps {
            commits += usize::from(r.sent(samples));
            if asks {
                asked += 1;
                match r.ask() {
                    Ask::Known => answered += 1,
                    Ask::UnderWay => prop_assert!(commits > 0),
                    Ask::Commit { silence } => {
                        prop_assert!(silence <= LEAST);
                        commits += 1;
                    }
                }
            }
            if partial {
                push(&mut r, "partial", "word");
            }
            if committed && commits > 0 {
                commits -= 1;
                answered += push(&mut r, "committed", "word").answered;
            }
            prop_assert!(answered <= asked);
            prop_assert_eq!(r.is_asked(), answered < asked);
        }
        for _ in 0..commits {
            answered += push(&mut r, "committed", "word").answered;
        }
        prop_assert_eq!((answered, r.is_asked()), (asked, false));
    }
}
