use super::check::{self, Checked};
use super::placeholders::Meanings;
use super::{CastScenario, Persona, Scenario, Side, schema};
use duologue_yaml::{BadFile, Node, Place, Problem, read, way};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::LazyLock;

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
    let tree = read(text, &PERSONA).map_err(refuse)?;
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
    let mut tree = read(text, &SCENARIO).map_err(refuse)?;
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

fn typed<T: DeserializeOwned>(tree: &Node) -> Result<T, Problem> {
    // The shape is checked, so this fails only where schema and type disagree, which tests rule out as far as they can.
    serde_json::from_value(tree.to_json())
        .map_err(|e| Problem::new(Place::START, format!("this file does not fit: {e}")))
}
