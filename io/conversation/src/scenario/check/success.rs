use super::Checked;
use super::tools::{known_backend, unknown_arguments};
use crate::scenario::phrase::Phrase;
use crate::scenario::{Criterion, Said, Tool};
use duologue_yaml::{Place, Problem, way};
use serde_json::{Map, Value};

/// Problems of the success criteria.
pub(super) fn problems(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    for (i, criterion) in c.scenario.success.iter().enumerate() {
        match criterion {
            Criterion::Said(said) => lines(c, i, "said", said, problems),
            Criterion::Heard(said) => lines(c, i, "heard", said, problems),
            Criterion::NotSaid(not) => {
                phrases(&not.any, |n| c.tree.place(way!["success", i, "not_said", "any", n]), problems);
            }
            Criterion::ToolCalled(called) => tool(c, i, ("tool_called", &called.name, &called.arguments), problems),
            Criterion::NotCalled(not) => tool(c, i, ("not_called", &not.name, &not.arguments), problems),
            Criterion::CalledInOrder(tools) => in_order(c, i, tools, problems),
            Criterion::EndState(state) => {
                known_backend(c, &state.backend, c.tree.place(way!["success", i, "end_state", "backend"]), problems);
            }
            Criterion::Latency(latency) if latency.p50_ms.is_none() && latency.p95_ms.is_none() => {
                let place = c.tree.key_place(way!["success", i, "latency"]);
                problems.push(Problem::new(place, "`latency` has no limit").help("give it `p50_ms` or `p95_ms`"));
            }
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
            Criterion::EntitiesHeard(_) | Criterion::WordErrors(_) | Criterion::Latency(_) => {}
            Criterion::MaxTalkOver(_) | Criterion::MaxSilenceS(_) | Criterion::MaxCost(_) => {}
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

/// A rule on a tool: its key, the tool's name, and the arguments.
type ToolRule<'a> = (&'static str, &'a str, &'a Map<String, Value>);

fn tool(c: &Checked<'_>, i: usize, (rule, name, arguments): ToolRule<'_>, problems: &mut Vec<Problem>) {
    let Some(tool) = known_tool(c, name, c.tree.place(way!["success", i, rule, "name"]), problems) else { return };
    let place = |name| c.tree.key_place(way!["success", i, rule, "arguments", name]);
    unknown_arguments(tool, arguments, place, problems);
}

fn known_tool<'a>(c: &Checked<'a>, name: &str, place: Place, problems: &mut Vec<Problem>) -> Option<&'a Tool> {
    let found = c.scenario.tools.iter().find(|t| t.name == name);
    if found.is_none() {
        let problem = Problem::new(place, format!("the scenario has no tool `{name}`"));
        problems.push(problem.nearest(name, c.scenario.tools.iter().map(|t| t.name.as_str())));
    }
    found
}

fn in_order(c: &Checked<'_>, i: usize, tools: &[String], problems: &mut Vec<Problem>) {
    if tools.len() < 2 {
        let place = c.tree.key_place(way!["success", i, "called_in_order"]);
        let problem = Problem::new(place, "an order needs two tools");
        problems.push(problem.help("list them in the order of their calls, or use `tool_called`"));
    }
    for (n, name) in tools.iter().enumerate() {
        known_tool(c, name, c.tree.place(way!["success", i, "called_in_order", n]), problems);
    }
}
