//! `{customer}`, `{support}` and `{fact}` in texts.
//!
//! Because names come from the personas that play, one scenario can be played by anybody; because facts are written
//! once, a hint and the criterion that looks for it cannot drift apart.

use super::Side;
use duologue_yaml::{Kind, Node, Place, Problem};
use std::collections::BTreeMap;

/// What the placeholders stand for.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    texts: BTreeMap<String, String>,
}

impl Meanings {
    /// Reads the facts of a scenario's tree; names that are given twice are problems.
    pub(super) fn new(tree: &Node, names: [(Side, &str); 2], problems: &mut Vec<Problem>) -> Meanings {
        let mut texts: BTreeMap<String, String> =
            names.iter().map(|(side, name)| (side.to_string(), (*name).to_owned())).collect();
        let named = Meanings { texts: texts.clone() };
        for facts in [
            child(Some(tree), "facts"),
            child(child(Some(tree), "support"), "facts"),
            child(child(Some(tree), "customer"), "facts"),
        ] {
            let Some(Kind::Map(entries)) = facts.map(|f| &f.kind) else { continue };
            for (key, value) in entries {
                let Kind::Text(text) = &value.kind else { continue };
                if !is_name(&key.name) {
                    let problem = Problem::new(key.place, format!("a fact cannot be named `{}`", key.name));
                    problems.push(problem.help("small letters, digits and `_`, beginning with a letter"));
                } else if texts.contains_key(&key.name) {
                    problems.push(Problem::new(key.place, format!("the name `{}` is taken", key.name)));
                } else {
                    // A fact may hold names, but no other fact: nothing can go in circles.
                    texts.insert(key.name.clone(), named.text(text, value.place, problems));
                }
            }
        }
        Meanings { texts }
    }

    /// Replaces the placeholders in all texts but regular expressions, schemas and the facts themselves.
    pub(super) fn apply(&self, node: &mut Node, problems: &mut Vec<Problem>) {
        match &mut node.kind {
            Kind::Text(text) if !is_regex(text) => *text = self.text(text, node.place, problems),
            Kind::List(items) => items.iter_mut().for_each(|item| self.apply(item, problems)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    match key.name.as_str() {
                        "parameters" => {}
                        "facts" => self.facts(value),
                        _ => self.apply(value, problems),
                    }
                }
            }
            _ => {}
        }
    }

    fn facts(&self, node: &mut Node) {
        let Kind::Map(entries) = &mut node.kind else { return };
        for (key, value) in entries {
            if let (Kind::Text(text), Some(meaning)) = (&mut value.kind, self.texts.get(&key.name)) {
                text.clone_from(meaning);
            }
        }
    }

    fn text(&self, text: &str, place: Place, problems: &mut Vec<Problem>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            out.push_str(before);
            let name = from[1..].split('}').next().filter(|name| from.len() > name.len() + 1 && is_name(name));
            let Some(name) = name else {
                // A brace that begins no name is a brace.
                out.push('{');
                rest = &from[1..];
                continue;
            };
            match self.texts.get(name) {
                Some(meaning) => out.push_str(meaning),
                None => {
                    let problem = Problem::new(place, format!("`{{{name}}}` stands for nothing"));
                    problems.push(problem.nearest(name, self.texts.keys().map(String::as_str)));
                    // It stays, so that what is checked next finds a word and not a hole.
                    out.push_str(&from[..name.len() + 2]);
                }
            }
            rest = &from[name.len() + 2..];
        }
        out + rest
    }
}

/// Between slashes.
pub(super) fn is_regex(text: &str) -> bool {
    text.len() > 2 && text.starts_with('/') && text.ends_with('/')
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn child<'a>(node: Option<&'a Node>, name: &str) -> Option<&'a Node> {
    let Kind::Map(entries) = &node?.kind else { return None };
    entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
}
