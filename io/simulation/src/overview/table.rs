use super::State;
use super::figure::{Column, wanted};
use crate::results::{CaseResult, ConversationResult, Run};
use duologue_conversation::report::html::{clock, escaped, href};
use std::fmt::Write;

/// Head and rows of the table of cases.
pub(super) fn table(run: &Run, columns: &[Column]) -> String {
    let mut html = String::from("<thead><tr>");
    let heads = ["Case", "Passed"].into_iter().map(|t| (t, "")).chain(columns.iter().map(|c| (&*c.title, &*c.meaning)));
    for (n, (title, meaning)) in heads.enumerate() {
        let (title, meaning) = (escaped(title), escaped(meaning));
        let _ = write!(
            html,
            "<th scope=\"col\"{}><button type=\"button\" data-column=\"{n}\" title=\"{meaning}\">{title}</button></th>",
            if n == 0 { "" } else { " class=\"n\"" }
        );
        if n == 1 {
            html.push_str("<th scope=\"col\">Seeds</th>");
        }
    }
    html.push_str("</tr></thead>\n<tbody>");
    run.cases.iter().for_each(|case| row(&mut html, case, columns));
    html.push_str("</tbody>");
    html
}

fn row(html: &mut String, case: &CaseResult, columns: &[Column]) {
    let state = State::of(case).word();
    let passed = case.conversations.iter().filter(|c| c.passed).count();
    let (id, all) = (escaped(&case.id), case.conversations.len());
    let failures: Vec<String> = case.conversations.iter().flat_map(ConversationResult::failures).collect();
    let mut found = format!("{} {} {}", case.id, case.title, failures.join(" ")).to_lowercase();
    found.truncate(found.floor_char_boundary(2_000));
    let _ = write!(
        html,
        "\n<tr class=\"{state}\" data-state=\"{state}\" data-find=\"{}\"><th scope=\"row\" data-sort=\"{id}\"><b>{id}</b>\
         <span class=\"sub\">{}</span></th><td class=\"n\" data-sort=\"{}\" data-label=\"Passed\"><span class=\"state\">{state}</span> \
         {passed}/{all}</td><td class=\"seeds\"><div>",
        escaped(&found),
        escaped(&case.title),
        passed as f64 / all.max(1) as f64,
    );
    case.conversations.iter().for_each(|c| seed(html, c));
    html.push_str("</div></td>");
    columns.iter().for_each(|column| cell(html, case, column));
    html.push_str("</tr>");
}

fn seed(html: &mut String, held: &ConversationResult) {
    let (class, word) = if held.passed { ("s", "passed") } else { ("s x", "failed") };
    let why = held.failures().into_iter().next().map(|why| format!(": {why}")).unwrap_or_default();
    let _ = write!(
        html,
        "<a class=\"{class}\" href=\"{}/report.html\" title=\"Seed {} {word}, {}{}\">{}</a>",
        href(&held.folder),
        held.seed,
        clock(held.duration_s),
        escaped(&why),
        held.seed
    );
}

fn cell(html: &mut String, case: &CaseResult, column: &Column) {
    let (label, value) = (escaped(&column.title), column.value(case));
    let _ = match (value, column.missed(case)) {
        (Some(value), None) => {
            write!(html, "<td class=\"n\" data-sort=\"{value}\" data-label=\"{label}\">{}</td>", column.shown(value))
        }
        (value, Some(bound)) => write!(
            html,
            "<td class=\"n missed\" data-sort=\"{}\" data-label=\"{label}\" title=\"{} is {}, wanted {}\"><b>{}</b></td>",
            value.map_or(String::new(), |v| v.to_string()),
            escaped(&bound.metric),
            bound.value.map_or("no value".to_owned(), |v| column.shown(v)),
            escaped(&wanted(bound)),
            value.map_or("none".to_owned(), |v| column.shown(v))
        ),
        (None, None) => write!(html, "<td class=\"n none\" data-label=\"{label}\">–</td>"),
    };
}
