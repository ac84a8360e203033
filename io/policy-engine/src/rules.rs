//! Which definition of the rule decided.
//!
//! An evaluator says what a rule is worth, not which of its definitions made it so. So each definition of `allow` is compiled
//! a second time under a name of its own, behind the end of its file, where it moves no line: a definition that alone is worth
//! what the rule is worth has decided.

use crate::source::{Files, LoadError, Place};
use regorus::unstable::{Module, Rule, RuleHead, Span};
use regorus::{Engine, Value};
use std::fmt;

/// Definitions that are told apart; of a rule with more only the file is said.
const DEFINITIONS: usize = 32;

/// The rule that decides, and where its definitions are.
pub(crate) struct Deciding {
    rule: String,
    definitions: Vec<Definition>,
    default: Option<Place>,
    /// What is said where nothing better is known.
    file: Place,
}

struct Definition {
    place: Place,
    /// The rule that is this definition alone.
    copy: Option<String>,
    /// Its value is `true`, if it has one.
    is_plain: bool,
    text: String,
}

/// Where a decision was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Definition(Place),
    Default(Place),
    File(Place),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::Definition(place) | Which::File(place) => place.fmt(f),
            Which::Default(place) => write!(f, "default, {place}"),
        }
    }
}

impl Deciding {
    /// The rule's path.
    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }

    /// The paths of the copies.
    pub(crate) fn copies(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().filter_map(|definition| definition.copy.as_deref())
    }

    /// Which definition made the rule worth `said`, by what each copy is worth.
    pub(crate) fn which(&self, said: Option<&Value>, mut worth: impl FnMut(&str) -> Option<Value>) -> Which {
        let default = || self.default.clone().map_or_else(|| Which::File(self.file.clone()), Which::Default);
        let all_plain = self.definitions.iter().all(|definition| definition.is_plain);
        match self.definitions.as_slice() {
            _ if all_plain && said != Some(&Value::Bool(true)) => default(),
            [only] if only.is_plain || self.default.is_none() => Which::Definition(only.place.clone()),
            all if all.iter().any(|definition| definition.copy.is_none()) => Which::File(self.file.clone()),
            all => {
                let found =
                    all.iter().find(|definition| definition.copy.as_deref().and_then(&mut worth).as_ref() == said);
                found.map_or_else(default, |definition| Which::Definition(definition.place.clone()))
            }
        }
    }
}

/// Finds the definitions of `allow` in a package, and where it takes copies to tell them apart replaces the engine by one that has
/// them.
pub(crate) fn copied(
    engine: &mut Engine,
    package: &str,
    files: &Files,
    read: impl Fn(&Files) -> Result<Engine, LoadError>,
) -> Result<Deciding, LoadError> {
    let packages = engine.get_packages().unwrap_or_default();
    let modules = packages.iter().zip(engine.get_modules()).filter(|(name, _)| *name == package);
    let modules: Vec<&Module> = modules.map(|(_, module)| &**module).collect();
    let mut deciding = definitions(package, &modules).ok_or_else(|| {
        LoadError::Together(format!("the package {} has no rule allow", package.trim_start_matches("data.")))
    })?;
    let is_ambiguous = deciding.definitions.len() > 1 || deciding.definitions.iter().any(|one| !one.is_plain);
    if is_ambiguous && deciding.definitions.len() <= DEFINITIONS {
        let with_copies = add_copies(&mut deciding, package, files);
        // Where a copy cannot be read by itself, the file is said in place of the line.
        match read(&with_copies) {
            Ok(read) => *engine = read,
            Err(_) => deciding.definitions.iter_mut().for_each(|definition| definition.copy = None),
        }
    }
    Ok(deciding)
}

fn definitions(package: &str, modules: &[&Module]) -> Option<Deciding> {
    let mut file = None;
    let mut found = Deciding {
        rule: format!("{package}.allow"),
        definitions: Vec::new(),
        default: None,
        file: Place { file: String::new(), line: 0 },
    };
    for rule in modules.iter().flat_map(|module| &module.policy) {
        let span = rule.span();
        let place = || Place { file: span.source.file().clone(), line: span.line };
        match &**rule {
            Rule::Default { refr, .. } if refr.span().text() == "allow" => found.default = Some(place()),
            Rule::Spec { head: RuleHead::Compr { refr, assign, .. }, bodies, .. } if refr.span().text() == "allow" => {
                let is_plain = assign.is_none() && bodies.iter().all(|body| body.assign.is_none());
                let text = whole(span);
                found.definitions.push(Definition { place: place(), copy: None, is_plain, text });
            }
            _ => continue,
        }
        file = file.or_else(|| Some(place()));
    }
    found.file = Place { line: 0, ..file? };
    Some(found)
}

/// The text of a rule. A string's place is within its quotes, so that a rule which ends with one lacks the last.
fn whole(span: &Span) -> String {
    let rest = usize::try_from(span.end).ok().and_then(|end| span.source.contents().get(end..));
    let quote = rest.and_then(|rest| rest.chars().next()).filter(|next| matches!(next, '"' | '`'));
    span.text().chars().chain(quote).collect()
}

fn add_copies(deciding: &mut Deciding, package: &str, files: &Files) -> Files {
    let mut files = files.clone();
    for (at, definition) in deciding.definitions.iter_mut().enumerate() {
        let Some(rest) = definition.text.strip_prefix("allow") else { continue };
        let Some((_, text)) = files.policies.iter_mut().find(|(name, _)| *name == definition.place.file) else {
            continue;
        };
        let name = format!("allow__duologue_{at}");
        text.push_str(&format!("\n{name}{rest}\n"));
        definition.copy = Some(format!("{package}.{name}"));
    }
    files
}
