//! What the language model of a talking agent may call: its own capabilities, functions, other agents, and servers of tools.

use super::{VoiceError, Words};
use crate::capability::Capability;
use crate::config::Voice;
use crate::context::Context;
use crate::doings::Doings;
use crate::error::CapabilityError;
use crate::skills::Skills;
use crate::spoken::Spoken;
use duologue_a2a::error::Violation;
use duologue_agents::open_tools;
use duologue_providers::Settings;
use duologue_tools::{BadTool, McpServer, Tool, ToolError, Toolbox};

pub(super) async fn of(
    (voice, words): (&Voice, &Words),
    skills: &Skills,
    (doings, settings): (&Doings, &Settings),
) -> Result<Toolbox, VoiceError> {
    let mut tools = words.tools.clone();
    if voice.capabilities {
        for capability in &skills.capabilities {
            tools.push(own(capability, skills, doings)?);
        }
    }
    for name in &voice.experts {
        let found = doings.calls.tools_of(name).await;
        tools.extend(found.map_err(|error| VoiceError::Expert { name: name.clone(), error: Box::new(error) })?);
    }
    let servers: Vec<McpServer> = voice.tools.iter().map(|source| source.mcp.clone()).collect();
    Ok(open_tools(tools, &servers, settings).await?)
}

/// A capability of this agent's own. No policy is asked: nobody else calls.
fn own(capability: &Capability, skills: &Skills, doings: &Doings) -> Result<Tool, BadTool> {
    let (name, description, schema) = (capability.name(), capability.description(), capability.schema().clone());
    let (capability, agent, doings) = (capability.clone(), skills.name.clone(), doings.clone());
    Tool::with_schema(name, description, schema, move |params, context| {
        let (capability, agent, doings) = (capability.clone(), agent.clone(), doings.clone());
        Box::pin(async move {
            let spoken = Spoken::new(context, &doings.agent);
            let mut seen = doings.begin_spoken(&agent, capability.name(), &spoken);
            let traceparent = seen.traceparent().to_owned();
            let answered = capability.call(params, Context::spoken(&spoken, &doings, &traceparent)).await;
            seen.ended(answered.as_ref().map_or_else(CapabilityError::kind, |_| "ok"));
            answered.map_err(for_the_model)
        })
    })
}

/// What may be said is; of anything else the model learns that it failed, and the log why.
fn for_the_model(error: CapabilityError) -> ToolError {
    match error {
        CapabilityError::Invalid(places) => {
            let place = |place: Violation| format!("{}: {}", place.field, place.description);
            ToolError::Refused(places.into_iter().map(place).collect::<Vec<_>>().join("; "))
        }
        CapabilityError::Refused(words) => ToolError::Refused(words),
        CapabilityError::Failed(words) => ToolError::Failed(words),
        CapabilityError::Internal(error) => ToolError::Internal(error),
    }
}
