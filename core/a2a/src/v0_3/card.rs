//! The card.

use super::object::{Fault, Object, Writer};
use super::security::{read_requirement, read_scheme, write_requirement, write_scheme};
use super::{Form, interfaces};
use crate::model::{AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentProvider, AgentSkill};
use serde_json::{Map, Value, json};

/// Reads a card of 0.3.
///
/// # Errors
/// [`Fault`]: where it is none.
pub fn read_card(value: Value) -> Result<AgentCard, Fault> {
    let mut object = Object::of(value)?;
    let mut capabilities = object.one("capabilities", read_capabilities)?.unwrap_or_default();
    capabilities.extended_agent_card = object.flag("supportsAuthenticatedExtendedCard")?;
    Ok(AgentCard {
        name: object.text("name")?,
        description: object.text("description")?,
        supported_interfaces: interfaces::read(&mut object)?,
        provider: object.one("provider", read_provider)?,
        version: object.text("version")?,
        documentation_url: object.optional_text("documentationUrl")?,
        capabilities,
        security_schemes: object.map("securitySchemes", read_scheme)?,
        security_requirements: object.many("security", read_requirement)?,
        default_input_modes: object.texts("defaultInputModes")?,
        default_output_modes: object.texts("defaultOutputModes")?,
        skills: object.many("skills", read_skill)?,
        signatures: object.many("signatures", read_signature)?,
        icon_url: object.optional_text("iconUrl")?,
    })
}

/// The card for clients of 0.3, or nothing where none of its interfaces is of 0.3. Signatures are left out: they are over
/// the card of 1.0.
pub fn write_card(card: &AgentCard, form: Form) -> Option<Value> {
    let capabilities = &card.capabilities;
    let schemes: Map<String, Value> =
        card.security_schemes.iter().map(|(name, scheme)| (name.clone(), write_scheme(scheme, form))).collect();
    let provider = card.provider.as_ref();
    let writer = Writer::default()
        .put("name", card.name.as_str())
        .put("description", card.description.as_str())
        .put("version", card.version.as_str());
    let writer = interfaces::write(card, writer)?
        .optional("provider", provider.map(|of| json!({ "organization": of.organization, "url": of.url })))
        .optional("documentationUrl", card.documentation_url.clone())
        .put("capabilities", write_capabilities(capabilities))
        .put_if(!schemes.is_empty(), "securitySchemes", schemes)
        .many("security", &card.security_requirements, |requirement| write_requirement(requirement, form))
        .put("defaultInputModes", card.default_input_modes.as_slice())
        .put("defaultOutputModes", card.default_output_modes.as_slice())
        .put("skills", card.skills.iter().map(|skill| write_skill(skill, form)).collect::<Vec<_>>())
        .optional("supportsAuthenticatedExtendedCard", capabilities.extended_agent_card)
        .optional("iconUrl", card.icon_url.clone());
    Some(writer.done())
}

/// One card for clients of both versions, who ask for it before they know which they speak: that of 1.0, signatures
/// included, with what only 0.3 has beside it. Readers of 1.0 pass over unknown members, so the signatures hold.
pub fn combined_card(card: &AgentCard) -> Value {
    let mut combined = serde_json::to_value(card).unwrap_or_default();
    if let Some(old) = write_card(card, Form::Schema) {
        add(&mut combined, old);
    }
    combined
}

/// Adds what is missing, however deep; lists of the same things stand in the same order.
fn add(to: &mut Value, from: Value) {
    match (to, from) {
        (Value::Object(to), Value::Object(from)) => {
            for (name, value) in from {
                match to.get_mut(&name) {
                    Some(present) => add(present, value),
                    None => {
                        to.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(to), Value::Array(from)) => to.iter_mut().zip(from).for_each(|(to, from)| add(to, from)),
        _ => {}
    }
}

fn read_capabilities(value: Value) -> Result<AgentCapabilities, Fault> {
    let mut object = Object::of(value)?;
    Ok(AgentCapabilities {
        streaming: object.flag("streaming")?,
        push_notifications: object.flag("pushNotifications")?,
        extensions: object.many("extensions", read_extension)?,
        extended_agent_card: None,
    })
}

fn write_capabilities(capabilities: &AgentCapabilities) -> Value {
    Writer::default()
        .optional("streaming", capabilities.streaming)
        .optional("pushNotifications", capabilities.push_notifications)
        .many("extensions", &capabilities.extensions, |extension| {
            Writer::default()
                .put("uri", extension.uri.as_str())
                .text("description", &extension.description)
                .put_if(extension.required, "required", true)
                .optional("params", extension.params.clone())
                .done()
        })
        .done()
}

fn read_extension(value: Value) -> Result<AgentExtension, Fault> {
    let mut object = Object::of(value)?;
    Ok(AgentExtension {
        uri: object.text("uri")?,
        description: object.text("description")?,
        required: object.flag("required")?.unwrap_or_default(),
        params: object.structure("params")?,
    })
}

fn read_provider(value: Value) -> Result<AgentProvider, Fault> {
    let mut object = Object::of(value)?;
    Ok(AgentProvider { url: object.text("url")?, organization: object.text("organization")? })
}

fn read_skill(value: Value) -> Result<AgentSkill, Fault> {
    let mut object = Object::of(value)?;
    Ok(AgentSkill {
        id: object.text("id")?,
        name: object.text("name")?,
        description: object.text("description")?,
        tags: object.texts("tags")?,
        examples: object.texts("examples")?,
        input_modes: object.texts("inputModes")?,
        output_modes: object.texts("outputModes")?,
        security_requirements: object.many("security", read_requirement)?,
    })
}

fn write_skill(skill: &AgentSkill, form: Form) -> Value {
    Writer::default()
        .put("id", skill.id.as_str())
        .put("name", skill.name.as_str())
        .put("description", skill.description.as_str())
        .put("tags", skill.tags.as_slice())
        .texts("examples", &skill.examples)
        .texts("inputModes", &skill.input_modes)
        .texts("outputModes", &skill.output_modes)
        .many("security", &skill.security_requirements, |requirement| write_requirement(requirement, form))
        .done()
}

fn read_signature(value: Value) -> Result<AgentCardSignature, Fault> {
    let mut object = Object::of(value)?;
    Ok(AgentCardSignature {
        protected: object.text("protected")?,
        signature: object.text("signature")?,
        header: object.structure("header")?,
    })
}
