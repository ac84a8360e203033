//! What `policy test` and `policy eval` do.

use crate::embedded::{Embedded, Status};
use crate::program::{Limits, engine};
use crate::source::{LoadError, Place, PolicyPaths, Prints, located, read};
use crate::stack::on_a_large_stack;
use duologue_policy::{Decision, Outcome};
use regorus::unstable::{Rule, RuleHead};
use regorus::{Engine, Value};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// Time that one test may take.
const TEST_TIME: Duration = Duration::from_secs(5);

/// What became of the tests of a policy. Its JSON is for programs, its text for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// All tests, in the order of files and lines.
    pub tests: Vec<TestCase>,
}

/// A test of a policy: a rule whose name begins with `test_`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestCase {
    /// The path of the rule.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: TestOutcome,
    /// What it printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub printed: Vec<String>,
}

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "snake_case")]
pub enum TestOutcome {
    /// It is true.
    Passed,
    /// It is false or undefined.
    Failed,
    /// It is one that is yet to be made: `todo_test_…`.
    Skipped,
    /// It could not be evaluated.
    Errored(String),
}

impl TestReport {
    /// Whether there were tests and none failed.
    pub fn is_passed(&self) -> bool {
        let bad = |case: &TestCase| matches!(case.outcome, TestOutcome::Failed | TestOutcome::Errored(_));
        !self.tests.is_empty() && !self.tests.iter().any(bad)
    }

    fn number(&self, fits: impl Fn(&TestOutcome) -> bool) -> usize {
        self.tests.iter().filter(|case| fits(&case.outcome)).count()
    }
}

/// A line for each test that did not pass, and one with the numbers.
impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.tests {
            let TestCase { name, file, line, .. } = case;
            match &case.outcome {
                TestOutcome::Passed => continue,
                TestOutcome::Failed => writeln!(f, "FAIL {file}:{line}: {name}")?,
                TestOutcome::Skipped => writeln!(f, "skip {file}:{line}: {name}")?,
                TestOutcome::Errored(why) => writeln!(f, "FAIL {file}:{line}: {name}: {why}")?,
            }
            case.printed.iter().try_for_each(|printed| writeln!(f, "     {printed}"))?;
        }
        let passed = self.number(|outcome| *outcome == TestOutcome::Passed);
        let skipped = self.number(|outcome| *outcome == TestOutcome::Skipped);
        let failed = self.tests.len() - passed - skipped;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Runs all tests below `paths` whose path contains `filter`. They are interpreted, since what they say (`with input as …`) is
/// not for the machine that decides.
///
/// # Errors
/// [`LoadError`], where a file cannot be read.
pub fn test(paths: &PolicyPaths, filter: &str) -> Result<TestReport, LoadError> {
    let files = read(paths, true)?;
    on_a_large_stack(|| {
        let limits = Limits { time: TEST_TIME, ..Limits::default() };
        let (mut engine, _) = engine(&files, limits, Prints::Kept)?;
        let (tests, twice) = tests_of(&mut engine);
        let chosen = tests.into_iter().filter(|(name, _)| name.contains(filter));
        let run = |(name, place): (String, Place)| {
            let (outcome, printed) = match is_todo(&name) {
                true => (TestOutcome::Skipped, Vec::new()),
                false if twice.contains(&name) => {
                    (TestOutcome::Errored("there are several tests of this name".to_owned()), Vec::new())
                }
                false => run(&engine, &name),
            };
            TestCase { name, file: place.file, line: place.line, outcome, printed }
        };
        Ok(TestReport { tests: chosen.map(run).collect() })
    })
    .ok_or_else(LoadError::broke_off)?
}

fn is_todo(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|name| name.starts_with("todo_"))
}

/// All tests with their places, and the names that there are more than one of.
fn tests_of(engine: &mut Engine) -> (Vec<(String, Place)>, BTreeSet<String>) {
    let packages = engine.get_packages().unwrap_or_default();
    let (mut tests, mut names, mut twice) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (package, module) in packages.iter().zip(engine.get_modules()) {
        for rule in &module.policy {
            let Rule::Spec { head: RuleHead::Compr { refr, .. }, span, .. } = &**rule else { continue };
            let name = refr.span().text();
            if name.starts_with("test_") || name.starts_with("todo_test_") {
                let path = format!("{package}.{name}");
                if !names.insert(path.clone()) {
                    twice.insert(path.clone());
                }
                tests.push((path, Place { file: span.source.file().clone(), line: span.line }));
            }
        }
    }
    (tests, twice)
}

fn run(engine: &Engine, name: &str) -> (TestOutcome, Vec<String>) {
    let mut engine = engine.clone();
    let said = engine.eval_rule(name.to_owned());
    let printed = engine.take_prints().unwrap_or_default();
    let outcome = match said {
        Ok(Value::Bool(true)) => TestOutcome::Passed,
        Ok(_) => TestOutcome::Failed,
        Err(error) => TestOutcome::Errored(located(name, &format!("{error:#}")).to_string()),
    };
    (outcome, printed)
}

/// What a policy says of one document, and how it was read: what `policy eval` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// How it was decided.
    pub outcome: Outcome,
    /// Which rule decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why, in the policy's words.
    pub reasons: Vec<String>,
    /// Why it was denied where no policy said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The digest of the policy.
    pub policy: String,
    /// Its files, and how each is written.
    pub files: Vec<(String, String)>,
}

/// Evaluates a policy for one document, as for a call.
///
/// # Errors
/// [`LoadError`], where the policy cannot be read.
pub fn eval(paths: PolicyPaths, document: &serde_json::Value) -> Result<Evaluation, LoadError> {
    let embedded = Embedded::load(paths, Limits::default())?;
    let (decision, status) = (embedded.decide(&document.into()), embedded.status());
    Ok(evaluation(&decision, &status.borrow()))
}

fn evaluation(decision: &Decision, status: &Status) -> Evaluation {
    Evaluation {
        outcome: decision.outcome(),
        rule: decision.rule().map(str::to_owned),
        reasons: decision.reasons().to_vec(),
        cause: decision.cause().map(ToString::to_string),
        policy: decision.policy().to_owned(),
        files: status.files.iter().map(|(file, dialect)| (file.clone(), dialect.to_string())).collect(),
    }
}
