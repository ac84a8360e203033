use super::Checked;
use crate::scenario::{Effect, Mock, MockCase, Tool};
use duologue_yaml::{Node, Place, Problem, Seg, way};
use serde_json::{Map, Value};

/// The tool that every session has.
const BUILT_IN: &str = "end_call";
/// Keywords that lead to other schemas. Refused: what they lead to would have to be fetched, or could go in circles.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Problems of the tools and their mocks.
pub(super) fn problems(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    for (i, tool) in c.scenario.tools.iter().enumerate() {
        let name = c.tree.place(way!["tools", i, "name"]);
        if tool.name == BUILT_IN {
            let problem = Problem::new(name, format!("`{BUILT_IN}` is built in"));
            problems.push(problem.help("leave it out: both sides can hang up without declaring it"));
        }
        if c.scenario.tools[..i].iter().any(|t| t.name == tool.name) {
            problems.push(Problem::new(name, format!("there are two tools `{}`", tool.name)));
        }
        parameters(c.tree, i, tool, problems);
        mock(c.tree, i, tool, problems);
        effects(c, i, tool, problems);
    }
}

fn parameters(tree: &Node, i: usize, tool: &Tool, problems: &mut Vec<Problem>) {
    let place = tree.key_place(way!["tools", i, "parameters"]);
    if tool.parameters.get("type") != Some(&Value::String("object".to_owned())) {
        let problem = Problem::new(place, format!("the parameters of `{}` are no object", tool.name));
        problems.push(problem.help("begin them with `type: object`"));
        return;
    }
    let schema = Value::Object(tool.parameters.clone());
    if let Some(keyword) = reference(&schema) {
        problems.push(
            Problem::new(place, format!("the parameters of `{}` use `{keyword}`", tool.name)).help("write it out"),
        );
    } else if let Err(error) = jsonschema::validator_for(&schema) {
        let at = under(tree, i, "parameters", error.instance_path().as_str());
        problems.push(Problem::new(at, format!("the parameters of `{}` are no JSON Schema: {error}", tool.name)));
    }
}

/// The first keyword that leads elsewhere. Recursion is bounded: the tree it was read from is.
fn reference(schema: &Value) -> Option<&'static str> {
    match schema {
        Value::Object(map) => {
            let here = REFERENCES.into_iter().find(|k| map.contains_key(*k));
            here.or_else(|| map.values().find_map(reference))
        }
        Value::Array(items) => items.iter().find_map(reference),
        _ => None,
    }
}

/// The place of a JSON pointer below a key of a tool.
fn under(tree: &Node, i: usize, key: &str, pointer: &str) -> Place {
    let mut way = vec![Seg::Key("tools"), Seg::At(i), Seg::Key(key)];
    way.extend(pointer.split('/').skip(1).map(|part| part.parse().map_or(Seg::Key(part), Seg::At)));
    tree.place(&way)
}

fn mock(tree: &Node, i: usize, tool: &Tool, problems: &mut Vec<Problem>) {
    let Mock { cases, result, error, .. } = &tool.mock;
    let place = tree.key_place(way!["tools", i, "mock"]);
    match (result.is_some(), error.is_some()) {
        (true, true) => {
            problems.push(Problem::new(place, format!("the mock of `{}` has both `result` and `error`", tool.name)));
        }
        (false, false) if cases.is_empty() => {
            let problem = Problem::new(place, format!("the mock of `{}` has no answer", tool.name));
            problems.push(problem.help("give it a `result`, an `error` or `cases`"));
        }
        _ => {}
    }
    for (n, case) in cases.iter().enumerate() {
        if case.result.is_some() == case.error.is_some() {
            let place = tree.place(way!["tools", i, "mock", "cases", n]);
            let message = "a case of a mock needs either a `result` or an `error`";
            problems.push(Problem::new(Place { len: 1, ..place }, message));
        }
        for key in case.when.keys() {
            known_argument(
                tool,
                key,
                tree.key_place(way!["tools", i, "mock", "cases", n, "when", key.as_str()]),
                problems,
            );
        }
    }
}

