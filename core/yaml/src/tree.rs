//! YAML text to a tree that knows where everything stands.
//!
//! Anchors, aliases and merge keys are refused: these files need none, and without them a small file cannot grow into
//! a huge one.

use crate::{Place, Problem};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::localizer::Localizer;
use serde_saphyr::options::MergeKeyPolicy;
use serde_saphyr::{Location, Spanned, budget, options};
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting; our own files need eight levels.
const MAX_DEPTH: usize = 32;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// A key of a map and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub name: String,
}

/// The values YAML has.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file. No key stands twice.
    Map(Vec<(Key, Node)>),
}

impl Kind {
    /// For messages: "text", "a list", ...
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// A step on the way to a node.
#[derive(Clone, Copy, Debug)]
pub enum Seg<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An item of a list, counted from 0.
    At(usize),
}

impl<'a> From<&'a str> for Seg<'a> {
    fn from(key: &'a str) -> Self {
        Seg::Key(key)
    }
}

impl From<usize> for Seg<'_> {
    fn from(index: usize) -> Self {
        Seg::At(index)
    }
}

/// A path of keys and places in lists: `way!["course", 3, "hint"]`.
#[macro_export]
macro_rules! way {
    ($($seg:expr),* $(,)?) => { &[$($crate::Seg::from($seg)),*] };
}

impl Node {
    /// Reads a whole document.
    ///
    /// # Errors
    /// It is no YAML, or has what these files do not take.
    pub fn parse(text: &str) -> Result<Node, Problem> {
        let options = options! {
            budget: budget! {
                max_depth: MAX_DEPTH,
                flow_nesting_limit: MAX_DEPTH,
                max_aliases: 0,
                max_anchors: 0,
                max_documents: 1,
                max_nodes: 100_000,
            },
            merge_keys: MergeKeyPolicy::Error,
            strict_booleans: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options::<Spanned<Kind>>(text, options).map(Node::from).map_err(|e| syntax(&e))
    }

    /// The value at a path, or the last one on the way that exists.
    pub fn place(&self, path: &[Seg<'_>]) -> Place {
        self.follow(path).1
    }

    /// The key at the end of a path, or the last place on the way that exists.
    pub fn key_place(&self, path: &[Seg<'_>]) -> Place {
        let Some((Seg::Key(last), way)) = path.split_last() else { return self.place(path) };
        let (node, place) = self.follow(way);
        match node.map(|n| &n.kind) {
            Some(Kind::Map(entries)) => {
                entries.iter().find(|(k, _)| k.name == *last).map_or(place, |(key, _)| key.place)
            }
            _ => place,
        }
    }

    fn follow(&self, path: &[Seg<'_>]) -> (Option<&Node>, Place) {
        let (mut node, mut place) = (self, self.place);
        for seg in path {
            let next = match (seg, &node.kind) {
                (Seg::Key(name), Kind::Map(entries)) => entries.iter().find(|(k, _)| k.name == *name).map(|(_, v)| v),
                (Seg::At(i), Kind::List(items)) => items.get(*i),
                _ => None,
            };
            let Some(found) = next else { return (None, place) };
            (node, place) = (found, found.place);
        }
        (Some(node), place)
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(n.clone()),
            Kind::Text(t) => Value::String(t.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(k, v)| (k.name.clone(), v.to_json())).collect::<Map<_, _>>())
            }
        }
    }
}

impl From<Spanned<Kind>> for Node {
    fn from(spanned: Spanned<Kind>) -> Self {
        Node { place: place(spanned.referenced), kind: spanned.value }
    }
}

fn place(location: Location) -> Place {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
    Place { line: number(location.line()), column: number(location.column()), len: number(location.span().len()) }
}

/// The parser's messages without its "at line ..", which we say ourselves.
struct WithoutPlace;

impl Localizer for WithoutPlace {
    fn attach_location<'a>(&self, base: Cow<'a, str>, _: Location) -> Cow<'a, str> {
        base
    }
}

fn syntax(error: &serde_saphyr::Error) -> Problem {
    let formatter = serde_saphyr::DefaultMessageFormatter;
    let formatter = formatter.with_localizer(&WithoutPlace);
    let message = error.render_with_formatter(&formatter);
    let place = error.location().map_or(Place::START, place);
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error.without_snippet() {
        let key = key.as_ref().map_or_else(|| "this key".to_owned(), |key| format!("the key `{key}`"));
        let problem = Problem::new(place, format!("{key} stands in this map for the second time"));
        return problem.help("keep one of the two");
    }
    let problem = Problem::new(place, format!("this is no YAML that can be read: {message}"));
    if let serde_saphyr::Error::Budget { .. } = error.without_snippet() {
        return problem.help("these files take no anchors and aliases (`&x`, `*x`) and no deep nesting: write it out");
    }
    problem
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Kind, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Kind, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        Number::from_f64(value).map(Kind::Number).ok_or_else(|| E::custom("a number has to be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Kind>>()? {
            items.push(item.into());
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let key = Key { place: place(key.referenced), name: key.value };
            entries.push((key, map.next_value::<Spanned<Kind>>()?.into()));
        }
        Ok(Kind::Map(entries))
    }
}
