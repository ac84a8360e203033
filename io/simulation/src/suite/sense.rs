//! What a schema can't say of a suite.

use super::{Act, Bound, Delay, Situation, Suite};
use crate::figures::figure_names;
use duologue_yaml::{Placed, Problem, nearest};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that makes no sense, with places.
pub(super) fn problems(suite: &Suite, file: &Placed<'_>) -> Vec<Problem> {
    let mut sense = Sense { file, figures: figure_names(), problems: Vec::new() };
    if suite.situations.is_empty() && suite.scenarios.is_empty() {
        let nothing = "it has neither `situations` nor `scenarios`, so there is nothing to hold";
        sense.says(&["title"], nothing.to_owned());
    }
    sense.delays(suite);
    sense.lines(suite);
    sense.bounds(&["expect"], &suite.expect);
    let mut ids = BTreeSet::new();
    for (n, situation) in suite.situations.iter().enumerate() {
        let n = n.to_string();
        let way = ["situations", n.as_str()];
        if !ids.insert(&situation.id) {
            let id = &situation.id;
            sense
                .says(&[way[0], way[1], "id"], format!("there are two situations `{id}`; give one of them another id"));
        }
        sense.situation(&way, situation);
    }
    for (n, case) in suite.scenarios.iter().enumerate() {
        sense.bounds(&["scenarios", &n.to_string(), "expect"], &case.expect);
    }
    sense.problems
}

struct Sense<'a> {
    file: &'a Placed<'a>,
    figures: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Sense<'_> {
    fn says(&mut self, way: &[&str], message: String) {
        self.problems.push(Problem::new(self.file.key_place(way), message));
    }

    fn delays(&mut self, suite: &Suite) {
        let stages = [("stt", suite.latency.stt), ("llm", suite.latency.llm), ("tts", suite.latency.tts)];
        for (stage, delay) in stages.into_iter().chain([("tool", suite.latency.tool)]) {
            if let Some(problem) = delay.as_ref().and_then(delay_problem) {
                self.says(&["latency", stage], format!("`latency: {stage}` {problem}"));
            }
        }
    }

    fn lines(&mut self, suite: &Suite) {
        let mut names = BTreeSet::new();
        for (n, line) in suite.lines.iter().enumerate().filter(|(_, line)| !names.insert(&line.name)) {
            let message = format!("there are two lines `{}`; give one of them another name", line.name);
            self.says(&["lines", &n.to_string(), "name"], message);
        }
        let situations = suite.situations.iter().enumerate().map(|(n, s)| ("situations", n, &s.id, &s.lines));
        let scenarios = suite.scenarios.iter().enumerate().map(|(n, s)| ("scenarios", n, &s.scenario, &s.lines));
        for (kind, n, id, lines) in situations.chain(scenarios) {
            for name in lines.iter().filter(|name| suite.lines.iter().all(|l| l.name != **name)) {
                let message = format!("`{id}` is to be held over the line `{name}`, which the suite does not have");
                self.says(&[kind, &n.to_string(), "lines"], message);
            }
        }
    }

    fn situation(&mut self, way: &[&str; 2], situation: &Situation) {
        let [kind, at] = *way;
        let id = &situation.id;
        self.bounds(&[kind, at, "expect"], &situation.expect);
        if situation.caller.is_empty() == situation.caller_agent.is_none() {
            self.says(&[kind, at, "id"], format!("situation `{id}` has to have either `caller` or `caller_agent`"));
        }
        let end = situation.caller.iter().position(|act| act.hang_up);
        for (n, act) in situation.caller.iter().enumerate() {
            let dead = end.filter(|end| n > *end).map(|_| "it stands behind `hang_up`, so it is never done".to_owned());
            if let Some(problem) = act_problem(act).or(dead) {
                let message = format!("situation `{id}`, step {} of the caller: {problem}", n + 1);
                let place = self.file.place(&[kind, at, "caller", &n.to_string()]);
                self.problems.push(Problem::new(place, message));
            }
        }
    }

    fn bounds(&mut self, way: &[&str], bounds: &BTreeMap<String, Bound>) {
        for (name, bound) in bounds {
            let way: Vec<&str> = way.iter().copied().chain([name.as_str()]).collect();
            let place = self.file.key_place(&way);
            if !self.figures.contains(name) {
                let unknown = Problem::new(place, format!("there is no figure `{name}`"));
                self.problems.push(match nearest(name, self.figures.iter().map(String::as_str)) {
                    Some(near) => {
                        Problem { message: format!("{}, did you mean `{near}`?", unknown.message), ..unknown }
                    }
                    None => unknown.help(
                        "figures have the names of run.json, such as `parties.support.heard_e2e_latency_ms.p95`; \
                         docs/metrics.md says what each means",
                    ),
                });
            }
            match (bound.min, bound.max) {
                (None, None) => self.says(&way, format!("the bound of `{name}` has neither `min` nor `max`")),
                (Some(min), Some(max)) if min > max => {
                    self.says(&way, format!("`{name}` can't be both at least {min} and at most {max}"));
                }
                _ => {}
            }
        }
    }
}

/// The end of a sentence that begins with the name of the stage.
fn delay_problem(delay: &Delay) -> Option<String> {
    let given = [delay.ms, delay.from, delay.to, delay.median, delay.p95];
    if given.into_iter().flatten().any(|ms| ms < 0.0) {
        return Some("can't be less than 0 ms".to_owned());
    }
    match (delay.ms, (delay.from, delay.to), (delay.median, delay.p95), delay.measured) {
        (Some(_), (None, None), (None, None), false) | (None, (None, None), (None, None), true) => None,
        (None, (Some(from), Some(to)), (None, None), false) => {
            (from > to).then(|| format!("can't reach from {from} to {to} ms; the shorter one comes first"))
        }
        (None, (None, None), (Some(median), Some(p95)), false) if median > 0.0 => {
            (median > p95).then(|| format!("can't have a median of {median} ms and a 95th percentile of only {p95} ms"))
        }
        _ => Some("has to be one of {ms}, {from, to}, {median, p95} and {measured: true}".to_owned()),
    }
}

fn act_problem(act: &Act) -> Option<String> {
    let during = [
        ("interrupt", act.interrupt.is_some()),
        ("backchannel", act.backchannel.is_some()),
        ("cough", act.cough),
        ("aside", act.aside.is_some()),
        ("background", act.background.is_some()),
    ];
    let turn = [
        ("say", act.say.is_some()),
        ("spell", act.spell.is_some()),
        ("silent_ms", act.silent_ms.is_some()),
        ("hang_up", act.hang_up),
    ];
    let there: Vec<&str> = turn.iter().chain(&during).filter(|(_, there)| *there).map(|(key, _)| *key).collect();
    match there.as_slice() {
        [] => {
            let known: Vec<String> = turn.iter().chain(&during).map(|(key, _)| format!("`{key}`")).collect();
            Some(format!("it does nothing; give it one of {}", known.join(", ")))
        }
        [one] if act.after_ms.is_some() && turn.iter().any(|(key, _)| key == one) => {
            Some(format!("`after_ms` has no meaning beside `{one}`, which is not done while the agent speaks"))
        }
        [_] => None,
        [first, second, ..] => Some(format!("it has both `{first}` and `{second}`; make two steps of them")),
    }
}
