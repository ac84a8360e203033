//! The same case over several lines, side by side.

use super::figure::Column;
use crate::results::{CaseResult, Run};
use duologue_conversation::report::html::escaped;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A case that was held over more than one line.
struct Group<'a> {
    name: &'a str,
    by_line: BTreeMap<&'a str, &'a CaseResult>,
}

/// A table for each column, of which a script shows one at a time; nothing where no case was held over two lines.
pub(super) fn lines(run: &Run, columns: &[Column]) -> String {
    let (groups, lines) = groups(run);
    if groups.is_empty() {
        return String::new();
    }
    let mut html = String::new();
    for (n, column) in columns.iter().enumerate() {
        let _ = write!(
            html,
            "\n<table class=\"lines\" data-metric=\"{n}\"><caption>{}</caption><thead><tr><th scope=\"col\">Case</th>",
            escaped(&column.title)
        );
        lines.iter().for_each(|line| {
            let _ = write!(html, "<th scope=\"col\" class=\"n\">{}</th>", escaped(line));
        });
        html.push_str("</tr></thead><tbody>");
        groups.iter().for_each(|group| row(&mut html, group, &lines, column));
        html.push_str("</tbody></table>");
    }
    html
}

/// The choice of the column.
pub(super) fn options(columns: &[Column]) -> String {
    let option = |(n, c): (usize, &Column)| format!("<option value=\"{n}\">{}</option>", escaped(&c.title));
    columns.iter().enumerate().map(option).collect()
}

fn row(html: &mut String, group: &Group<'_>, lines: &[&str], column: &Column) {
    let values: Vec<Option<f64>> =
        lines.iter().map(|line| group.by_line.get(line).and_then(|case| column.value(case))).collect();
    if values.iter().all(Option::is_none) {
        return;
    }
    let most = values.iter().flatten().fold(0.0_f64, |most, v| most.max(v.abs()));
    let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(group.name));
    for (line, value) in lines.iter().zip(&values) {
        let missed = group.by_line.get(line).is_some_and(|case| column.missed(case).is_some());
        let _ = match value {
            Some(value) => write!(
                html,
                "<td class=\"n{}\"><span class=\"bar\" aria-hidden=\"true\"><i style=\"width:{:.0}%\"></i></span>{}</td>",
                if missed { " missed" } else { "" },
                100.0 * value.abs() / most.max(f64::MIN_POSITIVE),
                column.shown(*value)
            ),
            None => write!(html, "<td class=\"n none\">–</td>"),
        };
    }
    html.push_str("</tr>");
}

/// Cases by what stands before the last dot of their names, and the lines in the order of the suite.
fn groups(run: &Run) -> (Vec<Group<'_>>, Vec<&str>) {
    let (mut groups, mut lines) = (Vec::<Group<'_>>::new(), Vec::new());
    let split = run.cases.iter().filter_map(|case| case.id.rsplit_once('.').map(|(name, line)| (name, line, case)));
    for (name, line, case) in split {
        if !lines.contains(&line) {
            lines.push(line);
        }
        match groups.iter_mut().find(|g| g.name == name) {
            Some(group) => drop(group.by_line.insert(line, case)),
            None => groups.push(Group { name, by_line: BTreeMap::from([(line, case)]) }),
        }
    }
    groups.retain(|group| group.by_line.len() > 1);
    lines.retain(|line| groups.iter().any(|group| group.by_line.contains_key(line)));
    (groups, lines)
}
