//! Agents of A2A that an agent's file names as experts: their skills as tools of its language model.

use crate::a2a;
use crate::output::Failure;
use duologue::Calls;
use duologue::config::AgentEntry;
use duologue_agents::AgentFile;
use duologue_providers::Settings;
use duologue_tools::Tool;
use std::collections::BTreeMap;

/// Reaches for them, with the identity of whoever runs this.
pub(crate) async fn tools(file: &AgentFile, settings: &Settings) -> Result<Vec<Tool>, Failure> {
    if file.experts.is_empty() {
        return Ok(Vec::new());
    }
    let proven = file.experts.values().any(|expert| expert.spiffe_id.is_some());
    let dialler = if proven { Some(a2a::dialler(&settings.home()).await?) } else { None };
    let known = file.experts.iter().map(|(name, expert)| {
        let spiffe_id = expert.spiffe_id.clone().unwrap_or_default();
        (name.clone(), AgentEntry { spiffe_id, address: expert.address.clone() })
    });
    let calls = Calls::of(known.collect::<BTreeMap<_, _>>(), dialler);
    let mut tools = Vec::new();
    for name in file.experts.keys() {
        let found = calls.tools_of(name).await;
        tools.extend(found.map_err(|error| format!("the expert {name} is not there: {error}"))?);
    }
    Ok(tools)
}
