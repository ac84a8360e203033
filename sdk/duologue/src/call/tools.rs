//! Other agents as tools of a language model: [`Calls::tools_of`].

use super::{CallError, Calls, Target};
use duologue_a2a::model::{AgentCard, AgentSkill};
use duologue_gateway::extension::CAPABILITY;
use duologue_tools::{BadTool, Tool, ToolError};
use serde_json::{Value, json};

impl Calls {
    /// The skills of another agent as tools for a language model, by its name in the registry: each is called `NAME_SKILL`. One that
    /// does not say which parameters its skills take, as most agents made otherwise, is one tool `ask_NAME` that sends it words.
    ///
    /// # Errors
    /// [`CallError`]: it is not there, or it is somebody else.
    pub async fn tools_of(&self, name: &str) -> Result<Vec<Tool>, CallError> {
        let card = self.card(Target::Known(name)).await?;
        let schemas = schemas(&card);
        let refused = |bad: BadTool| CallError::Invalid(bad.to_string());
        if schemas.is_empty() {
            return Ok(vec![self.asking(name, &card).map_err(refused)?]);
        }
        let known = card.skills.iter().filter_map(|skill| Some((skill, schemas.get(&skill.id)?)));
        known.map(|(skill, schema)| self.skill_tool(name, skill, schema).map_err(refused)).collect()
    }

    fn skill_tool(&self, name: &str, skill: &AgentSkill, schema: &Value) -> Result<Tool, BadTool> {
        let (calls, agent, capability) = (self.clone(), name.to_owned(), skill.id.clone());
        Tool::with_schema(
            plain(&format!("{name}_{capability}")),
            &skill.description,
            schema.clone(),
            move |params, context| {
                let (calls, agent, capability) = (calls.clone(), agent.clone(), capability.clone());
                Box::pin(async move {
                    let call =
                        calls.call::<_, Value>(agent.as_str(), &capability, &params).timeout(context.remaining());
                    call.await.map_err(of_call)
                })
            },
        )
    }

    fn asking(&self, name: &str, card: &AgentCard) -> Result<Tool, BadTool> {
        let (calls, agent) = (self.clone(), name.to_owned());
        let skills = card.skills.iter().map(|skill| format!("{}: {}", skill.name, skill.description));
        let lines: Vec<String> = [card.description.clone()].into_iter().chain(skills).collect();
        let description: String = lines.join("\n").chars().take(4_000).collect();
        let schema = json!({ "type": "object", "additionalProperties": false, "required": ["message"],
            "properties": { "message": { "type": "string", "description": "What to say to it, in full sentences" } } });
        Tool::with_schema(plain(&format!("ask_{name}")), description, schema, move |params, context| {
            let (calls, agent) = (calls.clone(), agent.clone());
            Box::pin(async move {
                let words = params["message"].as_str().unwrap_or_default();
                calls.ask(agent.as_str(), words).timeout(context.remaining()).await.map(Value::from).map_err(of_call)
            })
        })
    }
}

/// JSON Schemas by skill, where the card says which.
fn schemas(card: &AgentCard) -> serde_json::Map<String, Value> {
    let extension = card.capabilities.extensions.iter().find(|extension| extension.uri == CAPABILITY);
    let params = extension.and_then(|extension| extension.params.as_ref());
    params.and_then(|params| params.get("parameters")?.as_object().cloned()).unwrap_or_default()
}

/// As tools may be called.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).take(64).collect()
}

/// Others' words reach the model only as what they are: an answer that was refused.
fn of_call(error: CallError) -> ToolError {
    ToolError::refused(error.to_string())
}
