use super::Checked;
use super::tools::unknown_arguments;
use crate::scenario::phrase::Phrase;
use crate::scenario::yaml::way;
use crate::scenario::{Criterion, Place, Problem, Said, ToolCalled};

/// Problems of the success criteria.
pub(super) fn problems(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    for (i, criterion) in c.scenario.success.iter().enumerate() {
        match criterion {
            Criterion::Said(said) => lines(c, i, "said", said, problems),
            Criterion::Heard(said) => lines(c, i, "heard", said, problems),
            Criterion::NotSaid(not) => {
                phrases(&not.any, |n| c.tree.place(way!["success", i, "not_said", "any", n]), problems);
            }
            Criterion::ToolCalled(called) => tool(c, i, called, problems),
            Criterion::MaxTurns(0) | Criterion::MaxDurationS(0) => {
                let key = if matches!(criterion, Criterion::MaxTurns(_)) { "max_turns" } else { "max_duration_s" };
                let place = c.tree.place(way!["success", i, key]);
                problems.push(Problem::new(place, "no call can have 0 of them"));
            }
            Criterion::MinTurns(min) if *min > c.scenario.limits.turns => {
                let place = c.tree.place(way!["success", i, "min_turns"]);
                let limit = c.scenario.limits.turns;
                problems.push(Problem::new(place, format!("{min} turns are never reached: the limit is {limit}")));
            }
            Criterion::MinTurns(_) | Criterion::MaxTurns(_) | Criterion::MaxDurationS(_) | Criterion::EndedBy(_) => {}
        }
    }
}

fn lines(c: &Checked<'_>, i: usize, rule: &str, said: &Said, problems: &mut Vec<Problem>) {
    let place = c.tree.key_place(way!["success", i, rule]);
    if said.any.is_empty() && said.all.is_empty() {
        problems.push(Problem::new(place, format!("`{rule}` has nothing to look for")).help("give it `any` or `all`"));
    }
    if said.count.is_some() && said.any.is_empty() {
        let place = c.tree.key_place(way!["success", i, rule, "count"]);
        problems.push(Problem::new(place, "`count` counts the lines with one of `any`, which is not there"));
    }
    for (list, texts) in [("any", &said.any), ("all", &said.all)] {
        phrases(texts, |n| c.tree.place(way!["success", i, rule, list, n]), problems);
    }
}

fn phrases(texts: &[String], place: impl Fn(usize) -> Place, problems: &mut Vec<Problem>) {
    for (n, text) in texts.iter().enumerate() {
        if let Err(why) = Phrase::parse(text) {
            problems.push(Problem::new(place(n), format!("`{text}` cannot be searched for: {why}")));
        }
    }
}

fn tool(c: &Checked<'_>, i: usize, called: &ToolCalled, problems: &mut Vec<Problem>) {
    let Some(tool) = c.scenario.tools.iter().find(|t| t.name == called.name) else {
        let place = c.tree.place(way!["success", i, "tool_called", "name"]);
        let problem = Problem::new(place, format!("the scenario has no tool `{}`", called.name));
        problems.push(problem.nearest(&called.name, c.scenario.tools.iter().map(|t| t.name.as_str())));
        return;
    };
    let place = |name| c.tree.key_place(way!["success", i, "tool_called", "arguments", name]);
    unknown_arguments(tool, &called.arguments, place, problems);
}
