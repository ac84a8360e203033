//! `duologue agents`: whom an agent's file knows, and whether they answer.

use super::args::AgentsArgs;
use super::identity;
use crate::output::{self, Exit, Failure, plain};
use duologue::Config;
use duologue::config::AgentEntry;
use duologue_a2a::model::AgentCard;
use duologue_gateway::outbound::{Fetched, Identity, Options};
use duologue_identity::{Authorizer, Dialler};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// One agent of the registry, and its card, or why there is none.
struct Asked<'a> {
    name: &'a str,
    entry: &'a AgentEntry,
    card: Result<AgentCard, Failure>,
}

pub(crate) async fn run(args: &AgentsArgs, home: &Path, json: bool) -> Result<Exit, Failure> {
    let registry = Config::load(&args.config)?.agent_registry;
    let timeout = Duration::from_secs_f64(args.timeout);
    let is_proven = registry.values().any(|entry| entry.address.starts_with("https:"));
    let dialler = if is_proven { Some(identity::dialler(home).await?) } else { None };
    let asked = futures::future::join_all(
        registry
            .iter()
            .map(|(name, entry)| async { Asked { name, entry, card: card(entry, dialler.clone(), timeout).await } }),
    )
    .await;
    if json {
        output::print_json(&Value::from(asked.iter().map(as_json).collect::<Vec<_>>()));
    } else {
        show(&asked);
    }
    Ok(if asked.iter().all(|one| one.card.is_ok()) { Exit::Done } else { Exit::Failed })
}

async fn card(entry: &AgentEntry, dialler: Option<Dialler>, timeout: Duration) -> Result<AgentCard, Failure> {
    let identity = match dialler.filter(|_| entry.address.starts_with("https:")) {
        Some(dialler) => Some(Identity::new(dialler, Authorizer::exactly([entry.spiffe_id.parse()?]))),
        None => None,
    };
    let options = Options { identity, timeout, connect_timeout: timeout, ..Options::default() };
    Ok(Fetched::at(&entry.address, &options).await?.card)
}

fn as_json(one: &Asked<'_>) -> Value {
    let Asked { name, entry, card } = one;
    let skills = card.as_ref().ok().map(|card| card.skills.iter().map(|skill| skill.id.as_str()).collect::<Vec<_>>());
    json!({
        "name": name, "spiffe_id": entry.spiffe_id, "address": entry.address,
        "answers": card.is_ok(), "skills": skills, "error": card.as_ref().err().map(ToString::to_string),
    })
}

fn show(asked: &[Asked<'_>]) {
    if asked.is_empty() {
        output::note("This file knows no agents: name them in `agent_registry`");
        return;
    }
    let rows: Vec<[String; 4]> = asked
        .iter()
        .map(|one| {
            let told = match &one.card {
                Ok(card) => super::skills(card),
                Err(error) => format!("no answer: {error}"),
            };
            [one.name, &one.entry.spiffe_id, &one.entry.address, &told].map(plain)
        })
        .collect();
    output::print(output::table(["NAME", "SPIFFE ID", "ADDRESS", "SKILLS"], &rows));
}
