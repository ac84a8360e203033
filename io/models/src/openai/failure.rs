//! The one place that turns trouble with a server into a [`ModelError`].

use super::endpoint::Endpoint;
use crate::{ModelError, ModelErrorKind};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::error::Error;
use std::time::{Duration, SystemTime};

/// Longest message of a server that is passed on, in characters.
const MESSAGE_MAX: usize = 300;

/// What a call was doing, for its errors: the server and the path.
#[derive(Clone, Copy)]
pub(super) struct Failures<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) call: &'a str,
}

impl Failures<'_> {
    fn error(&self, kind: ModelErrorKind, what: impl AsRef<str>, help: impl Into<String>) -> ModelError {
        let what = self.endpoint.scrub(what.as_ref());
        ModelError {
            provider: self.endpoint.name.clone(),
            kind,
            message: format!("{}: {what}", self.endpoint.shown(self.call)),
            help: help.into(),
        }
    }

    /// Nothing came back: no connection, or one that broke before or within the answer.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> ModelError {
        let (what, help) = match (error.is_connect(), error.is_timeout()) {
            (true, true) => (
                format!("no connection within {:?}", self.endpoint.timeouts.connect),
                "check the base URL and the network",
            ),
            (true, false) => {
                (format!("no connection: {}", innermost(error)), "check that the server runs, and the base URL")
            }
            _ => (format!("the connection broke off: {}", innermost(error)), "try again; check the network"),
        };
        self.error(ModelErrorKind::Unavailable, what, help)
    }

    /// The answer ended before it was complete.
    pub(super) fn cut_off(&self) -> ModelError {
        self.error(ModelErrorKind::Unavailable, "the answer ended in the middle", "try again; see the server's log")
    }

    /// The answer had begun, and then nothing came any more: a connection that is half open, or a server that hangs.
    pub(super) fn stalled(&self, waited: Duration) -> ModelError {
        let what = format!("the answer stopped in the middle: nothing for {waited:?}");
        self.error(ModelErrorKind::Unavailable, what, "try again; see the server's log")
    }

    /// Nothing came for too long; `part` says what was waited for.
    pub(super) fn timed_out(&self, part: &str, waited: Duration) -> ModelError {
        self.error(
            ModelErrorKind::TimedOut,
            format!("no {part} within {waited:?}"),
            "the server is overloaded or hangs; try a smaller model or a longer timeout",
        )
    }

    /// The answer does not fit the documented format.
    pub(super) fn malformed(&self, what: impl AsRef<str>) -> ModelError {
        self.error(
            ModelErrorKind::Malformed,
            shortened(what.as_ref()),
            "check that the base URL is that of an OpenAI-compatible server",
        )
    }

    /// An answer with another status than success.
    pub(super) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ModelError {
        let said = ServerError::parse(body);
        let variable = &self.endpoint.key_variable;
        match status.as_u16() {
            // OpenAI repeats parts of the key in this message, so it stays out.
            401 => self.error(
                ModelErrorKind::Unauthorized,
                format!("the server refused the API key (status 401) from {variable}"),
                format!("set {variable} to a valid key of this server"),
            ),
            403 => self.error(
                ModelErrorKind::Unauthorized,
                said.describe(status),
                format!("check what the key in {variable} is allowed to do"),
            ),
            429 if said.out_of_quota() => self.error(
                ModelErrorKind::Rejected,
                said.describe(status),
                "waiting does not help: check the account's plan and billing",
            ),
            429 => self.error(
                ModelErrorKind::RateLimited { retry_after: retry_after(headers, SystemTime::now()) },
                said.describe(status),
                "wait, or run fewer conversations at once",
            ),
            404 => self.error(
                ModelErrorKind::Configuration,
                said.describe(status),
                "check the name of the model, and that the base URL ends where the protocol does (often in /v1)",
            ),
            300..=399 => self.error(
                ModelErrorKind::Configuration,
                format!("the server sends elsewhere (status {}), which is not followed", status.as_u16()),
                "set the base URL to the final address",
            ),
            408 | 500..=599 => self.error(
                ModelErrorKind::Unavailable,
                said.describe(status),
                "try again later; see the server's status",
            ),
            _ => self.error(ModelErrorKind::Rejected, said.describe(status), "change the request as the message says"),
        }
    }

    /// The provider's guard stopped a reply.
    pub(super) fn filtered(&self) -> ModelError {
        self.error(
            ModelErrorKind::Rejected,
            "the provider's content filter stopped the reply",
            "see which words of the persona or the scenario it may have meant",
        )
    }

    /// An error that came in the middle of a stream that had begun well.
    pub(super) fn refused_midway(&self, said: &ServerError) -> ModelError {
        let (kind, help) = match said.kind_midway() {
            kind @ ModelErrorKind::Rejected => (kind, "change the request as the message says"),
            kind => (kind, "try again later"),
        };
        self.error(kind, format!("the server broke off: {}", said.text()), help)
    }
}

