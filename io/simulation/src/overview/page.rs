use super::figure::columns;
use super::{State, failures, lines, table};
use crate::results::{CaseResult, Run};
use duologue_conversation::counted;
use duologue_conversation::report::html::{clock, escaped, fill};
use duologue_conversation::report::{brand, head};
use std::fmt::Write;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// One HTML file of a whole run, for the folder of the run: its links lead to the conversations beside it.
/// `has_recording` tells whether a folder of a conversation holds one.
pub fn overview(run: &Run, has_recording: &dyn Fn(&str) -> bool) -> String {
    let columns = columns(run);
    let failures = failures::failures(run, has_recording);
    let lines_side_by_side = lines::lines(run, &columns);
    let hidden = |when: bool| if when { " hidden" } else { "" }.to_owned();
    let values = [
        ("head", head(&run.title, STYLE, SCRIPT)),
        ("brand", brand("Simulation")),
        ("script", SCRIPT.to_owned()),
        ("title", escaped(&run.title)),
        ("outcome", outcome(run)),
        ("no_notice", hidden(run.complete)),
        ("facts", facts(run)),
        ("tiles", tiles(run)),
        ("sorts", lines::options(&columns)),
        ("states", states(run)),
        ("cases", table::table(run, &columns)),
        ("no_lines", hidden(lines_side_by_side.is_empty())),
        ("metrics", lines::options(&columns)),
        ("lines", lines_side_by_side),
        ("no_failures", hidden(failures.is_empty())),
        ("failures", failures),
        ("suite", escaped(&run.suite)),
        ("version", escaped(&run.version)),
    ];
    fill(PAGE, &values)
}

fn outcome(run: &Run) -> String {
    match run.cases_failed {
        0 if !run.complete => "<span class=\"pill fail\">Incomplete</span>".to_owned(),
        0 => "<span class=\"pill pass\">All passed</span>".to_owned(),
        n => format!("<span class=\"pill fail\">{} failed</span>", counted(n, "case")),
    }
}

fn facts(run: &Run) -> String {
    let facts = [format!("Suite {}", run.suite), seeds(run), "Held in virtual time".to_owned()];
    facts.iter().map(|fact| format!("<li>{}</li>", escaped(fact))).collect()
}

/// `3 seeds each`, and which where they do not begin with 1.
fn seeds(run: &Run) -> String {
    let each = format!("{} each", counted(run.seeds, "seed"));
    let last = run.first_seed.saturating_add(u64::from(run.seeds).saturating_sub(1));
    match run.first_seed {
        1 => each,
        only if only == last => format!("{each}: {only}"),
        first => format!("{each}: {first} to {last}"),
    }
}

fn tiles(run: &Run) -> String {
    let flaky = run.cases.iter().filter(|c| State::of(c) == State::Flaky).count();
    let bounds = || run.cases.iter().flat_map(|c| &c.bounds);
    let missed = bounds().filter(|b| !b.passed).count();
    let failed = run.conversations.saturating_sub(run.passed);
    let none = |n: usize, else_: String| if n == 0 { "none failed".to_owned() } else { else_ };
    let tiles = [
        ("Cases", run.cases.len().to_string(), none(run.cases_failed, format!("{} failed", run.cases_failed))),
        ("Conversations", run.conversations.to_string(), none(failed, format!("{failed} failed"))),
        ("Flaky", flaky.to_string(), "pass with some seeds only".to_owned()),
        ("Bounds missed", missed.to_string(), format!("of {}", bounds().count())),
        ("Simulated", clock(run.simulated_s), "of conversation".to_owned()),
    ];
    let mut html = String::new();
    for (name, value, more) in tiles {
        let _ = write!(
            html,
            "<li class=\"tile\"><span class=\"tile-name\">{name}</span><strong>{value}</strong>\
             <span class=\"tile-more\">{more}</span></li>"
        );
    }
    html
}

/// What the table can be narrowed to.
fn states(run: &Run) -> String {
    let of = |state: State| run.cases.iter().filter(|c: &&CaseResult| State::of(c) == state).count();
    let failed = of(State::Failed) + of(State::Flaky);
    let choices =
        [("", "All", run.cases.len()), ("failed flaky", "Failed", failed), ("flaky", "Flaky", of(State::Flaky))];
    let chip = |(value, name, n): (&str, &str, usize)| {
        let pressed = value.is_empty();
        format!(
            "<button type=\"button\" class=\"chip\" value=\"{value}\" aria-pressed=\"{pressed}\">{name} {n}</button>"
        )
    };
    choices.into_iter().map(chip).collect()
}
