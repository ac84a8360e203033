use super::Suite;
use super::sense::problems;
use duologue_yaml::{BadFile, Place, Problem, schema_of};
use serde_json::Value;
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
    /// It is a folder.
    #[error("{path} is a folder, and a suite is a file\n  help: give one of its files")]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// The file does not have the shape of a suite, or does not make sense.
    #[error("{}", shown(.0))]
    Refused(Box<BadFile>),
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
    if path.is_dir() {
        return Err(SuiteError::Folder { path: path.into() });
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
    let refused = |bad: BadFile| SuiteError::Refused(Box::new(bad.unless_ours_without_content()));
    let placed = duologue_yaml::parse(file, text, &SCHEMA).map_err(refused)?;
    // The shape is checked, so this fails only where schema and type disagree.
    let suite = serde_json::from_value(placed.value());
    let suite: Suite = suite.map_err(|e| refused(placed.refuse(vec![Problem::new(Place::START, e.to_string())])))?;
    let suite = Suite { id: id.to_owned(), ..suite };
    let problems = problems(&suite, &placed);
    if problems.is_empty() { Ok(suite) } else { Err(refused(placed.refuse(problems))) }
}
