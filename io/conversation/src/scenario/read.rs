use super::check::{self, Checked};
use super::diagnostic::BadFile;
use super::placeholders::Meanings;
use super::yaml::{Kind, Node, Seg, way};
use super::{CastScenario, Persona, Place, Problem, Scenario, Side, schema, shape};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::LazyLock;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

static SCENARIO: LazyLock<Value> = LazyLock::new(schema::scenario_schema);
static PERSONA: LazyLock<Value> = LazyLock::new(schema::persona_schema);

/// Where the persona that a scenario names comes from.
pub trait PersonaSource {
    /// The persona that plays a side; `reference` is what the scenario says.
    ///
    /// # Errors
    /// Why there is none.
    fn find(&self, side: Side, reference: &str) -> Result<Persona, UnknownPersona>;

    /// Whether somebody plays this side whom the scenario's author did not choose: voices need not fit each other then.
    fn recasts(&self, _side: Side) -> bool {
        false
    }
}

/// Why a scenario's persona could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownPersona {
    /// There is none of this name.
    Missing {
        /// Names that are known, for "did you mean".
        known: Vec<String>,
        /// Where it was looked for.
        looked: Vec<String>,
    },
    /// It could not be read; the reason.
    Unreadable(String),
    /// Its file is wrong.
    Bad(Box<BadFile>),
}

/// Reads a persona.
///
/// `file` names the text in messages, `id` becomes [`Persona::id`].
///
/// # Errors
/// Everything that is wrong with it, with places.
pub fn parse_persona(file: &str, id: &str, text: &str) -> Result<Persona, BadFile> {
    let refuse = |problems| BadFile::new(file, text, problems);
    let tree = tree(text, &PERSONA).map_err(refuse)?;
    let persona: Persona = typed(&tree).map_err(|p| refuse(vec![p]))?;
    Ok(Persona { id: id.to_owned(), ..persona })
}

/// Reads a scenario and casts it with the personas that `personas` finds.
///
/// `file` names the text in messages, `id` becomes [`Scenario::id`].
///
/// # Errors
/// Everything that is wrong, with places: the scenario's own problems, and those of the persona files it names.
pub fn parse_scenario(
    file: &str,
    id: &str,
    text: &str,
    personas: &dyn PersonaSource,
) -> Result<CastScenario, Vec<BadFile>> {
    let refuse = |problems| vec![BadFile::new(file, text, problems)];
    let mut tree = tree(text, &SCENARIO).map_err(refuse)?;
    let raw: Scenario = typed(&tree).map_err(|p| refuse(vec![p]))?;

    let mut problems = Vec::new();
    let mut bad_files = Vec::new();
    let mut cast = |side: Side, named_for: Side| {
        let reference = &raw.agent(named_for).persona;
        let place = tree.place(way![named_for.as_str(), "persona"]);
        personas
            .find(side, reference)
            .map_err(|error| persona_problem(reference, place, error, &mut bad_files))
            .map_or_else(
                |problem| {
                    problems.push(problem);
                    None
                },
                Some,
            )
    };
    let (mut support, mut customer) = (cast(Side::Support, Side::Support), cast(Side::Customer, Side::Customer));
    if same_name(&support, &customer) {
        // Whoever is asked for is the scenario's own persona of the other side: the two change places.
        match [Side::Support, Side::Customer].map(|side| personas.recasts(side)) {
            [true, false] => customer = cast(Side::Customer, Side::Support),
            [false, true] => support = cast(Side::Support, Side::Customer),
            _ => {}
        }
    }

    // Without a persona its name still has to stand for something, so that other problems can be found.
    let name = |p: &Option<Persona>, side: Side| p.as_ref().map_or_else(|| side.to_string(), |p| p.name.clone());
    let names = [(Side::Support, name(&support, Side::Support)), (Side::Customer, name(&customer, Side::Customer))];
    let names = [(names[0].0, names[0].1.as_str()), (names[1].0, names[1].1.as_str())];
    let meanings = Meanings::new(&tree, names, &mut problems);
    meanings.apply(&mut tree, &mut problems);
    let scenario: Scenario = typed(&tree).map_err(|p| refuse(vec![p]))?;
    let scenario = Scenario { id: id.to_owned(), ..scenario };
    let checked = Checked { scenario: &scenario, tree: &tree, support: support.as_ref(), customer: customer.as_ref() };
    let mut misfits = Vec::new();
    check::problems(&checked, &mut misfits);
    if !personas.recasts(Side::Support) && !personas.recasts(Side::Customer) {
        check::voices(&checked, &mut misfits);
    }
    // What has a placeholder that stands for nothing can't be judged any further.
    misfits.retain(|misfit| problems.iter().all(|p| p.place != misfit.place));
    problems.append(&mut misfits);

    match (support, customer) {
        (Some(support), Some(customer)) if problems.is_empty() => Ok(CastScenario::new(scenario, support, customer)),
        _ => {
            let mut all = refuse(problems);
            all.append(&mut bad_files);
            Err(all)
        }
    }
}

/// Reads a file of another kind as strictly and with messages of the same sort. `schema` may hold the part of JSON Schema
/// that plain Rust types give: maps with known keys, lists, texts, numbers and words.
///
/// # Errors
/// Everything that is wrong with it, with places.
pub fn parse_checked(file: &str, text: &str, schema: &Value) -> Result<Value, BadFile> {
    parse_placed(file, text, schema).map(|placed| placed.value())
}

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

/// As [`parse_checked`], with the places of all that is in it.
///
/// # Errors
/// Everything that is wrong with it, with places.
pub fn parse_placed<'a>(file: &'a str, text: &'a str, schema: &Value) -> Result<Placed<'a>, BadFile> {
    let tree = tree(text, schema).map_err(|problems| BadFile::new(file, text, problems))?;
    Ok(Placed { file, text, tree })
}

fn same_name(a: &Option<Persona>, b: &Option<Persona>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.name.eq_ignore_ascii_case(&b.name))
}

fn persona_problem(reference: &str, place: Place, error: UnknownPersona, bad: &mut Vec<BadFile>) -> Problem {
    match error {
        UnknownPersona::Missing { known, looked } => {
            let problem = Problem::new(place, format!("unknown persona `{reference}`"));
            let problem = problem.nearest(reference, known.iter().map(String::as_str));
            let looked = format!("looked for it in {}", looked.join(", "));
            let help = problem.help.as_ref().map_or_else(|| looked.clone(), |help| format!("{help}; {looked}"));
            problem.help(help)
        }
        UnknownPersona::Unreadable(why) => {
            Problem::new(place, format!("the persona `{reference}` cannot be read: {why}"))
        }
        UnknownPersona::Bad(file) => {
            let problem = Problem::new(place, format!("the persona `{reference}` is wrong: see {}", file.file));
            if !bad.contains(&file) {
                bad.push(*file);
            }
            problem
        }
    }
}

/// Text to a tree of the right shape.
fn tree(text: &str, schema: &Value) -> Result<Node, Vec<Problem>> {
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

fn typed<T: DeserializeOwned>(tree: &Node) -> Result<T, Problem> {
    // The shape is checked, so this fails only where schema and type disagree, which tests rule out as far as they can.
    serde_json::from_value(tree.to_json())
        .map_err(|e| Problem::new(Place::START, format!("this file does not fit: {e}")))
}
