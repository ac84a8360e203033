//! What the tools answer.

use crate::scenario::*;
use duologue_chat::ToolOutcome;
use serde_json::json;
use std::time::Duration;

fn parcel() -> CastScenario {
    load("missing-parcel", &Casting::default()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_case_fits_however_the_number_is_written() {
    for number in [json!("four four one seven"), json!("4417"), json!("4 4 1 7"), json!(4417)] {
        let answer = parcel().mock("lookup_order", &json!({ "order_number": number })).unwrap();
        assert_eq!(answer.after, Duration::from_millis(350));
        let ToolOutcome::Ok(result) = answer.outcome else { panic!("{number}: {:?}", answer.outcome) };
        assert_eq!(result["delivered_to"], "nine Oak Lane");
    }
}

#[test]
fn what_fits_no_case_gets_the_common_answer() {
    for arguments in [json!({ "order_number": "4418" }), json!({}), json!(null), json!([1])] {
        let answer = parcel().mock("lookup_order", &arguments).unwrap();
        assert!(matches!(&answer.outcome, ToolOutcome::Error(e) if e.contains("no order")), "{answer:?}");
    }
    assert_eq!(parcel().mock("look_up_order", &json!({})), None);
}

#[test]
fn the_first_case_that_fits_answers_with_its_own_delay() {
    let mock = Mock {
        latency_ms: 10,
        cases: vec![
            MockCase {
                when: json!({"a": 1, "b": "x"}).as_object().unwrap().clone(),
                result: Some(json!("both")),
                error: None,
                effects: Vec::new(),
                latency_ms: Some(20),
            },
            MockCase {
                when: json!({"a": 1}).as_object().unwrap().clone(),
                result: None,
                error: Some("only a".to_owned()),
                effects: Vec::new(),
                latency_ms: None,
            },
        ],
        result: None,
        error: None,
        effects: Vec::new(),
    };
    let answer = |arguments| mock.answer(&arguments);
    assert_eq!(answer(json!({"a": 1.0, "b": "X", "c": 3})).outcome, ToolOutcome::Ok(json!("both")));
    assert_eq!(answer(json!({"a": 1, "b": "X"})).after, Duration::from_millis(20));
    assert_eq!(answer(json!({"a": 1})).outcome, ToolOutcome::Error("only a".to_owned()));
    assert_eq!(answer(json!({"a": 1})).after, Duration::from_millis(10));
    assert!(matches!(answer(json!({})).outcome, ToolOutcome::Error(_)));
}
