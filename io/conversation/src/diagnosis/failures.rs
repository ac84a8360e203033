//! What providers and disks said when they failed.

use super::{Facts, Finding};
use crate::scenario::Side;
use duologue_chat::ToolOutcome;
use duologue_voice::{CloseReason, Event};
use std::collections::BTreeMap;

/// A kind of failure: how it shows in a message, what it comes from, what to do.
struct Kind {
    code: &'static str,
    /// In lower case.
    signs: &'static [&'static str],
    cause: &'static str,
    next: &'static str,
}

/// The first that fits counts.
const KINDS: [Kind; 8] = [
    Kind {
        code: "worker_gone",
        signs: &["no longer answered when the call was over", "left the room without a word", "ended its part before"],
        cause: "the worker of that agent was ended in the middle of the call, or the room server was away",
        next: "look at the logs of the worker (`duologue agent start` writes it to stderr) and of the room server, and start them again",
    },
    Kind {
        code: "disk_full",
        signs: &["no space left", "file too large", "disk quota exceeded", "storage full"],
        cause: "the disk that the conversation was kept on is full, or files may not grow further (`ulimit -f`)",
        next: "make room (`duologue conversation prune`), or choose another disk with `--home DIR` or `--out DIR`",
    },
    Kind {
        code: "wrong_credentials",
        signs: &[
            "api key",
            "api_key",
            "401",
            "403",
            "unauthorized",
            "unauthorised",
            "forbidden",
            "credential",
            "refused the key",
        ],
        cause: "the provider does not accept the key: none is set, it was mistyped, revoked, or is not for this model",
        next: "look at the key's source with `duologue config show`, set the right one in .env.local, then run `duologue doctor`",
    },
    Kind {
        code: "quota",
        signs: &["429", "rate limit", "too many requests", "quota", "billing"],
        cause: "the provider allows no more requests for now, or the account has no credit left",
        next: "wait or raise the limit with the provider; hold fewer conversations at once",
    },
    Kind {
        code: "unanswered",
        signs: &[
            "had not answered for",
            "timed out",
            "timeout",
            "no sign of life",
            "was not ready after",
            "took too long",
        ],
        cause: "a provider hangs, or the machine is too slow or too busy for its local models",
        next: "run `duologue doctor`; hold it again with nothing else running, with a smaller model or with another provider",
    },
    Kind {
        code: "engine_gone",
        signs: &[
            "ended unexpectedly",
            "cannot be started",
            "was not found; looked in",
            "cannot work",
            "failed so often",
            "times in a row",
        ],
        cause: "a local engine is missing or died: out of memory, a damaged model, or another build",
        next: "run `duologue doctor`, which checks the models and starts the engines; `make build` builds them again",
    },
    Kind {
        code: "unreachable",
        signs: &[
            "cannot connect",
            "can't connect",
            "connection refused",
            "connection reset",
            "dns",
            "cannot reach",
            "unreachable",
            "broke off",
        ],
        cause: "the provider can't be reached, or the line to it broke",
        next: "check the network and the address (`duologue config show`), then run `duologue doctor`",
    },
    Kind {
        code: "nothing_to_say",
        signs: &["nothing to say"],
        cause: "the language model gave no words, twice: its dialogue file has no more lines, or the model is too small for its part",
        next: "give the dialogue file a line more that calls `end_call`, or choose another model with `--llm`",
    },
];

pub(super) fn is_full_disk(message: &str) -> bool {
    kind(message).is_some_and(|k| k.code == "disk_full")
}

fn kind(message: &str) -> Option<&'static Kind> {
    let message = message.to_lowercase();
    KINDS.iter().find(|k| k.signs.iter().any(|sign| message.contains(sign)))
}

