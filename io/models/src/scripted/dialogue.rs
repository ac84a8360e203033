use crate::{NotText, text};
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::Spanned;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Longest pause in front of a line.
const LATENCY_MAX_MS: u64 = 60_000;

/// What both parties say, in order; YAML, a list of lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialogue {
    lines: Vec<Line>,
}

/// One line of a dialogue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Whose line it is.
    pub speaker: Speaker,
    /// The words; may be left out where there is a tool call.
    #[serde(default)]
    pub say: String,
    /// How long the "model" thinks before the first word, in ms, at most a minute.
    #[serde(default)]
    pub latency_ms: u64,
    /// A tool that is called after the words.
    pub tool_call: Option<ScriptedCall>,
    /// Line of the file, from 1; 0 where there is no file.
    #[serde(skip)]
    pub at: u64,
}

/// A tool call in a dialogue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// Which tool.
    pub name: String,
    /// Its arguments; none by default.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// A party of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Who wants something.
    Customer,
    /// Who helps.
    Support,
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Speaker::Customer => "customer",
            Speaker::Support => "support",
        })
    }
}

/// Why a dialogue file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DialogueError {
    /// The file can't be read.
    #[error("{}: {source}\n  help: check the path of the dialogue file", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML, or not a list of lines.
    #[error("line {line}, column {column}: {reason}\n  help: {help}")]
    Invalid {
        /// Where, from 1; 0 where the place is unknown.
        line: u64,
        /// Where, from 1.
        column: u64,
        /// What is wrong.
        reason: String,
        /// What would be right.
        help: String,
    },
    /// An entry makes no sense as a line.
    #[error("entry {entry} of the dialogue: {reason}\n  help: {help}")]
    Senseless {
        /// Which entry, from 1.
        entry: usize,
        /// What is wrong.
        reason: &'static str,
        /// What would be right.
        help: &'static str,
    },
}

impl Dialogue {
    /// Reads a dialogue file.
    ///
    /// # Errors
    /// See [`DialogueError`].
    pub fn load(path: &Path) -> Result<Dialogue, DialogueError> {
        let unreadable = |source| DialogueError::Unreadable { path: path.to_path_buf(), source };
        text(std::fs::read(path).map_err(unreadable)?).map_err(|e| no_text(&e))?.parse()
    }

    /// A dialogue of these lines.
    ///
    /// # Errors
    /// [`DialogueError::Senseless`] for a line that neither says nor calls anything, or thinks for more than a minute.
    pub fn new(lines: Vec<Line>) -> Result<Dialogue, DialogueError> {
        for (i, line) in lines.iter().enumerate() {
            let senseless = |reason, help| Err(DialogueError::Senseless { entry: i + 1, reason, help });
            if line.say.trim().is_empty() && line.tool_call.is_none() {
                return senseless("it says nothing and calls no tool", "give it a `say` or a `tool_call`");
            }
            if line.tool_call.as_ref().is_some_and(|c| c.name.trim().is_empty()) {
                return senseless("its tool call names no tool", "give the `tool_call` a `name`, such as end_call");
            }
            if line.latency_ms > LATENCY_MAX_MS {
                return senseless(
                    "its latency is more than a minute",
                    "give `latency_ms` in milliseconds, 60000 at most",
                );
            }
        }
        Ok(Dialogue { lines })
    }

    /// All lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines of one party, in order.
    pub fn of(&self, speaker: Speaker) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |l| l.speaker == speaker)
    }
}

impl FromStr for Dialogue {
    type Err = DialogueError;

    fn from_str(yaml: &str) -> Result<Dialogue, DialogueError> {
        let read: Vec<Spanned<Line>> = serde_saphyr::from_str(yaml).map_err(|e| invalid(&e))?;
        let place = |line: Spanned<Line>| Line { at: line.referenced.line(), ..line.value };
        Dialogue::new(read.into_iter().map(place).collect())
    }
}

