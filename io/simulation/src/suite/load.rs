use super::{Act, Delay, Suite};
use duologue_conversation::scenario::{BadFile, parse_checked, schema_of};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static SCHEMA: LazyLock<Value> = LazyLock::new(suite_schema);

/// The suites that come with the product.
const BUILT_IN: [(&str, &str); 2] = [
    ("support", include_str!("../../../../suites/support.yaml")),
    ("turn-taking", include_str!("../../../../suites/turn-taking.yaml")),
];

/// Why a suite could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// There is no such file, nor one of this name in the product.
    #[error("there is no suite `{name}`\n  help: give a file, or one of: {known}")]
    Missing {
        /// What was asked for.
        name: String,
        /// What comes with the product.
        known: String,
    },
    /// The file could not be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The file does not have the shape of a suite.
    #[error("{}", shown(.0))]
    Refused(Box<BadFile>),
    /// It has the shape, and does not make sense.
    #[error("{file}: {}", .problems.join("\n  "))]
    Senseless {
        /// Which.
        file: String,
        /// What is wrong, a sentence each.
        problems: Vec<String>,
    },
}

fn shown(file: &BadFile) -> String {
    let text = file.to_string();
    let text = text.trim_end();
    // Whoever prints an error says that it is one.
    text.strip_prefix("error: ").unwrap_or(text).to_owned()
}

/// The JSON Schema of a suite, for editors.
pub fn suite_schema() -> Value {
    schema_of::<Suite>()
}

/// The names of the suites that come with the product.
pub fn suite_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(id, _)| *id)
}

/// Loads a suite: a path, or a name of those that come with the product. Blocks on the disk.
///
/// # Errors
/// It is not there, cannot be read or is wrong; `Display` tells people where and what to do.
pub fn load(suite: &str) -> Result<Suite, SuiteError> {
    let path = Path::new(suite);
    if path.is_file() {
        let bytes = std::fs::read(path).map_err(|why| SuiteError::Unreadable { path: path.into(), why })?;
        let text = String::from_utf8_lossy(&bytes);
        let id = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        return parse(suite, &id, &text);
    }
    // `suites/turn-taking.yaml` is the suite of the product wherever there is no such file.
    let name = suite.strip_prefix("suites/").unwrap_or(suite);
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    match BUILT_IN.iter().find(|(id, _)| *id == name) {
        Some((id, text)) => parse(&format!("{id}.yaml (built in)"), id, text),
        None => {
            let known = suite_names().collect::<Vec<_>>().join(", ");
            Err(SuiteError::Missing { name: suite.to_owned(), known })
        }
    }
}

/// Reads a suite. `file` names the text in messages, `id` becomes [`Suite::id`].
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(file: &str, id: &str, text: &str) -> Result<Suite, SuiteError> {
    let value = parse_checked(file, text, &SCHEMA).map_err(|bad| SuiteError::Refused(Box::new(bad)))?;
    let senseless = |problems| SuiteError::Senseless { file: file.to_owned(), problems };
    // The shape is checked, so this fails only where schema and type disagree.
    let suite: Suite = serde_json::from_value(value).map_err(|e| senseless(vec![e.to_string()]))?;
    let suite = Suite { id: id.to_owned(), ..suite };
    let problems = problems(&suite);
    if problems.is_empty() { Ok(suite) } else { Err(senseless(problems)) }
}

/// What a schema can't say.
fn problems(suite: &Suite) -> Vec<String> {
    let mut problems = Vec::new();
    if suite.situations.is_empty() && suite.scenarios.is_empty() {
        problems.push("it has neither `situations` nor `scenarios`, so there is nothing to hold".to_owned());
    }
    let stages = [("stt", suite.latency.stt), ("llm", suite.latency.llm), ("tts", suite.latency.tts)];
    for (stage, delay) in stages.into_iter().chain([("tool", suite.latency.tool)]) {
        if delay.is_some_and(|d| !is_one(&d)) {
            problems.push(format!(
                "`latency: {stage}` has to be one of {{ms}}, {{from, to}}, {{median, p95}} and {{measured: true}}"
            ));
        }
    }
    let mut ids = BTreeSet::new();
    for name in suite.lines.iter().map(|l| &l.name).filter(|name| !ids.insert(*name)) {
        problems.push(format!("there are two lines `{name}`; give one of them another name"));
    }
    let named = suite.situations.iter().map(|s| (&s.id, &s.lines));
    for (id, lines) in named.chain(suite.scenarios.iter().map(|s| (&s.scenario, &s.lines))) {
        for line in lines.iter().filter(|name| suite.lines.iter().all(|l| l.name != **name)) {
            problems.push(format!("`{id}` is to be held over the line `{line}`, which the suite does not have"));
        }
    }
    let mut ids = BTreeSet::new();
    for situation in &suite.situations {
        if !ids.insert(&situation.id) {
            problems.push(format!("there are two situations `{}`; give one of them another id", situation.id));
        }
        if situation.caller.is_empty() == situation.caller_agent.is_none() {
            problems.push(format!("situation `{}` has to have either `caller` or `caller_agent`", situation.id));
        }
        for (n, act) in situation.caller.iter().enumerate() {
            if let Some(problem) = act_problem(act) {
                problems.push(format!("situation `{}`, step {} of the caller: {problem}", situation.id, n + 1));
            }
        }
    }
    problems
}

fn is_one(delay: &Delay) -> bool {
    match (delay.ms, (delay.from, delay.to), (delay.median, delay.p95), delay.measured) {
        (Some(ms), (None, None), (None, None), false) => ms >= 0.0,
        (None, (Some(from), Some(to)), (None, None), false) => 0.0 <= from && from <= to,
        (None, (None, None), (Some(median), Some(p95)), false) => 0.0 < median && median <= p95,
        (None, (None, None), (None, None), measured) => measured,
        _ => false,
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
            let mut known = String::new();
            for (key, _) in turn.iter().chain(&during) {
                let _ = write!(known, "{}`{key}`", if known.is_empty() { "" } else { ", " });
            }
            Some(format!("it does nothing; give it one of {known}"))
        }
        [one] if act.after_ms.is_some() && turn.iter().any(|(key, _)| key == one) => {
            Some(format!("`after_ms` has no meaning beside `{one}`, which is not done while the agent speaks"))
        }
        [_] => None,
        [first, second, ..] => Some(format!("it has both `{first}` and `{second}`; make two steps of them")),
    }
}