/// One message, how often, and whose.
#[derive(Default)]
struct Seen {
    times: usize,
    is_fatal: bool,
    side: Option<Side>,
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut messages: Vec<(String, Seen)> = Vec::new();
    let mut add = |message: &str, is_fatal: bool, side: Option<Side>| {
        let first = message.split("\n  help:").next().unwrap_or_default().trim().to_owned();
        match messages.iter_mut().find(|(known, _)| *known == first) {
            Some((_, seen)) => {
                seen.times += usize::from(side.is_some());
                seen.is_fatal |= is_fatal;
            }
            None if first.is_empty() => {}
            None => messages.push((first, Seen { times: usize::from(side.is_some()), is_fatal, side })),
        }
    };
    for told in &facts.events {
        if let Event::Error { message, fatal } = &told.event {
            add(message, *fatal, Some(told.side));
        }
    }
    if let Some(error) = facts.summary.value().and_then(|s| s.error.as_deref()).filter(|e| !tells_of_killing(e)) {
        add(error, true, None);
    }
    let mut found: Vec<Finding> = messages.into_iter().map(|(message, seen)| tell(facts, &message, &seen)).collect();
    // The one that ended it first.
    found.sort_by_key(|f| f.severity == super::Severity::Remark);
    found.extend(tools(facts));
    found.extend(empty_response(facts, &found));
    found
}

/// That the process is gone is told by itself.
fn tells_of_killing(error: &str) -> bool {
    error.contains(crate::conclusion::GAVE_OUT) && kind(error).is_none()
}

fn tell(facts: &Facts, message: &str, seen: &Seen) -> Finding {
    let whose = seen.side.map_or_else(String::new, |side| format!("{}: ", facts.name(side)));
    let times = if seen.times > 1 { format!(" ({} times)", seen.times) } else { String::new() };
    let told = format!("{whose}{message}{times}");
    let (code, cause, next) = match kind(message) {
        Some(k) => (k.code, k.cause, k.next),
        None => (
            "provider_error",
            "a provider answered with an error",
            "do as the message says; `duologue doctor` checks models and endpoints",
        ),
    };
    let finding = if seen.is_fatal {
        Finding::trouble(code, told, cause, next)
    } else {
        Finding::remark(code, format!("{told}; the call went on"), cause, next)
    };
    Finding { side: seen.side, ..finding }
}

/// Tools that always failed.
fn tools(facts: &Facts) -> Vec<Finding> {
    /// Of one tool and side: how often it answered, how often with an error, and the last one.
    type Calls<'a> = (usize, usize, &'a str);
    let mut calls: BTreeMap<(usize, &str), Calls<'_>> = BTreeMap::new();
    for told in &facts.events {
        if let Event::ToolReturned { name, outcome, .. } = &told.event {
            let entry = calls.entry((crate::index(told.side), name)).or_default();
            entry.0 += 1;
            if let ToolOutcome::Error(reason) = outcome {
                *entry = (entry.0, entry.1 + 1, reason);
            }
        }
    }
    let failed = calls.into_iter().filter(|(_, (all, failed, _))| all == failed);
    let tell = |((side, tool), (times, _, reason)): ((usize, &str), Calls<'_>)| {
        let (side, times) = (crate::casting::side(side), crate::counted(times, "time"));
        Finding::remark(
            "tool_failed",
            format!("{} called `{tool}` {times}, and it always failed: {reason}", facts.name(side)),
            "the scenario's tool answers with an error, knows no such arguments, or is not there",
            "look at the tools of the scenario, and at the call's arguments in the report",
        )
        .of(side)
    };
    failed.map(tell).collect()
}

/// A language model that gave out without a message of its own.
fn empty_response(facts: &Facts, found: &[Finding]) -> Option<Finding> {
    let summary = facts.summary.value()?;
    let is_told = found.iter().any(|f| f.code == "nothing_to_say");
    if summary.end_reason != Some(CloseReason::EmptyResponse) || is_told {
        return None;
    }
    let who = summary.ended_by.map_or_else(|| "one of the two".to_owned(), |side| facts.name(side));
    let kind = KINDS.iter().find(|k| k.code == "nothing_to_say")?;
    Some(Finding {
        side: summary.ended_by,
        ..Finding::trouble(kind.code, format!("the language model of {who} had nothing to say"), kind.cause, kind.next)
    })
}
