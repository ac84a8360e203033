use super::rules::file_sizes::Sizes;
use std::fmt;

/// One breach of one rule, with what a person needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Name of the rule, as its file is called.
    pub(crate) rule: &'static str,
    /// File (with line) or package.
    pub(crate) place: String,
    /// What was found there.
    pub(crate) what: String,
    /// Why the rule exists.
    pub(crate) why: String,
    /// What to do instead.
    pub(crate) instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}: {}", self.rule, self.place, self.what)?;
        writeln!(f, "  why: {}", self.why)?;
        writeln!(f, "  instead: {}", self.instead)
    }
}

/// Everything a run of tidy has to say.
pub(crate) struct Report {
    /// Breaches, in the order of the rules.
    pub(crate) findings: Vec<Finding>,
    /// How long the files are.
    pub(crate) sizes: Sizes,
    /// How many rules ran.
    pub(crate) rules: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        writeln!(f, "tidy: {}", self.sizes)?;
        writeln!(f, "tidy: {} rules, {} findings", self.rules, self.findings.len())
    }
}
