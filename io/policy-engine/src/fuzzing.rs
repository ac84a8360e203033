//! What the fuzz targets feed with any bytes.

use crate::program::{Limits, compile};
use crate::source::Files;
use crate::stack::on_a_large_stack;
use duologue_policy::Input;
use std::time::Duration;

/// The text of a policy: it is refused, or it decides.
pub fn policy(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let files = Files {
        policies: vec![("policy.rego".to_owned(), text)],
        data: serde_json::json!({"callers": ["spiffe://example.org/a"]}),
        digest: String::new(),
    };
    let limits = Limits { instructions: 100_000, time: Duration::from_millis(250) };
    if let Some(Ok(compiled)) = on_a_large_stack(|| compile(&files, limits)) {
        // Whatever it says: that it says something is all.
        let _ = compiled.program.decide(&Input::default().document());
    }
}

/// A decision log: what is not ours is not taken for it, and what is taken can be gone on with.
pub fn log(data: &[u8]) {
    duologue_policy::fuzzing::decision_log(data);
    if let Some((head, length)) = crate::log::chain_of(data) {
        let lines = data.get(..length).unwrap_or_default().split_inclusive(|byte| *byte == b'\n').count();
        assert_eq!(head.seq, lines as u64);
    }
}
