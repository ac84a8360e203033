//! Why cases failed: each reason once, with the seeds it was the reason of.

use super::State;
use super::figure::{shown, title, wanted};
use crate::results::{CaseResult, ConversationResult, Run};
use duologue_conversation::counted;
use duologue_conversation::report::html::{escaped, href};
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many reasons of a case are shown, and so many seeds of a reason; the rest is counted.
const MOST_REASONS: usize = 20;
const MOST_SEEDS: usize = 30;
/// So many cases are shown unfolded.
const OPEN: usize = 12;

/// One block for each case that failed; `has_recording` tells whether a conversation's folder holds one.
pub(super) fn failures(run: &Run, has_recording: &dyn Fn(&str) -> bool) -> String {
    let mut html = String::new();
    for (n, case) in run.cases.iter().filter(|c| !c.passed).enumerate() {
        let failed = case.conversations.iter().filter(|c| !c.passed).count();
        let _ = write!(
            html,
            "\n<details class=\"why-failed\"{}><summary><b>{}</b> <span class=\"state {}\">{}</span> <span class=\"sub\">{} \
             of {}</span></summary><ul>",
            if n < OPEN { " open" } else { "" },
            escaped(&case.id),
            State::of(case).word(),
            State::of(case).word(),
            failed,
            counted(case.conversations.len(), "seed")
        );
        bounds(&mut html, case);
        reasons(&mut html, case, has_recording);
        html.push_str("</ul></details>");
    }
    html
}

fn bounds(html: &mut String, case: &CaseResult) {
    for bound in case.bounds.iter().filter(|b| !b.passed) {
        let value = bound.value.map_or("has no value".to_owned(), |v| format!("is {}", shown(&bound.metric, v)));
        let _ = write!(
            html,
            "<li>{} {value}, wanted {} <code>{}</code></li>",
            escaped(&title(&bound.metric)),
            escaped(&wanted(bound)),
            escaped(&bound.metric)
        );
    }
}

fn reasons(html: &mut String, case: &CaseResult, has_recording: &dyn Fn(&str) -> bool) {
    let mut reasons: BTreeMap<String, Vec<&ConversationResult>> = BTreeMap::new();
    for held in case.conversations.iter().filter(|c| !c.passed) {
        let mut why = held.failures();
        if why.is_empty() {
            why.push("its goal was not reached".to_owned());
        }
        why.dedup();
        why.into_iter().for_each(|why| reasons.entry(why).or_default().push(held));
    }
    let mut reasons: Vec<(String, Vec<&ConversationResult>)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    for (why, of) in reasons.iter().take(MOST_REASONS) {
        let _ = write!(html, "<li>{} <span class=\"of\">", escaped(why));
        of.iter().take(MOST_SEEDS).for_each(|held| links(html, held, has_recording));
        if let Some(more) = of.len().checked_sub(MOST_SEEDS).filter(|n| *n > 0) {
            let _ = write!(html, "and {more} more");
        }
        html.push_str("</span></li>");
    }
    if let Some(more) = reasons.len().checked_sub(MOST_REASONS).filter(|n| *n > 0) {
        let _ = write!(html, "<li class=\"sub\">and {} more, in run.json</li>", counted(more, "reason"));
    }
}

fn links(html: &mut String, held: &ConversationResult, has_recording: &dyn Fn(&str) -> bool) {
    let folder = href(&held.folder);
    let _ = write!(html, "<a href=\"{folder}/report.html\">seed {}</a>", held.seed);
    if has_recording(&held.folder) {
        let label = format!("Recording of seed {}", held.seed);
        let _ = write!(
            html,
            "<a class=\"sound\" href=\"{folder}/stereo.ogg\" aria-label=\"{label}\" title=\"{label}\">♪</a>"
        );
    }
    html.push(' ');
}
