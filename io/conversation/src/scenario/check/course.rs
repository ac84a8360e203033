use super::Checked;
use super::tools::misfits;
use crate::quantity::counted;
use crate::scenario::{CourseStep, PlannedCall, Side};
use duologue_score::words::normalise;
use duologue_yaml::{Problem, way};
use serde_json::Value;

/// Problems of the course.
pub(super) fn problems(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    let course = &c.scenario.course;
    let mut before = greeter(c);
    for (i, step) in course.iter().enumerate() {
        if before == Some(step.who) {
            let place = c.tree.place(way!["course", i, "who"]);
            let what = if i == 0 { "the greeting" } else { "the step before" };
            let problem = Problem::new(place, format!("{} speaks twice in a row: {what} is theirs already", step.who));
            problems.push(problem.help("the sides take turns; join the two lines or put an answer between"));
        }
        before = Some(step.who);
        hint(c, i, step, problems);
        if let Some(call) = &step.call {
            planned_call(c, i, step.who, call, problems);
        }
        if step.end_call && i + 1 < course.len() {
            let place = c.tree.key_place(way!["course", i, "end_call"]);
            let left = course.len() - i - 1;
            let problem = Problem::new(place, format!("{} hangs up with {} to go", step.who, counted(left, "step")));
            problems.push(problem.help("only the last step can end the call"));
        }
    }
    opening(c, problems);
    let lines = course.len() + usize::from(greeter(c).is_some());
    if (c.scenario.limits.turns as usize) < lines {
        let place = c.tree.place(way!["limits", "turns"]);
        let problem = Problem::new(
            place,
            format!("a call of {} is cut off before its course ends", counted(c.scenario.limits.turns, "turn")),
        );
        problems.push(
            problem.help(format!("greeting and course together are {}; leave some to spare", counted(lines, "turn"))),
        );
    }
}

/// Who has said a fixed line before the course begins.
fn greeter(c: &Checked<'_>) -> Option<Side> {
    let mut greeting = [Side::Support, Side::Customer].into_iter().filter(|s| c.scenario.agent(*s).greeting.is_some());
    // With two greetings it is anybody's turn.
    greeting.next().filter(|_| greeting.next().is_none())
}

/// A line of the model's own at the beginning is the first step's.
fn opening(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    let Some(first) = c.scenario.course.first() else { return };
    for side in [Side::Support, Side::Customer] {
        let generated = c.scenario.opens.includes(side) && c.scenario.agent(side).greeting.is_none();
        if generated && first.who != side && !c.scenario.opens.includes(first.who) {
            let place = c.tree.place(way!["course", 0, "who"]);
            let problem = Problem::new(place, format!("{side} opens, but the first step is for {}", first.who));
            problems.push(problem.help(format!("give {side} a `greeting`, or let the course begin with {side}")));
        }
    }
}

/// A hint that does not say who speaks lets a small model speak for the other.
fn hint(c: &Checked<'_>, i: usize, step: &CourseStep, problems: &mut Vec<Problem>) {
    let Some(speaker) = c.persona(step.who) else { return };
    let name = normalise(&speaker.name);
    for (n, hint) in step.hints().enumerate() {
        let words = normalise(hint);
        let mut all = words.windows(name.len().max(1));
        if !name.is_empty() && all.any(|w| w.iter().zip(&name).all(|(a, b)| a.text == b.text)) {
            continue;
        }
        let place = match n.checked_sub(1) {
            None => c.tree.place(way!["course", i, "hint"]),
            Some(n) => c.tree.place(way!["course", i, "or", n]),
        };
        let problem = Problem::new(place, format!("the hint does not name {}, who speaks here", speaker.name));
        problems.push(problem.help(format!("begin with the speaker: \"{{{}}} says: ...\"", step.who)));
    }
}

fn planned_call(c: &Checked<'_>, i: usize, who: Side, call: &PlannedCall, problems: &mut Vec<Problem>) {
    if who == Side::Customer {
        let place = c.tree.key_place(way!["course", i, "call"]);
        let problem = Problem::new(place, "the customer has no tools");
        problems.push(problem.help("only the support agent can call them"));
        return;
    }
    let Some(at) = c.scenario.tools.iter().position(|t| t.name == call.tool) else {
        let place = c.tree.place(way!["course", i, "call", "tool"]);
        let problem = Problem::new(place, format!("the scenario has no tool `{}`", call.tool));
        problems.push(problem.nearest(&call.tool, c.scenario.tools.iter().map(|t| t.name.as_str())));
        return;
    };
    let schema = Value::Object(c.scenario.tools[at].parameters.clone());
    let arguments = Value::Object(call.arguments.clone());
    for misfit in misfits(&schema, &arguments) {
        let place = c.tree.place(way!["course", i, "call", "arguments", misfit.argument.as_str()]);
        problems.push(Problem::new(place, format!("`{}` takes no such arguments: {}", call.tool, misfit.message)));
    }
}
