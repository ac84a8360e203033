//! The fifth stage: the agent that a call is for, and whether it has what the call needs.

use super::Gateway;
use super::accept::Exchange;
use super::authorize::Permit;
use super::decode::{EXTENSIONS, EXTENSIONS_0_3};
use duologue_a2a::call::Call;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::extensions;
use duologue_a2a::model::Message;

pub(super) fn route(gateway: &Gateway, exchange: &mut Exchange, permit: Permit) -> Result<Permit, A2aError> {
    let card = gateway.card();
    let call = &permit.decoded.call;
    call.check_supported(&card.capabilities)?;
    let declared = exchange.text(&EXTENSIONS).or_else(|| exchange.text(&EXTENSIONS_0_3)).unwrap_or_default();
    let agreed = extensions::agree(card, &extensions::read(declared))?.join(", ");
    exchange.extensions = agreed;
    if let Call::SendMessage(request) | Call::SendStreamingMessage(request) = call {
        check_modes(&request.message, &card.default_input_modes)?;
        if let Some(config) = request.configuration.as_ref().and_then(|c| c.task_push_notification_config.as_ref()) {
            gateway.check_webhook(config)?;
        }
    }
    Ok(permit)
}

/// Parts say their media type if they like; what the agent does not take is refused before it sees it.
fn check_modes(message: &Message, taken: &[String]) -> Result<(), A2aError> {
    let is_taken = |media_type: &str| {
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        taken.is_empty() || taken.iter().any(|mode| matches(mode, media_type))
    };
    match message.parts.iter().find(|part| !part.media_type.is_empty() && !is_taken(&part.media_type)) {
        None => Ok(()),
        Some(part) => {
            let said: String = part.media_type.chars().filter(|c| !c.is_control()).take(64).collect();
            let message = format!("This agent does not take {said}: it takes {}", taken.join(", "));
            Err(A2aError::new(ErrorKind::ContentTypeNotSupported, message))
        }
    }
}

/// `text/*` and `*/*` stand for all that begins so.
fn matches(mode: &str, media_type: &str) -> bool {
    match mode.strip_suffix('*') {
        Some("*/") => true,
        Some(prefix) => media_type.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
        None => mode.eq_ignore_ascii_case(media_type),
    }
}
