//! `duologue scenario …`

use crate::args::ScenarioCommand;
use crate::output::{Exit, Failure, print, print_json, table};
use duologue_conversation::counted;
use duologue_conversation::scenario::{
    CastScenario, Casting, CourseStep, LoadError, Opens, Side, load, scenario_names, scenario_text,
};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A small scenario with a comment at each key.
const TEMPLATE: &str = include_str!("scenario_template.yaml");
const SIDES: [Side; 2] = [Side::Support, Side::Customer];

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("{0} exists already\n  help: choose another name, or remove it first")]
    Exists(PathBuf),
    #[error("{path} cannot be written: {why}")]
    Unwritable { path: PathBuf, why: io::Error },
    #[error("{0} names no file\n  help: give a name such as `my-scenario`")]
    NoName(PathBuf),
    #[error(transparent)]
    Unknown(#[from] LoadError),
    #[error("`{0}` is no scenario that comes with Duologue\n  help: `duologue scenario list` shows them")]
    NotBuiltIn(String),
}

pub(crate) fn run(command: &ScenarioCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        ScenarioCommand::List => list(json)?,
        ScenarioCommand::Show { scenario } => show(&load(scenario, &Casting::default())?, json)?,
        ScenarioCommand::New { name, from } => {
            let file = new(name, from.as_deref())?;
            if json {
                print_json(&json!({ "file": std::path::absolute(&file)? }));
            } else {
                print(format!("{0} is written. Try it: duologue converse --scenario {0}", file.display()));
            }
        }
    }
    Ok(Exit::Done)
}

fn list(json: bool) -> Result<(), Failure> {
    let casts =
        scenario_names().map(|id| load(id, &Casting::default())).collect::<Result<Vec<CastScenario>, LoadError>>()?;
    if json {
        let brief = |cast: &CastScenario| {
            let s = cast.scenario();
            let [support, customer] = SIDES.map(|side| cast.persona(side).id.clone());
            json!({ "id": s.id, "title": s.title, "description": s.description, "language": s.language,
                "support": support, "customer": customer, "opens": s.opens, "steps": s.course.len(),
                "tools": s.tools.iter().map(|tool| &tool.name).collect::<Vec<_>>() })
        };
        print_json(&json!({ "scenarios": casts.iter().map(brief).collect::<Vec<_>>() }));
        return Ok(());
    }
    let row = |cast: &CastScenario| {
        let s = cast.scenario();
        let [support, customer] = SIDES.map(|side| cast.persona(side).name.clone());
        let employer = s.support.employer.clone().unwrap_or_default();
        [s.id.clone(), s.title.clone(), employer, support, customer, opener(cast)]
    };
    let rows: Vec<[String; 6]> = casts.iter().map(row).collect();
    print(table(["NAME", "TITLE", "AT", "SUPPORT", "CUSTOMER", "OPENS"], &rows));
    Ok(())
}

fn opener(cast: &CastScenario) -> String {
    match cast.scenario().opens {
        Opens::Support => cast.persona(Side::Support).name.clone(),
        Opens::Customer => cast.persona(Side::Customer).name.clone(),
        Opens::Nobody => "nobody".into(),
        Opens::Both => "both".into(),
    }
}

fn show(cast: &CastScenario, json: bool) -> Result<(), Failure> {
    let s = cast.scenario();
    if json {
        let mut value = serde_json::to_value(cast)?;
        if let Value::Object(map) = &mut value {
            map.insert("id".into(), json!(s.id));
        }
        print_json(&value);
        return Ok(());
    }
    print(format!("{} ({})\n{}\n", s.title, s.id, s.description.trim()));
    for side in SIDES {
        let employer = cast.agent(side).employer.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
        print(format!("{:<9} {}{employer}", side.as_str(), cast.persona(side).name));
    }
    print(format!("{:<9} {}", "opens", opener(cast)));
    let limits = &s.limits;
    let turns = counted(limits.turns, "turn");
    print(format!("{:<9} {turns}, {} s, {} s of silence", "limits", limits.duration_s, limits.silence_s));
    course(cast);
    if !s.tools.is_empty() {
        print("\nTools");
        s.tools.iter().for_each(|tool| print(format!("  {}: {}", tool.name, tool.description.trim())));
    }
    print("\nSuccess");
    s.success.iter().for_each(|criterion| print(format!("  {}", criterion.describe(cast))));
    Ok(())
}

/// The call as its first hints say it.
fn course(cast: &CastScenario) {
    if !cast.has_course() {
        return print("\nNo course: the models run free.");
    }
    print("\nCourse, in one of its ways");
    for side in SIDES {
        if let Some(line) = cast.greeting(side) {
            print(format!("  {}: {line}", cast.persona(side).name));
        }
    }
    for step in &cast.scenario().course {
        if let Some(call) = &step.call {
            print(format!("  [{} {}]", call.tool, Value::Object(call.arguments.clone())));
        }
        print(format!("  {}", line(cast, step)));
    }
}

/// "Anna says: the light is red." as "Anna: the light is red."
fn line(cast: &CastScenario, step: &CourseStep) -> String {
    let name = &cast.persona(step.who).name;
    match step.hint.split_once(": ") {
        Some((before, words)) if before.starts_with(name.as_str()) => format!("{name}: {words}"),
        _ => step.hint.clone(),
    }
}

/// Writes the file and says where; never over one that is there.
fn new(name: &Path, from: Option<&str>) -> Result<PathBuf, NewError> {
    if name.file_stem().is_none_or(|stem| stem.is_empty()) {
        return Err(NewError::NoName(name.to_owned()));
    }
    let is_yaml = name.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let path = if is_yaml { name.to_owned() } else { PathBuf::from(format!("{}.yaml", name.display())) };
    let text = match from {
        None => TEMPLATE,
        Some(id) => match scenario_text(id) {
            // Its first line names a schema beside it, which is not where the copy goes.
            Some(text) => text.split_once('\n').map_or(text, |(_, rest)| rest),
            None => {
                load(id, &Casting::default())?;
                return Err(NewError::NotBuiltIn(id.to_owned()));
            }
        },
    };
    let refused = |why: io::Error| match why.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(path.clone()),
        _ => NewError::Unwritable { path: path.clone(), why },
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(refused)?;
    file.write_all(text.as_bytes()).map_err(refused)?;
    Ok(path)
}
