use super::{SecurityRequirement, SecurityScheme, Struct};
use crate::wire::proto;
use std::collections::BTreeMap;

proto! {
    /// What an agent says of itself.
    pub struct AgentCard {
        /// Name for people.
        required name: String,
        /// What it is for.
        required description: String,
        /// Where it is served and how, the preferred first.
        required supported_interfaces: Vec<AgentInterface>,
        /// Who provides it.
        optional provider: AgentProvider,
        /// Version of the agent.
        required version: String,
        /// Where more is written about it.
        optional documentation_url: String,
        /// Which optional parts of the protocol it supports.
        required capabilities: AgentCapabilities,
        /// Ways to authenticate, by name.
        implicit security_schemes: BTreeMap<String, SecurityScheme>,
        /// Any one of these is enough to use it.
        implicit security_requirements: Vec<SecurityRequirement>,
        /// Media types that it takes.
        required default_input_modes: Vec<String>,
        /// Media types that it gives.
        required default_output_modes: Vec<String>,
        /// What it can do.
        required skills: Vec<AgentSkill>,
        /// Signatures over the card without them.
        implicit signatures: Vec<AgentCardSignature>,
        /// A picture of it.
        optional icon_url: String,
    }
}

proto! {
    /// One place where an agent is served.
    pub struct AgentInterface {
        /// The address.
        required url: String,
        /// `JSONRPC`, `HTTP+JSON`, `GRPC`, or the URI of another.
        required protocol_binding: String,
        /// What requests must carry as their tenant.
        implicit tenant: String,
        /// `1.0`, `0.3`.
        required protocol_version: String,
    }
}

proto! {
    /// Who provides an agent.
    pub struct AgentProvider {
        /// Where to read about them.
        required url: String,
        /// Name of the organisation.
        required organization: String,
    }
}

proto! {
    /// Which optional parts of the protocol an agent supports.
    pub struct AgentCapabilities {
        /// Streams.
        optional streaming: bool,
        /// Push notifications.
        optional push_notifications: bool,
        /// Extensions.
        implicit extensions: Vec<AgentExtension>,
        /// Another card for those who are authenticated.
        optional extended_agent_card: bool,
    }
}

proto! {
    /// An extension of the protocol that an agent supports.
    pub struct AgentExtension {
        /// Which.
        implicit uri: String,
        /// What the agent uses it for.
        implicit description: String,
        /// Clients must declare it too.
        implicit required: bool,
        /// What the extension wants to know.
        optional params: Struct,
    }
}

proto! {
    /// Something that an agent can do.
    pub struct AgentSkill {
        /// Unique in the card.
        required id: String,
        /// For people.
        required name: String,
        /// What it does.
        required description: String,
        /// Keywords.
        required tags: Vec<String>,
        /// What to ask for, for example.
        implicit examples: Vec<String>,
        /// Media types that it takes, where not the agent's.
        implicit input_modes: Vec<String>,
        /// Media types that it gives, where not the agent's.
        implicit output_modes: Vec<String>,
        /// Any one of these is enough to use it.
        implicit security_requirements: Vec<SecurityRequirement>,
    }
}

proto! {
    /// A signature of a card (RFC 7515, the payload left out).
    pub struct AgentCardSignature {
        /// The protected header: base64url of a JSON object.
        required protected: String,
        /// The signature: base64url.
        required signature: String,
        /// The header that is not protected.
        optional header: Struct,
    }
}
