//! No file outgrows its reader: 600 lines of product, 1,000 with its tests; what a program wrote is exempt.

use crate::tidy::{Finding, SourceFile, Workspace};
use std::fmt;

const PRODUCT_LINES: usize = 600;
const LINES_WITH_TESTS: usize = 1_000;

/// How long the hand-written files are, tests included.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    files: usize,
    lines: usize,
    median: usize,
    p90: usize,
    longest: Option<(usize, String)>,
}

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.files.iter().filter(|file| !file.is_generated()).filter_map(too_long).collect()
}

/// Measures the hand-written files.
pub(crate) fn summary(workspace: &Workspace) -> Sizes {
    let mut sizes: Vec<(usize, &str)> = workspace
        .files
        .iter()
        .filter(|file| !file.is_generated())
        .map(|file| (file.text.lines().count(), file.path.as_str()))
        .collect();
    sizes.sort_unstable();
    let at = |part: usize| sizes.get(sizes.len() * part / 100).map_or(0, |(lines, _)| *lines);
    Sizes {
        files: sizes.len(),
        lines: sizes.iter().map(|(lines, _)| lines).sum(),
        median: at(50),
        p90: at(90),
        longest: sizes.last().map(|(lines, path)| (*lines, (*path).to_owned())),
    }
}

fn too_long(file: &SourceFile) -> Option<Finding> {
    let (product, all) = (file.shipped_lines().count(), file.text.lines().count());
    let (lines, limit, kind) = if product > PRODUCT_LINES {
        (product, PRODUCT_LINES, "lines of product")
    } else if all > LINES_WITH_TESTS {
        (all, LINES_WITH_TESTS, "lines with tests")
    } else {
        return None;
    };
    Some(Finding {
        rule: "file-sizes",
        place: file.path.clone(),
        what: format!("{lines} {kind}, {limit} are allowed"),
        why: "a file is read from top to bottom by somebody who looks for one thing".into(),
        instead: "find the second subject in it and give it a file with its own name and tests".into(),
    })
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} lines; median {}, p90 {}", self.files, self.lines, self.median, self.p90)?;
        self.longest.iter().try_for_each(|(lines, path)| write!(f, ", longest {lines} ({path})"))
    }
}

#[cfg(test)]
mod tests {
    use super::{check, summary};
    use crate::tidy::model::fixtures::file;

    #[test]
    fn product_and_tests_have_limits_of_their_own() {
        assert_eq!(check(&file("io/x/src/a.rs", &"x\n".repeat(600))), []);
        assert_eq!(check(&file("io/x/src/a.rs", &"x\n".repeat(601))).len(), 1);
        assert_eq!(check(&file("io/x/tests/a.rs", &"x\n".repeat(1_000))), []);
        assert_eq!(check(&file("io/x/tests/a.rs", &"x\n".repeat(1_001))).len(), 1);
    }

    #[test]
    fn generated_files_are_exempt() {
        assert_eq!(check(&file("core/wire/src/gen.rs", &format!("// @generated\n{}", "x\n".repeat(2_000)))), []);
    }

    #[test]
    fn the_summary_names_the_longest() {
        assert!(summary(&file("io/x/src/a.rs", "x\ny\n")).to_string().contains("longest 2 (io/x/src/a.rs)"));
    }
}