/// What a server says of its trouble: `{"error": {"message", "type", "code"}}`, and the dialects of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ServerError {
    message: String,
    /// `type` and `code`, joined.
    class: String,
}

impl ServerError {
    pub(super) fn parse(body: &[u8]) -> ServerError {
        serde_json::from_slice::<Value>(body).map(|v| ServerError::from_json(&v)).unwrap_or_default()
    }

    /// Reads the error out of an answer, or out of the `error` in it.
    pub(super) fn from_json(value: &Value) -> ServerError {
        let error = value.get("error").filter(|e| !e.is_null()).unwrap_or(value);
        let texts = [error.get("message"), error.get("detail"), Some(error)];
        let message = texts.into_iter().flatten().find_map(Value::as_str).unwrap_or_default();
        let class = ["type", "code"].map(|k| match error.get(k) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        });
        ServerError { message: shortened(message), class: class.join(" ") }
    }

    fn text(&self) -> &str {
        if self.message.is_empty() { "it does not say why" } else { &self.message }
    }

    fn describe(&self, status: StatusCode) -> String {
        format!("{} (status {})", self.text(), status.as_u16())
    }

    /// OpenAI answers 429 for an empty account as well, where waiting is no use.
    fn out_of_quota(&self) -> bool {
        self.class.contains("insufficient_quota")
    }

    fn kind_midway(&self) -> ModelErrorKind {
        let class = self.class.to_lowercase();
        let is = |words: &[&str]| words.iter().any(|w| class.contains(w));
        if is(&["rate_limit", "429"]) {
            ModelErrorKind::RateLimited { retry_after: None }
        } else if is(&["server", "overloaded", "internal", "timeout", "unavailable", "500", "502", "503", "504"]) {
            ModelErrorKind::Unavailable
        } else {
            ModelErrorKind::Rejected
        }
    }
}

/// How long the server asks to wait: OpenAI's `retry-after-ms`, else `Retry-After` in seconds or as a date (RFC 9110
/// §10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let seconds = |t: &str| t.parse::<f64>().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    if let Some(wait) = text("retry-after-ms").and_then(seconds) {
        return Some(wait / 1000);
    }
    let after = text("retry-after")?;
    seconds(after)
        .or_else(|| httpdate::parse_http_date(after).ok().map(|at| at.duration_since(now).unwrap_or_default()))
}

/// One line, of bounded length: a server's text ends up on a terminal.
fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_MAX + 1).collect();
    match line.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim().to_string(),
    }
}

/// The reason at the bottom ("Connection refused"), which the outer errors only wrap.
fn innermost(error: &dyn Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    shortened(&at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").expect("a date");
        for (name, value, expected) in [
            ("retry-after", "3", Some(Duration::from_secs(3))),
            ("retry-after", " 0.5 ", Some(Duration::from_millis(500))),
            ("retry-after-ms", "120", Some(Duration::from_millis(120))),
            ("retry-after", "Sun, 22 Nov 2026 10:00:07 GMT", Some(Duration::from_secs(7))),
            ("retry-after", "Sun, 22 Nov 2020 10:00:07 GMT", Some(Duration::ZERO)),
            ("retry-after", "-3", None),
            ("retry-after", "1e300", None),
            ("retry-after", "soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers, now), expected, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn the_dialects_of_an_error_are_understood() {
        for body in [
            r#"{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":null}}"#,
            r#"{"error":"too long"}"#,
            r#"{"message":"too long","code":400}"#,
            r#"{"detail":"too long"}"#,
        ] {
            assert_eq!(ServerError::parse(body.as_bytes()).message, "too long", "{body}");
        }
        for body in ["", "<html>", "null", "[]", r#"{"error":{}}"#, r#"{"error":null}"#] {
            assert_eq!(ServerError::parse(body.as_bytes()).text(), "it does not say why", "{body}");
        }
    }

    #[test]
    fn a_servers_text_is_bounded_and_on_one_line() {
        let long = shortened(&"ü\n\x1b[2J".repeat(500));
        assert_eq!(long.chars().count(), MESSAGE_MAX + 1);
        assert!(!long.contains(char::is_control));
    }
}
