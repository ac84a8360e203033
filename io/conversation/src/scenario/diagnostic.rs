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
    pub(super) fn new(place: Place, message: impl Into<String>) -> Problem {
        Problem { place, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// "did you mean …" where something known is close to what was written, else all that is known.
    pub(super) fn nearest<'a>(self, written: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
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
pub(super) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
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
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> BadFile {
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
