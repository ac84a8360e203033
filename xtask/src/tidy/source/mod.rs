//! A Rust file as the rules see it: its text, its code without comments and literals, and which lines are tests.

mod blank;
mod test_lines;
mod uses;

pub(crate) use test_lines::test_modules;

/// One Rust file of the workspace.
pub(crate) struct SourceFile {
    /// Path below the root with `/` between parts.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// The same lines and columns with comments, strings and characters blanked out.
    pub(crate) code: String,
    /// For each line, whether it is compiled for tests only.
    test_lines: Vec<bool>,
    /// The whole file is compiled for tests (or benchmarks) only.
    pub(crate) all_test: bool,
}

impl SourceFile {
    /// Reads the text; whether the whole file is a test is judged by its folder until [`Self::mark_as_test`].
    pub(crate) fn new(path: String, text: String) -> Self {
        let code = blank::comments_and_literals(&text);
        let test_lines = test_lines::of(&code);
        let all_test = path.split('/').any(|part| matches!(part, "tests" | "benches" | "fuzz"));
        Self { path, text, code, test_lines, all_test }
    }

    /// Another file declares this one as `#[cfg(test)] mod …;`.
    pub(crate) fn mark_as_test(&mut self) {
        self.all_test = true;
    }

    /// Written by a program: nobody reads it from top to bottom.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.starts_with("//") && line.contains("@generated"))
    }

    /// Number and code of each line that is shipped.
    pub(crate) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, _, test)| !test).map(|(number, code, _)| (number, code))
    }

    /// Number and code of each line that is compiled for tests only.
    pub(crate) fn test_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, _, test)| *test).map(|(number, code, _)| (number, code))
    }

    /// Shipped `use` declarations, taken apart: line and full path of every name, `std::{fs, net}` as two.
    pub(crate) fn shipped_uses(&self) -> Vec<(usize, String)> {
        let shipped = |line: usize| !self.all_test && !self.test_lines.get(line - 1).copied().unwrap_or(false);
        uses::paths(&self.code).into_iter().filter(|(line, _)| shipped(*line)).collect()
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        let flags = self.test_lines.iter().copied().chain(std::iter::repeat(false));
        self.code.lines().zip(flags).enumerate().map(|(at, (code, test))| (at + 1, code, test || self.all_test))
    }
}

/// Whether `word` stands in `code` as a whole: a name goes on in neither direction (punctuation at an end of `word`
/// ends it by itself).
pub(crate) fn contains_word(code: &str, word: &str) -> bool {
    let part_of_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (open, close) = (part_of_name(word.chars().next()), part_of_name(word.chars().next_back()));
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), code[at + word.len()..].chars().next());
        !((open && part_of_name(before)) || (close && part_of_name(after)))
    })
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, contains_word};

    #[test]
    fn words_are_whole_words() {
        assert!(contains_word("use tokio::time;", "tokio"));
        assert!(!contains_word("my_tokio(x)", "tokio"));
        assert!(!contains_word("tokio2", "tokio"));
        assert!(contains_word("x.await?", ".await"));
        assert!(!contains_word("x.awaiting", ".await"));
    }

    #[test]
    fn lines_of_tests_and_of_the_product_are_told_apart() {
        let file =
            SourceFile::new("core/x/src/a.rs".into(), "fn a() {}\n#[cfg(test)]\nmod tests {\n}\nfn b() {}\n".into());
        assert_eq!(file.shipped_lines().map(|(number, _)| number).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(file.test_lines().map(|(number, _)| number).collect::<Vec<_>>(), [2, 3, 4]);
        let whole = SourceFile::new("core/x/tests/a.rs".into(), "fn a() {}\n".into());
        assert_eq!(whole.shipped_lines().count(), 0);
    }
}
