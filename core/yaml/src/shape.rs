//! Whether a tree has the shape that a schema asks for, with every problem at its place.
//!
//! Reads the part of JSON Schema that our own types produce. A general validator would find the same errors (a property
//! test holds this one against it) but could tell neither the line nor the key that was meant.

use crate::{Key, Kind, Node, Place, Problem, nearest};
use serde_json::{Map, Value};

/// All problems of `tree`, in no particular order; none means that it deserialises.
pub(crate) fn problems(tree: &Node, schema: &Value) -> Vec<Problem> {
    let mut shape = Shape { root: schema, problems: Vec::new() };
    shape.node(tree, schema, "the file");
    shape.problems
}

/// How large a value is, and the keywords that bound it.
struct Size {
    n: usize,
    unit: &'static str,
    min: &'static str,
    max: &'static str,
}

struct Shape<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Shape<'a> {
    /// `what` names the value in messages: "`turns`", "an item of `course`".
    fn node(&mut self, node: &Node, schema: &'a Value, what: &str) {
        // `true`: anything may stand here.
        let Value::Object(schema) = schema else { return };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.map_or((), |target| self.node(node, target, what));
        }
        if let Some(branches) = schema.get("oneOf").and_then(Value::as_array) {
            return self.one_of(node, branches, what);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            if let Some(branch) = self.nearest_branch(node, branches) {
                self.node(node, branch, what);
            }
            return;
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return self.word(node, words.iter().collect(), what);
        }
        let Some(expected) = schema.get("type").and_then(Value::as_str) else { return };
        match (expected, &node.kind) {
            ("object", Kind::Map(entries)) => self.map(node.place, entries, schema, what),
            ("array", Kind::List(items)) => self.list(node.place, items, schema, what),
            ("string", Kind::Text(text)) => self.text(node.place, text, schema, what),
            ("boolean", Kind::Bool(_)) => {}
            ("integer", Kind::Number(n)) if n.is_i64() || n.is_u64() => {
                self.number(node.place, n.as_f64(), schema, what)
            }
            ("number", Kind::Number(n)) => self.number(node.place, n.as_f64(), schema, what),
            _ => self.wrong_type(node, expected, what),
        }
    }

    /// Of several kinds of maps the one that knows most of the keys that are there.
    fn nearest_branch(&self, node: &Node, branches: &'a [Value]) -> Option<&'a Value> {
        let entries: &[(Key, Node)] = match &node.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        };
        let knows = |branch: &&Value| {
            let target = branch.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
            let branch = target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(branch);
            let known = branch.get("properties").and_then(Value::as_object);
            entries.iter().filter(|(key, _)| known.is_some_and(|known| known.contains_key(&key.name))).count()
        };
        // The first of those that know as many.
        branches.iter().rev().max_by_key(knows)
    }

    fn wrong_type(&mut self, node: &Node, expected: &str, what: &str) {
        let wanted = match expected {
            "object" => "a map (`key: value`)",
            "array" => "a list (`- item`)",
            "string" => "text",
            "boolean" => "`true` or `false`",
            "integer" => "a whole number",
            _ => "a number",
        };
        let problem = Problem::new(node.place, format!("{what} is {}, but {wanted} belongs here", node.kind.name()));
        self.problems.push(match (expected, &node.kind) {
            ("string", Kind::Number(_) | Kind::Bool(_)) => problem.help("put it in quotes to make it text"),
            (_, Kind::Null) => problem.help("write the value behind the colon, or leave the key out"),
            _ => problem,
        });
    }

    fn map(&mut self, place: Place, entries: &[(Key, Node)], schema: &'a Map<String, Value>, what: &str) {
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (key, value) in entries {
            let what = format!("`{}`", key.name);
            match (known.and_then(|k| k.get(&key.name)), others) {
                (Some(property), _) => self.node(value, property, &what),
                (None, Some(Value::Bool(false))) => {
                    // A key that stands there already was not meant.
                    let free = known.unwrap_or(&none).keys().filter(|k| entries.iter().all(|(e, _)| e.name != **k));
                    let problem = Problem::new(key.place, format!("unknown key {what}"));
                    self.problems.push(problem.nearest(&key.name, free.map(String::as_str)));
                }
                (None, Some(other)) => self.node(value, other, &what),
                (None, None) => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for key in required.filter(|r| entries.iter().all(|(k, _)| k.name != **r)) {
            // Where a misspelt key stands for it, that problem says enough.
            let misspelt = entries.iter().any(|(k, _)| {
                known.is_some_and(|p| !p.contains_key(&k.name)) && nearest(&k.name, [key].into_iter()).is_some()
            });
            if !misspelt {
                let meaning = known.and_then(|k| k.get(key)).and_then(|p| p.get("description")).and_then(Value::as_str);
                let problem = Problem::new(Place { len: 1, ..place }, format!("the key `{key}` is missing in {what}"));
                self.problems.push(match meaning {
                    Some(meaning) => problem.help(format!("`{key}`: {}", meaning.replace('\n', " "))),
                    None => problem,
                });
            }
        }
    }

    fn list(&mut self, place: Place, items: &[Node], schema: &'a Map<String, Value>, what: &str) {
        let place = Place { len: 1, ..place };
        self.size(place, &Size { n: items.len(), unit: "item", min: "minItems", max: "maxItems" }, schema, what);
        if let Some(of) = schema.get("items") {
            for item in items {
                self.node(item, of, &format!("an item of {what}"));
            }
        }
    }

    fn text(&mut self, place: Place, text: &str, schema: &'a Map<String, Value>, what: &str) {
        let before = self.problems.len();
        let size = Size { n: text.chars().count(), unit: "character", min: "minLength", max: "maxLength" };
        self.size(place, &size, schema, what);
        let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return };
        if self.problems.len() == before && regex::Regex::new(pattern).is_ok_and(|p| !p.is_match(text)) {
            let problem = Problem::new(place, format!("{what} cannot be `{text}`"));
            let in_words = schema.get("$comment").and_then(Value::as_str);
            self.problems
                .push(problem.help(in_words.map_or_else(|| format!("it has to match {pattern}"), str::to_owned)));
        }
    }

    fn size(&mut self, place: Place, size: &Size, schema: &Map<String, Value>, what: &str) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (wanted, n) = match (bound(size.min), bound(size.max)) {
            (Some(1), _) if size.n == 0 => return self.problems.push(Problem::new(place, format!("{what} is empty"))),
            (Some(n), _) if size.n < n => ("at least", n),
            (_, Some(n)) if size.n > n => ("at most", n),
            _ => return,
        };
        let has = format!("{} {}{}", size.n, size.unit, if size.n == 1 { "" } else { "s" });
        self.problems.push(Problem::new(place, format!("{what} has {has}, but has to have {wanted} {n}")));
    }

    fn number(&mut self, place: Place, n: Option<f64>, schema: &Map<String, Value>, what: &str) {
        let Some(n) = n else { return };
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let wanted = if let Some(min) = bound("minimum").filter(|min| n < *min) {
            format!("at least {min}")
        } else if let Some(max) = bound("maximum").filter(|max| n > *max) {
            format!("at most {max}")
        } else if let Some(min) = bound("exclusiveMinimum").filter(|min| n <= *min) {
            format!("more than {min}")
        } else {
            return;
        };
        self.problems.push(Problem::new(place, format!("{what} is {n}, but has to be {wanted}")));
    }

    /// Either words with a description each, or maps of which the one key says what they are.
    fn one_of(&mut self, node: &Node, branches: &'a [Value], what: &str) {
        let words: Vec<&Value> = branches.iter().filter_map(|b| b.get("const")).collect();
        if !words.is_empty() {
            return self.word(node, words, what);
        }
        let kinds = branches.iter().filter_map(|b| b.get("properties")?.as_object()?.iter().next());
        let names = kinds.clone().map(|(name, _)| name.as_str());
        match &node.kind {
            Kind::Map(entries) => match entries.as_slice() {
                [(key, value)] => match kinds.clone().find(|(name, _)| **name == key.name) {
                    Some((_, schema)) => self.node(value, schema, &format!("`{}`", key.name)),
                    None => {
                        let problem = Problem::new(key.place, format!("unknown key `{}`", key.name));
                        self.problems.push(problem.nearest(&key.name, names));
                    }
                },
                [_, (second, _), ..] => {
                    let problem = Problem::new(second.place, format!("{what} has more than one key"));
                    self.problems.push(problem.help("begin the second one with a dash of its own"));
                }
                [] => self.problems.push(Problem::new(node.place, format!("{what} is empty")).nearest("", names)),
            },
            _ => self.wrong_type(node, "object", what),
        }
    }

    fn word(&mut self, node: &Node, words: Vec<&'a Value>, what: &str) {
        let words = words.iter().filter_map(|w| w.as_str());
        match &node.kind {
            Kind::Text(text) if words.clone().any(|w| w == text) => {}
            Kind::Text(text) => {
                let problem = Problem::new(node.place, format!("{what} cannot be `{text}`"));
                self.problems.push(problem.nearest(text, words));
            }
            _ => self.wrong_type(node, "string", what),
        }
    }
}