/// What the tool does to back ends has to name one, and arguments that it takes.
fn effects(c: &Checked<'_>, i: usize, tool: &Tool, problems: &mut Vec<Problem>) {
    let own = (vec![Seg::Key("tools"), Seg::At(i), Seg::Key("mock"), Seg::Key("effects")], &tool.mock.effects);
    let of_case = |(n, case): (usize, &'_ MockCase)| {
        let way = way!["tools", i, "mock", "cases", n, "effects"].to_vec();
        (way, case.effects.clone())
    };
    let mut all = vec![(own.0, own.1.clone())];
    all.extend(tool.mock.cases.iter().enumerate().map(of_case));
    for (way, effects) in &all {
        for (n, effect) in effects.iter().enumerate() {
            let at = |rest: &[Seg<'static>]| {
                let mut way = way.clone();
                way.extend([Seg::At(n), Seg::Key(effect.name())]);
                way.extend(rest.iter().cloned());
                c.tree.place(&way)
            };
            known_backend(c, effect.backend(), at(&[Seg::Key("backend")]), problems);
            for (s, step) in effect.at().iter().enumerate() {
                if let Some(name) = step.strip_prefix('$') {
                    known_argument(tool, name, at(&[Seg::Key("at"), Seg::At(s)]), problems);
                }
            }
            let (key, value) = match effect {
                Effect::Set(set) => ("to", Some(&set.to)),
                Effect::Append(append) => ("value", Some(&append.value)),
                Effect::Remove(_) => continue,
            };
            for name in value.map(arguments_in).unwrap_or_default() {
                known_argument(tool, name, at(&[Seg::Key(key)]), problems);
            }
        }
    }
}

/// The names of the arguments that stand in a value.
fn arguments_in(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => text.strip_prefix('$').into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(arguments_in).collect(),
        Value::Object(map) => map.values().flat_map(arguments_in).collect(),
        _ => Vec::new(),
    }
}

/// Whether a back end is declared.
pub(super) fn known_backend(c: &Checked<'_>, name: &str, place: Place, problems: &mut Vec<Problem>) {
    if !c.scenario.backends.contains_key(name) {
        let problem = Problem::new(place, format!("the scenario has no back end `{name}`"));
        problems.push(problem.nearest(name, c.scenario.backends.keys().map(String::as_str)));
    }
}

/// Whether a tool takes an argument of this name, where its schema lists them.
pub(super) fn known_argument(tool: &Tool, name: &str, place: Place, problems: &mut Vec<Problem>) {
    let Some(known) = tool.parameters.get("properties").and_then(Value::as_object) else { return };
    if !known.contains_key(name) {
        let problem = Problem::new(place, format!("`{}` has no argument `{name}`", tool.name));
        problems.push(problem.nearest(name, known.keys().map(String::as_str)));
    }
}

/// Why arguments do not fit.
pub(super) struct Misfit {
    /// The argument that it is about, empty where it is about all of them.
    pub(super) argument: String,
    /// In a sentence.
    pub(super) message: String,
}

/// All reasons why `arguments` do not fit a schema; none where the schema is itself wrong, which is told elsewhere.
pub(super) fn misfits(schema: &Value, arguments: &Value) -> Vec<Misfit> {
    if reference(schema).is_some() {
        return Vec::new();
    }
    let Ok(validator) = jsonschema::validator_for(schema) else { return Vec::new() };
    let misfit = |e: jsonschema::ValidationError<'_>| {
        let pointer = e.instance_path().as_str();
        Misfit { argument: pointer.split('/').nth(1).unwrap_or_default().to_owned(), message: e.to_string() }
    };
    validator.iter_errors(arguments).map(misfit).collect()
}

/// The names of arguments of a criterion that the tool does not have.
pub(super) fn unknown_arguments<'a>(
    tool: &Tool,
    arguments: &'a Map<String, Value>,
    place: impl Fn(&'a str) -> Place,
    problems: &mut Vec<Problem>,
) {
    for name in arguments.keys() {
        known_argument(tool, name, place(name), problems);
    }
}
