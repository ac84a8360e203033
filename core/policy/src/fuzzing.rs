//! What the fuzz targets feed with any bytes.

use crate::{CallRate, Decision, DecisionRecord, Head, Input, Moment, Outcome, Principal, Request, Verdict, verify};
use serde_json::Value;

/// A policy's answer, and a call whose names and parameters are anything: only `true` allows, and what is kept is short.
pub fn decision(data: &[u8]) {
    let (text, said) = data.split_at(data.len() / 2);
    let said: Option<Value> = serde_json::from_slice(said).ok();
    let name = || String::from_utf8_lossy(text).into_owned();
    let input = Input {
        caller: Principal(name()),
        on_behalf_of: vec![Principal(name()); 20],
        request: Request {
            method: name(),
            params: serde_json::from_slice(text).unwrap_or_default(),
            ..Request::default()
        },
        at: Moment::from_unix_ms(data.len() as i64),
        ..Input::default()
    };
    let decision = Decision::of(Verdict::read(said.as_ref()), "embedded", "");
    let allows =
        said.as_ref().is_some_and(|said| said == &Value::Bool(true) || said.get("allow") == Some(&Value::Bool(true)));
    assert_eq!(decision.outcome() == Outcome::Allow, allows);
    assert_eq!(decision.permit().is_ok(), allows);
    let record = DecisionRecord::of(&input, input.document().digest(), &decision);
    let line = Head::default().append(&record.to_json());
    assert!(line.len() < 100_000);
    assert!(verify(Head::default(), [line]).is_ok());
    CallRate::new(2).count(&input.caller.0, input.at);
}

/// Lines of a decision log: none that we did not write is taken for one of ours.
pub fn decision_log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(head) = verify(Head::default(), text.lines()) {
        assert_eq!(head.seq, text.lines().count() as u64);
    }
}
