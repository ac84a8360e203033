//! Turns the crate's errors into ours. Theirs quote whole answers, which are people's words.

use super::service::{Api, Service};
use crate::http::{Call, Fault, ServerError};
use crate::{ModelError, ModelErrorKind};
use genai::webc::StreamTimeout;
use genai::{BoxError, Error};
use serde_json::Value;
use std::time::Duration;

/// What an error in place of an event means.
pub(super) enum Trouble {
    Failed(Box<ModelError>),
    /// An event without a candidate: no fault of anybody.
    Nothing,
}

/// `blocked`: why Gemini refused the prompt, where it did.
pub(super) fn of(error: Error, service: &Service, call: &Call, blocked: Option<&str>) -> Trouble {
    let failures = service.transport.failures(call);
    let told = match error {
        Error::HttpError { status, headers, body, .. } => {
            let error = failures.refused(status, &headers, body.as_bytes());
            gemini_refusal(error, &body, (service, call))
        }
        Error::WebStream { error, .. } => match error.downcast::<Error>() {
            Ok(error) => return of(*error, service, call, blocked),
            Err(error) => transport(error, service, call),
        },
        Error::ChatResponse { body, .. } => match (blocked, body.get("error")) {
            (Some(why), _) => {
                ModelError { message: format!("{} ({})", failures.filtered().message, why), ..failures.filtered() }
            }
            (None, Some(_)) => failures.fault(Fault::Refused(ServerError::from_json(&body))),
            (None, None) if service.api == Api::Gemini => return Trouble::Nothing,
            (None, None) => failures.fault(Fault::Refused(ServerError::from_json(&body))),
        },
        Error::StreamParse { serde_error, .. } => {
            failures.malformed(format!("an event of the stream is no JSON (column {})", serde_error.column()))
        }
        Error::JsonValueExt(_) | Error::SerdeJson(_) | Error::InvalidJsonResponseElement { .. } => {
            failures.malformed("an event of the stream is JSON of another shape")
        }
        _ => ModelError {
            kind: ModelErrorKind::Rejected,
            help: "change the model or the request".into(),
            ..failures.malformed("the request can't be put into the words of this provider")
        },
    };
    Trouble::Failed(Box::new(told))
}

fn transport(error: BoxError, service: &Service, call: &Call) -> ModelError {
    let failures = service.transport.failures(call);
    match error.downcast::<StreamTimeout>() {
        Ok(_) => failures.stalled(service.transport.endpoint().timeouts.stall),
        Err(error) => match error.downcast::<reqwest::Error>() {
            Ok(error) => failures.unreachable(&error),
            Err(_) => failures.malformed("the answer is no text"),
        },
    }
}

/// What Gemini says in the body only: that a key is bad (status 400), and how long to wait.
fn gemini_refusal(mut error: ModelError, body: &str, (service, call): (&Service, &Call)) -> ModelError {
    let Ok(value) = serde_json::from_str::<Value>(body) else { return error };
    let details = value["error"]["details"].as_array().map_or(&[][..], Vec::as_slice);
    if details.iter().any(|d| d["reason"] == "API_KEY_INVALID") {
        let variable = &service.transport.endpoint().key_variable;
        error.kind = ModelErrorKind::Unauthorized;
        error.message = format!("the server refused the API key from {variable}");
        error.help = format!("set {variable} to a valid key of this server");
    }
    if error.kind == (ModelErrorKind::RateLimited { retry_after: None })
        && let Some(wait) = details.iter().find_map(retry_delay)
    {
        let said = error.message.trim_start_matches(&format!("{}: ", service.transport.endpoint().shown(&call.path)));
        return service.transport.failures(call).rate_limited(said.to_string(), Some(wait));
    }
    error
}

/// `retryDelay` of `google.rpc.RetryInfo`: seconds with an `s` behind them.
pub(super) fn retry_delay(detail: &Value) -> Option<Duration> {
    let seconds = detail["retryDelay"].as_str()?.strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
