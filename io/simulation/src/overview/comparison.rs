use super::figure::{shown, title};
use crate::compare::{Change, Comparison};
use duologue_conversation::report::html::{escaped, fill};
use duologue_conversation::report::{brand, head};
use std::collections::BTreeMap;
use std::fmt::Write;

const PAGE: &str = include_str!("comparison.html");
const STYLE: &str = concat!(include_str!("style.css"), include_str!("comparison.css"));
const SCRIPT: &str = include_str!("comparison.js");
/// Half the width of a bar's picture, and what stays free at its ends.
const HALF: f64 = 100.0;
const MARGIN: f64 = 6.0;

/// One HTML file of two runs beside each other; `names` are what A and B are called.
pub fn comparison(comparison: &Comparison, names: [&str; 2]) -> String {
    let count = |verdict: &str| comparison.changes.iter().filter(|c| c.verdict() == verdict).count();
    let values = [
        ("head", head(&format!("{} and {}", names[0], names[1]), STYLE, SCRIPT)),
        ("brand", brand("Comparison of two runs")),
        ("script", SCRIPT.to_owned()),
        ("a", escaped(names[0])),
        ("b", escaped(names[1])),
        ("outcome", outcome(comparison, count("worse"), count("better"))),
        ("tiles", tiles(comparison, &count)),
        ("cases", cases(comparison)),
        ("changes", changes(comparison)),
        ("none", if comparison.changes.iter().any(Change::is_clear) { " hidden" } else { "" }.to_owned()),
    ];
    fill(PAGE, &values)
}

fn outcome(comparison: &Comparison, worse: usize, better: usize) -> String {
    let (class, text) = match (worse + comparison.newly_failing.len(), better + comparison.newly_passing.len()) {
        (0, 0) if comparison.is_regression() => ("fail", "not all was held"),
        (0, 0) => ("none", "nothing differs beyond chance"),
        (0, _) => ("pass", "better"),
        (_, 0) => ("fail", "worse"),
        _ => ("none", "better in part, worse in part"),
    };
    format!("<span class=\"pill {class}\">{text}</span>")
}

fn tiles(comparison: &Comparison, count: &dyn Fn(&str) -> usize) -> String {
    let (failing, passing) = (comparison.newly_failing.len(), comparison.newly_passing.len());
    let tiles = [
        ("Better", count("better"), "figures of a case"),
        ("Worse", count("worse"), "figures of a case"),
        ("As before", count("as before"), "within what seeds differ by"),
        ("Fail now", failing, "cases that passed in A"),
        ("Pass now", passing, "cases that failed in A"),
    ];
    let tile = |(name, n, more): (&str, usize, &str)| {
        format!(
            "<li class=\"tile\"><span class=\"tile-name\">{name}</span><strong>{n}</strong><span class=\"tile-more\">{more}</span></li>"
        )
    };
    tiles.into_iter().map(tile).collect()
}

fn cases(comparison: &Comparison) -> String {
    let told =
        [("fails now", "failed", &comparison.newly_failing), ("passes now", "passed", &comparison.newly_passing)];
    let mut html = String::new();
    for (word, class, cases) in told {
        for case in cases {
            let _ = write!(html, "<li><span class=\"state {class}\">{word}</span> {}</li>", escaped(case));
        }
    }
    for remark in comparison.remarks() {
        let _ = write!(html, "<li>{}</li>", escaped(&remark));
    }
    html
}

fn changes(comparison: &Comparison) -> String {
    // The bars of one figure have one scale in all cases, so that cases can be compared by eye.
    let mut reach: BTreeMap<&str, f64> = BTreeMap::new();
    for change in &comparison.changes {
        let most = change.interval.iter().chain([&change.difference]).fold(0.0_f64, |most, v| most.max(v.abs()));
        let known = reach.entry(&change.metric).or_default();
        *known = known.max(most);
    }
    let mut html = String::new();
    for change in &comparison.changes {
        row(&mut html, change, reach.get(change.metric.as_str()).copied().unwrap_or_default());
    }
    html
}

fn row(html: &mut String, change: &Change, reach: f64) {
    let verdict = change.verdict();
    let value = |v: f64| shown(&change.metric, v);
    let signed = |v: f64| format!("{}{}", if v > 0.0 { "+" } else { "" }, value(v));
    let find = format!("{} {} {}", change.case, change.metric, title(&change.metric)).to_lowercase();
    let _ = write!(
        html,
        "\n<tr class=\"{}\" data-verdict=\"{verdict}\" data-find=\"{}\"{}><th scope=\"row\"><b>{}</b><span class=\"sub\" \
         title=\"{}\">{}</span></th><td class=\"n\" data-label=\"A\">{}</td><td class=\"n\" data-label=\"B\">{}</td>\
         <td class=\"n\" data-label=\"B less A\">{}</td><td class=\"whiskers\">{}<span class=\"sub\">{} to {}, {} seeds</span></td>\
         <td class=\"v\"><span class=\"state\">{verdict}</span></td></tr>",
        verdict.replace(' ', "-"),
        escaped(&find),
        if change.is_clear() { "" } else { " hidden" },
        escaped(&change.case),
        escaped(&change.metric),
        escaped(&title(&change.metric)),
        value(change.a),
        value(change.b),
        signed(change.difference),
        whiskers(change, reach),
        signed(change.interval[0]),
        signed(change.interval[1]),
        change.seeds,
    );
}

/// The difference as a bar from zero, its interval as a line with two ends.
fn whiskers(change: &Change, reach: f64) -> String {
    let x = |v: f64| HALF + (HALF - MARGIN) * if reach > 0.0 { (v / reach).clamp(-1.0, 1.0) } else { 0.0 };
    let (zero, to) = (HALF, x(change.difference));
    let [low, high] = change.interval.map(x);
    format!(
        "<svg viewBox=\"0 0 200 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path class=\"zero\" d=\"M{zero} 0V20\"/>\
         <rect class=\"difference\" x=\"{:.1}\" y=\"5\" width=\"{:.1}\" height=\"10\"/>\
         <path class=\"interval\" d=\"M{low:.1} 10H{high:.1}M{low:.1} 6V14M{high:.1} 6V14\"/></svg>",
        zero.min(to),
        (to - zero).abs()
    )
}