fn no_text(error: &NotText) -> DialogueError {
    DialogueError::Invalid {
        line: error.line as u64,
        column: error.column as u64,
        reason: "this is no UTF-8 text".to_string(),
        help: "save the file as UTF-8".to_string(),
    }
}

fn invalid(error: &serde_saphyr::Error) -> DialogueError {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
    let (reason, help) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            (format!("unknown key `{field}`"), nearest(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("`{variant}` is not known here"), nearest(variant, expected))
        }
        Error::SerdeMissingField { field, .. } => (format!("the key `{field}` is missing"), format!("add `{field}:`")),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_ref().map_or("a key".to_string(), |key| format!("the key `{key}`"));
            (format!("{key} is there twice"), "leave one of them out".to_string())
        }
        other => {
            let text = other.to_string();
            let help = "a dialogue is a YAML list of `speaker`, `say`, `latency_ms` and `tool_call`";
            (text.lines().next().unwrap_or("not a dialogue").to_string(), help.to_string())
        }
    };
    DialogueError::Invalid { line, column, reason, help }
}

fn nearest(given: &str, expected: &[&str]) -> String {
    let close =
        expected.iter().max_by(|a, b| strsim::jaro_winkler(given, a).total_cmp(&strsim::jaro_winkler(given, b)));
    match close.filter(|c| strsim::jaro_winkler(given, c) > 0.7) {
        Some(close) => format!("did you mean `{close}`? There are {}", expected.join(", ")),
        None => format!("there are {}", expected.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_a_speaker_and_something_to_do() {
        let dialogue: Dialogue = "
- {speaker: support, say: 'Hello: who is it?'}
- speaker: customer
  latency_ms: 250
  tool_call: {name: end_call}
"
        .parse()
        .expect("valid");
        assert_eq!(dialogue.lines().len(), 2);
        let customer: Vec<&Line> = dialogue.of(Speaker::Customer).collect();
        assert_eq!((customer.len(), customer[0].latency_ms, customer[0].say.as_str()), (1, 250, ""));
        assert_eq!(customer[0].tool_call.as_ref().map(|c| c.arguments.len()), Some(0));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let error = no_text(&text(b"- speaker: support\n  say: \xe9t\xe9\n".to_vec()).expect_err("Latin-1"));
        assert!(error.to_string().starts_with("line 2, column 8: this is no UTF-8 text"), "{error}");
    }

    #[test]
    fn a_bad_file_is_refused_with_place_reason_and_nearest_key() {
        let refused = |yaml: &str| yaml.parse::<Dialogue>().expect_err(yaml).to_string();
        let typo = refused("- speaker: support\n  say: Hi\n  latency: 5\n");
        assert!(typo.starts_with("line 3, column 3: unknown key `latency`"), "{typo}");
        assert!(typo.contains("did you mean `latency_ms`?"), "{typo}");
        let who = refused("- speaker: suport\n  say: Hi\n");
        assert!(who.contains("line 1") && who.contains("did you mean `support`?"), "{who}");
        let twice = refused("- speaker: support\n  say: Hi\n  say: Hello\n");
        assert!(twice.starts_with("line 3") && twice.contains("the key `say` is there twice"), "{twice}");
        assert!(refused("- say: Hi\n").contains("the key `speaker` is missing"));
        assert!(refused("- speaker: support\n").contains("entry 1"));
        assert!(refused("- {speaker: support, say: Hi, latency_ms: 60001}").contains("minute"));
        assert!(refused("- {speaker: support, tool_call: {name: ''}}").contains("names no tool"));
        for garbage in
            ["speaker: support", "- [", "\u{0}", "- {speaker: support, say: Hi, latency_ms: -1}", "just words"]
        {
            assert!(!refused(garbage).is_empty());
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Dialogue::load(Path::new("no/such/dialogue.yaml")).expect_err("it does not exist");
        assert!(error.to_string().starts_with("no/such/dialogue.yaml: "), "{error}");
    }
}
