//! Head and margins of the page: outcome, cast, criteria, findings.

use super::html::{T, clock, initials, spaced};
use super::model::{Guidance, Report};
use crate::quantity::counted;
use std::fmt::Write;

/// What the criteria were judged on, where that was not a whole call.
pub(super) const UNFINISHED: &str = "Judged on an unfinished call: what was said until it broke off.";

/// Heading of the notice on how the conversation was held.
pub(super) fn guidance(report: &Report) -> &'static str {
    match report.guidance {
        Guidance::Course => "Guided by the scenario's course",
        Guidance::Free => "Free conversation",
        Guidance::Scripted => "Read from a script",
    }
}

/// What the notice says.
pub(super) fn remarks(report: &Report) -> String {
    report.remarks.iter().map(|remark| format!("<p>{}</p>", T(remark))).collect()
}

/// What went wrong, where something did.
pub(super) fn error(report: &Report) -> String {
    report.error.as_ref().map_or_else(String::new, |e| format!("<p class=\"failure\" role=\"note\">{}</p>", T(e)))
}

/// `Passed · 4 of 4 criteria` and its class.
pub(super) fn outcome(report: &Report) -> String {
    let (passed, all) = (report.passed(), report.verdicts.len());
    let (class, word) = match all {
        0 => return "<span class=\"pill none\">Not judged</span>".to_owned(),
        _ if report.unfinished => ("none", "Unfinished"),
        _ if passed == all => ("pass", "Passed"),
        _ => ("fail", "Failed"),
    };
    let criteria = if all == 1 { "criterion" } else { "criteria" };
    format!("<span class=\"pill {class}\">{word} <span>{passed} of {all} {criteria}</span></span>")
}

/// Date, length, turns, ending.
pub(super) fn facts(report: &Report) -> String {
    let unit = if report.duration_s < 3600.0 { "min" } else { "h" };
    let items = [
        began(&report.started_at),
        format!("{} {unit}", clock(report.duration_s)),
        counted(report.metrics.turns, "turn"),
        T(&ending(report)).to_string(),
    ];
    items.iter().map(|item| format!("<li>{item}</li>")).collect()
}

fn began(at: &str) -> String {
    match at {
        VIRTUAL_BEGIN => IN_VIRTUAL_TIME.to_owned(),
        at => format!("<time datetime=\"{}\">{}</time>", T(at), T(&date(at))),
    }
}

/// Where virtual time begins, which is no date for people.
const VIRTUAL_BEGIN: &str = "1970-01-01T00:00:00Z";
const IN_VIRTUAL_TIME: &str = "In virtual time";

/// `Ended: goal reached, by Dana`.
pub(super) fn ending(report: &Report) -> String {
    let by = report.ended_by.as_deref().map(|side| {
        let name = report.speakers.iter().find(|s| s.side == side).map_or(side, |s| &s.name);
        format!(", by {name}")
    });
    format!("Ended: {}{}", spaced(&report.end_reason), by.unwrap_or_default())
}

/// `2026-11-22T14:03:05.120Z` → `2026-11-22, 14:03 UTC`. Anything else stays as it is.
pub(super) fn date(rfc3339: &str) -> String {
    if rfc3339 == VIRTUAL_BEGIN {
        return IN_VIRTUAL_TIME.to_owned();
    }
    let (Some(day), Some(time), Some("T" | " ")) = (rfc3339.get(..10), rfc3339.get(11..16), rfc3339.get(10..11)) else {
        return rfc3339.to_owned();
    };
    let zone = rfc3339.get(16..).unwrap_or_default();
    let zone = match zone.rfind(['+', '-']).and_then(|at| zone.get(at..)) {
        Some(offset) if offset != "+00:00" => offset,
        _ => "UTC",
    };
    format!("{day}, {time} {zone}")
}

/// The two speakers.
pub(super) fn cast(report: &Report) -> String {
    let mut html = String::new();
    for (place, speaker) in report.speakers.iter().enumerate() {
        let mut models = String::new();
        if !speaker.voice.is_empty() {
            let _ = write!(models, "<div><dt>voice</dt><dd>{}</dd></div>", T(&speaker.voice));
        }
        for model in &speaker.models {
            let _ = write!(models, "<div><dt>{}</dt><dd>{}</dd></div>", T(&model.stage), T(&model.name));
        }
        for of in &speaker.consumed {
            let _ = write!(models, "<div class=\"used\"><dt>{}</dt><dd>{}</dd></div>", T(&of.what), T(&of.amount));
        }
        let agent = if speaker.agent_name.is_empty() {
            String::new()
        } else {
            format!(" <code>{}</code>", T(&speaker.agent_name))
        };
        let _ = write!(
            html,
            "<li class=\"actor p{place}\"><span class=\"avatar\" aria-hidden=\"true\">{initials}</span>\
             <div class=\"actor-text\"><h2>{name}</h2><p class=\"role\">{side}{agent}</p><p class=\"persona\">{persona}</p>\
             <dl class=\"models\">{models}</dl></div></li>",
            initials = T(&initials(&speaker.name)),
            name = T(&speaker.name),
            side = T(&speaker.side),
            persona = T(&speaker.persona),
        );
    }
    html
}

/// The criteria, failed ones first.
pub(super) fn verdicts(report: &Report) -> String {
    let mut sorted: Vec<_> = report.verdicts.iter().collect();
    sorted.sort_by_key(|v| v.passed);
    let mut html = String::new();
    if report.unfinished && !sorted.is_empty() {
        let _ = write!(html, "<li class=\"empty\">{UNFINISHED}</li>");
    }
    for verdict in sorted {
        let (class, sign, word) = if verdict.passed { ("pass", "✓", "Passed") } else { ("fail", "✕", "Failed") };
        let _ = write!(
            html,
            "<li class=\"verdict {class}\"><span class=\"sign\" role=\"img\" aria-label=\"{word}\">{sign}</span><div>\
             <p class=\"criterion\">{}</p><p class=\"why\">{}</p></div></li>",
            T(&verdict.criterion),
            T(&verdict.why)
        );
    }
    if html.is_empty() { "<li class=\"empty\">None was judged.</li>".to_owned() } else { html }
}

/// Where the sessions and the recording disagree; empty where nobody compared them.
pub(super) fn findings(report: &Report) -> String {
    let Some(findings) = &report.findings else { return String::new() };
    if findings.is_empty() {
        return "<p class=\"agreed\"><span class=\"tick\" aria-hidden=\"true\">✓</span> What both sessions report is what the \
                recording holds.</p>"
            .to_owned();
    }
    let mut html = String::from("<ul class=\"findings\" tabindex=\"0\" aria-label=\"Differences\">");
    for finding in findings {
        let at = finding.at_s.filter(|at| at.is_finite()).map_or_else(String::new, |at| {
            format!(
                "<button type=\"button\" class=\"at\" data-play=\"{at:.3}\" aria-label=\"Play from {0}\">{0}</button> ",
                clock(at)
            )
        });
        let _ = write!(html, "<li>{at}{}</li>", T(&finding.text));
    }
    html + "</ul>"
}
