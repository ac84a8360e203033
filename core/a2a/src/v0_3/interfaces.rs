//! Where an agent is served: in 0.3 one address stands in the card itself and the rest beside it.

use super::object::{Fault, Object, Writer};
use crate::model::{AgentCard, AgentInterface};
use crate::version::Dialect;
use serde_json::Value;

const JSONRPC: &str = "JSONRPC";

pub(super) fn read(card: &mut Object) -> Result<Vec<AgentInterface>, Fault> {
    let version = card.optional_text("protocolVersion")?.unwrap_or_else(|| "0.3".to_owned());
    let interface = |url, protocol_binding, protocol_version| AgentInterface {
        url,
        protocol_binding,
        protocol_version,
        tenant: String::new(),
    };
    let preferred = card.optional_text("preferredTransport")?.filter(|transport| !transport.is_empty());
    let preferred = preferred.unwrap_or_else(|| JSONRPC.to_owned());
    let mut all = vec![interface(card.text("url")?, preferred, version.clone())];
    let others = card.many("additionalInterfaces", |value| {
        let mut object = Object::of(value)?;
        Ok(interface(object.text("url")?, object.text("transport")?, version.clone()))
    })?;
    // Servers repeat the preferred one among the others, as 0.3 advises.
    for other in others {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    Ok(all)
}

/// The members of the card, or nothing where no interface is of 0.3.
pub(super) fn write(card: &AgentCard, writer: Writer) -> Option<Writer> {
    let is_old = |interface: &&AgentInterface| Dialect::of(&interface.protocol_version) == Some(Dialect::V0_3);
    let mut interfaces = card.supported_interfaces.iter().filter(is_old);
    let preferred = interfaces.next()?;
    let others: Vec<Value> = interfaces
        .map(|interface| {
            Writer::default()
                .put("url", interface.url.as_str())
                .put("transport", interface.protocol_binding.as_str())
                .done()
        })
        .collect();
    let writer = writer
        .put("protocolVersion", preferred.protocol_version.as_str())
        .put("url", preferred.url.as_str())
        .put("preferredTransport", preferred.protocol_binding.as_str())
        .put_if(!others.is_empty(), "additionalInterfaces", others);
    Some(writer)
}
