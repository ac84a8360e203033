//! Text to a file of the right shape: [`parse`], [`Placed`].

use crate::shape;
use crate::{BadFile, Kind, Node, Place, Problem, Seg};
use serde_json::Value;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A file of the right shape that knows where everything in it stands, for what a schema can't say of it.
pub struct Placed<'a> {
    file: &'a str,
    text: &'a str,
    tree: Node,
}

impl Placed<'_> {
    /// All of it as JSON.
    pub fn value(&self) -> Value {
        self.tree.to_json()
    }

    /// The value at a path of keys and of places in lists (`["caller", "3"]`), or the last one on the way that exists.
    pub fn place(&self, way: &[&str]) -> Place {
        self.tree.place(&segments(way))
    }

    /// The key at the end of a path, or the last place on the way that exists.
    pub fn key_place(&self, way: &[&str]) -> Place {
        self.tree.key_place(&segments(way))
    }

    /// The file with what is wrong with it.
    pub fn refuse(&self, problems: Vec<Problem>) -> BadFile {
        BadFile::new(self.file, self.text, problems)
    }
}

fn segments<'a>(way: &[&'a str]) -> Vec<Seg<'a>> {
    way.iter().map(|part| part.parse().map_or(Seg::Key(part), Seg::At)).collect()
}

/// Reads a text; `file` names it in messages. `schema` is of [`crate::schema_of`], or holds no more of JSON Schema than that gives: maps
/// with known keys, lists, texts, numbers and words.
///
/// # Errors
/// Everything that is wrong with it, with places.
pub fn parse<'a>(file: &'a str, text: &'a str, schema: &Value) -> Result<Placed<'a>, BadFile> {
    let tree = read(text, schema).map_err(|problems| BadFile::new(file, text, problems))?;
    Ok(Placed { file, text, tree })
}

/// As [`parse`], for who goes on with the tree.
///
/// # Errors
/// As [`parse`].
pub fn read(text: &str, schema: &Value) -> Result<Node, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        let message = format!("{} bytes are too many, a file may have {MAX_BYTES}", text.len());
        return Err(vec![Problem::new(Place::START, message)]);
    }
    let tree = Node::parse(text).map_err(|problem| vec![problem])?;
    if tree.kind == Kind::Null {
        return Err(vec![empty(schema)]);
    }
    let problems = shape::problems(&tree, schema);
    if problems.is_empty() { Ok(tree) } else { Err(problems) }
}

/// Nothing but blanks and comments, or a lone `null`.
fn empty(schema: &Value) -> Problem {
    let first = schema.pointer("/required/0").and_then(Value::as_str);
    let problem = Problem::new(Place::START, "the file is empty");
    let Some(key) = first else { return problem };
    let meaning = schema.pointer(&format!("/properties/{key}/description")).and_then(Value::as_str);
    let meaning = meaning.map(|m| format!(" ({})", m.trim_end_matches('.').replace('\n', " "))).unwrap_or_default();
    problem.help(format!("begin with the key `{key}`{meaning}"))
}
