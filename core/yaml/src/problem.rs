//! What is wrong with a file, and where: [`BadFile`].

use std::fmt;

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// How many characters it is long.
    pub len: usize,
}

impl Place {
    /// The beginning of a file.
    pub const START: Place = Place { line: 1, column: 1, len: 1 };
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do, in a sentence.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(place: Place, message: impl Into<String>) -> Problem {
        Problem { place, message: message.into(), help: None }
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// "did you mean …" where something known is close to what was written, else all that is known.
    #[must_use]
    pub fn nearest<'a>(self, written: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
        match nearest(written, known.clone()) {
            Some(near) => {
                let message = format!("{}, did you mean `{near}`?", self.message);
                Problem { message, ..self }
            }
            None => {
                let mut all: Vec<String> = known.map(|k| format!("`{k}`")).collect();
                all.sort_unstable();
                if all.is_empty() { self } else { self.help(format!("known here: {}", all.join(", "))) }
            }
        }
    }
}

/// What is known and closest to `written`, if close enough to be a slip.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    known
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1.max(k.chars().count().max(lower.chars().count()) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// A file that was refused, with everything that is wrong with it. `Display` shows each problem with its line, in the
/// manner of the Rust compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// The file, as it was named.
    pub file: String,
    /// At least one, in the order of the file.
    pub problems: Vec<Problem>,
    lines: Vec<String>,
}

/// Longest part of a line that is shown, in characters.
const SHOWN: usize = 110;

impl BadFile {
    /// The file that `text` was read from, with what is wrong with it.
    pub fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> BadFile {
        problems.sort_by_key(|p| (p.place.line, p.place.column));
        problems.dedup();
        for problem in &mut problems {
            // Messages quote the file, and escapes in it can be anything.
            problem.message = printable(&problem.message);
            problem.help = problem.help.take().map(|help| printable(&help));
        }
        let wanted = |n: usize| problems.iter().any(|p| p.place.line == n);
        let lines = text.lines().enumerate().map(|(i, l)| if wanted(i + 1) { printable(l) } else { String::new() });
        let lines = lines.collect();
        BadFile { file: file.to_owned(), problems, lines }
    }

    /// The same with only the keys of the lines it shows: settings can be secret.
    #[must_use]
    pub fn without_values(mut self) -> BadFile {
        for line in self.lines.iter_mut().filter(|line| !line.trim_end().ends_with(':')) {
            line.truncate(line.find(':').map_or(0, |colon| colon + 1));
            line.push_str(" …");
        }
        self
    }

    /// The same with places and reasons only. A file that another one names may be anything: a list of keys, a password
    /// file. What is quoted in a reason goes too, but for the keys of files that are named as ours are.
    #[must_use]
    pub fn without_content(mut self) -> BadFile {
        self.lines.clear();
        let keeps_keys = is_named_as_ours(&self.file);
        for problem in &mut self.problems {
            let message = without_quotes(&problem.message, keeps_keys);
            if message != problem.message {
                problem.help = None;
            }
            problem.message = message;
        }
        self
    }

    /// Without its content unless it is named as our files are: what is named otherwise was hardly meant.
    #[must_use]
    pub fn unless_ours_without_content(self) -> BadFile {
        if is_named_as_ours(&self.file) { self } else { self.without_content() }
    }

    fn snippet(&self, f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
        let Place { line, column, len } = problem.place;
        let gutter = line.to_string().len();
        writeln!(f, "{:gutter$}--> {}:{line}:{column}", "", self.file)?;
        let Some(text) = line.checked_sub(1).and_then(|i| self.lines.get(i)) else { return Ok(()) };
        // A window around the place, so that an endless line does not flood the terminal.
        let skip = column.saturating_sub(SHOWN / 2).saturating_sub(1);
        let shown: String = text.chars().skip(skip).take(SHOWN).collect();
        let before = column.saturating_sub(1).saturating_sub(skip).min(shown.chars().count());
        let carets = len.clamp(1, (shown.chars().count() - before).max(1));
        writeln!(f, "{:gutter$} |", "")?;
        writeln!(f, "{line} | {shown}")?;
        writeln!(f, "{:gutter$} | {:before$}{}", "", "", "^".repeat(carets))
    }
}

fn is_named_as_ours(file: &str) -> bool {
    [".yaml", ".yml", ".yaml (built in)"].iter().any(|ending| file.ends_with(ending))
}

/// Each second part between backticks is a quote. Of keys, only those that are words: `unknown key`, `the key`.
fn without_quotes(message: &str, keeps_keys: bool) -> String {
    let mut shown = String::new();
    for (n, part) in message.split('`').enumerate() {
        let is_key = keeps_keys && !shown.ends_with("cannot be `");
        let is_ours = ["key: value", "- item"].contains(&part);
        let is_word = part.len() <= 40 && part.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == ' ');
        shown.push_str(if n % 2 == 0 || is_ours || (is_key && is_word) { part } else { "…" });
        shown.push('`');
    }
    shown.pop();
    shown
}

/// Tabs as one blank, so that carets stand below what they mean, and nothing that would move a terminal's cursor or turn
/// the direction of its text.
fn printable(line: &str) -> String {
    let turns_text = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = |c: char| {
        if c == '\t' {
            ' '
        } else if c.is_control() || turns_text(c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    line.chars().map(shown).collect()
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            writeln!(f, "error: {}", problem.message)?;
            self.snippet(f, problem)?;
            if let Some(help) = &problem.help {
                writeln!(f, "   = help: {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for BadFile {}
