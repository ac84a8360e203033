//! `duologue persona …`

use crate::args::PersonaCommand;
use crate::output::{Exit, Failure, print, print_json, table};
use duologue_conversation::scenario::{LoadError, Patience, Persona, Side, load_persona, persona_names};
use serde_json::{Value, json};

pub(crate) fn run(command: &PersonaCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        PersonaCommand::List => list(json)?,
        PersonaCommand::Show { persona } => show(&load_persona(persona)?, json)?,
    }
    Ok(Exit::Done)
}

fn list(json: bool) -> Result<(), Failure> {
    let personas = persona_names().map(load_persona).collect::<Result<Vec<Persona>, LoadError>>()?;
    if json {
        let personas = personas.iter().map(as_json).collect::<Result<Vec<Value>, _>>()?;
        print_json(&json!({ "personas": personas }));
        return Ok(());
    }
    let row = |p: &Persona| {
        let role = p.role.clone().unwrap_or_default();
        [p.id.clone(), usual_side(p).into(), role, mood(p).into(), patience(p).into(), p.way_of_speaking.clone()]
    };
    let rows: Vec<[String; 6]> = personas.iter().map(row).collect();
    print(table(["NAME", "SIDE", "WHO", "MOOD", "PATIENCE", "SPEAKS"], &rows));
    Ok(())
}

fn show(persona: &Persona, json: bool) -> Result<(), Failure> {
    if json {
        print_json(&as_json(persona)?);
        return Ok(());
    }
    let role = persona.role.as_ref().map(|role| format!(", {role}")).unwrap_or_default();
    print(format!("{}{role}\n{}\n", persona.name, persona.background.trim()));
    let voices: Vec<String> = persona.voice.iter().map(|(provider, voice)| format!("{provider} {voice}")).collect();
    let mut rows: Vec<[String; 2]> = vec![
        ["side".into(), usual_side(persona).into()],
        ["mood".into(), mood(persona).into()],
        ["patience".into(), patience(persona).into()],
        ["speaks".into(), format!("{}, at {} of the voice's own pace", persona.way_of_speaking, persona.speed)],
        ["voice".into(), voices.join(", ")],
        ["goal".into(), persona.goal.clone().unwrap_or_default()],
    ];
    rows.extend(persona.facts.iter().map(|(name, fact)| [format!("fact {name}"), fact.clone()]));
    rows.retain(|[_, value]| !value.is_empty());
    print(table(["WHAT", "IS"], &rows));
    Ok(())
}

/// The keys of the file, and its name.
fn as_json(persona: &Persona) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(persona)?;
    if let Value::Object(map) = &mut value {
        map.insert("id".into(), json!(persona.id));
    }
    Ok(value)
}

fn usual_side(persona: &Persona) -> &'static str {
    persona.side.map_or("either", Side::as_str)
}

fn mood(persona: &Persona) -> &str {
    persona.mood.as_deref().unwrap_or_default()
}

fn patience(persona: &Persona) -> &'static str {
    match persona.patience {
        Patience::Low => "low",
        Patience::Normal => "normal",
        Patience::High => "high",
    }
}
