//! Runs made up for tests.

use crate::results::{CaseResult, ConversationResult, Run, Seeds};
use crate::suite::Bound;
use duologue_conversation::scenario::Verdict;
use duologue_conversation::virtual_time::Fingerprint;
use std::collections::BTreeMap;

pub(crate) fn held(case: &str, seed: u64, metrics: &[(&str, f64)]) -> ConversationResult {
    ConversationResult {
        seed,
        folder: format!("conversations/{case}/s{seed:03}"),
        duration_s: 30.0,
        end_reason: None,
        error: None,
        passed: true,
        verdicts: Vec::new(),
        metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        fingerprint: Fingerprint { sound: String::new(), transcript: String::new(), events: String::new() },
    }
}

pub(crate) fn failed(mut held: ConversationResult, why: &str) -> ConversationResult {
    held.passed = false;
    held.verdicts = vec![Verdict { criterion: "it is a success".into(), passed: false, why: why.into() }];
    held
}

pub(crate) fn case(id: &str, held: Vec<ConversationResult>, expect: &[(&str, Bound)]) -> CaseResult {
    let expect: BTreeMap<String, Bound> = expect.iter().map(|(name, bound)| ((*name).to_owned(), *bound)).collect();
    CaseResult::of((id.to_owned(), format!("What {id} is about")), &expect, held)
}

pub(crate) fn run(cases: Vec<CaseResult>) -> Run {
    let held = cases.iter().map(|c| c.conversations.len());
    let seeds = Seeds { first: 1, count: held.clone().max().unwrap_or(0) as u32 };
    let planned = held.sum();
    Run::of(("made-up".into(), "A suite made up".into()), seeds, cases, planned)
}
