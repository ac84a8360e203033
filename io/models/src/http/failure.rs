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

/// What helps where an account is empty.
pub(crate) const QUOTA_HELP: &str = "waiting does not help: check the account's plan and billing";

/// What a call was doing, for its errors: the server and the path.
#[derive(Clone, Copy)]
pub(crate) struct Failures<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) call: &'a str,
}

impl Failures<'_> {
    fn error(&self, kind: ModelErrorKind, what: impl AsRef<str>, help: impl Into<String>) -> ModelError {
        let what = self.endpoint.scrub(what.as_ref());
        ModelError {
            provider: self.endpoint.name.clone(),
            kind,
            given_up: false,
            message: format!("{}: {what}", self.endpoint.shown(self.call)),
            help: help.into(),
        }
    }

    /// Nothing came back: no connection, or one that broke before or within the answer.
    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> ModelError {
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
    pub(crate) fn cut_off(&self) -> ModelError {
        self.error(ModelErrorKind::Unavailable, "the answer ended in the middle", "try again; see the server's log")
    }

    /// The answer had begun, and then nothing came any more: a connection that is half open, or a server that hangs.
    pub(crate) fn stalled(&self, waited: Duration) -> ModelError {
        let what = format!("the answer stopped in the middle: nothing for {waited:?}");
        self.error(ModelErrorKind::Unavailable, what, "try again; see the server's log")
    }

    /// Nothing came for too long; `part` says what was waited for.
    pub(crate) fn timed_out(&self, part: &str, waited: Duration) -> ModelError {
        self.error(
            ModelErrorKind::TimedOut,
            format!("no {part} within {waited:?}"),
            "the server is overloaded or hangs; try a smaller model or a longer timeout",
        )
    }

    /// The answer does not fit the documented format.
    pub(crate) fn malformed(&self, what: impl AsRef<str>) -> ModelError {
        self.error(
            ModelErrorKind::Malformed,
            shortened(what.as_ref()),
            format!("check that the base URL is that of {}", self.endpoint.dialect.kind),
        )
    }

    /// An answer with another status than success.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ModelError {
        let said = ServerError::parse(body);
        let variable = &self.endpoint.key_variable;
        match status.as_u16() {
            401 | 402 | 429 if said.out_of_quota() => self.out_of_quota(said.describe(status)),
            402 => self.out_of_quota(said.describe(status)),
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
            429 => self.rate_limited(said.describe(status), retry_after(headers, SystemTime::now())),
            404 => self.error(
                ModelErrorKind::Configuration,
                said.describe(status),
                "check the names of model and voice, and that the base URL ends where the protocol does (often in /v1)",
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

    /// Too many requests; how long the server wants to be left alone is told, since nobody waits that does not know.
    pub(crate) fn rate_limited(&self, what: String, retry_after: Option<Duration>) -> ModelError {
        let kind = ModelErrorKind::RateLimited { retry_after };
        match retry_after.filter(|wait| *wait >= Duration::from_secs(1)) {
            Some(wait) => {
                let wait = wait.as_secs_f64().ceil();
                let help = format!("wait {wait} s, or run fewer conversations at once");
                self.error(kind, format!("{what}; the server asks to wait {wait} s"), help)
            }
            None => self.error(kind, what, "wait, or run fewer conversations at once"),
        }
    }

    /// The answer goes on far beyond what was asked for.
    pub(crate) fn endless(&self, what: impl AsRef<str>) -> ModelError {
        let what = format!("the answer does not end: {}; the rest was not read", what.as_ref());
        self.error(ModelErrorKind::Endless, what, "try another model or voice; see the server's log")
    }

    /// The server does not take the settings of a session.
    pub(crate) fn refused_session(&self, said: &str) -> ModelError {
        let what = format!("the server does not take the session's settings: {}", shortened(said));
        self.error(ModelErrorKind::Rejected, what, "check the names of the model and of the voice")
    }

    /// The provider's guard stopped a reply.
    pub(crate) fn filtered(&self) -> ModelError {
        self.error(
            ModelErrorKind::Rejected,
            "the provider's content filter stopped the reply",
            "see which words of the persona or the scenario it may have meant",
        )
    }

    fn out_of_quota(&self, what: impl AsRef<str>) -> ModelError {
        self.error(ModelErrorKind::Rejected, what, QUOTA_HELP)
    }

    /// A connection that carries messages broke, or can't be written to.
    pub(crate) fn broken(&self, error: &dyn Error) -> ModelError {
        let what = format!("the connection broke off: {}", innermost(error));
        self.error(ModelErrorKind::Unavailable, what, "try again; check the network")
    }

    /// The server closed a connection that carries messages, for this reason.
    pub(crate) fn closed(&self, code: u16, reason: &str, kind: ModelErrorKind, help: &str) -> ModelError {
        let reason = shortened(reason);
        let reason = if reason.is_empty() { "it does not say why" } else { &reason };
        self.error(kind, format!("the server closed the connection (code {code}): {reason}"), help)
    }

    /// A recogniser closed the connection on which it listened. 1008 is a matter of policy (RFC 6455 §7.4.1): what was asked
    /// for is not to be had.
    pub(crate) fn stopped_listening(&self, code: u16, reason: &str) -> ModelError {
        let (kind, help) = match code {
            1008 => (ModelErrorKind::Rejected, "change the model or the language as the reason says"),
            _ => (ModelErrorKind::Unavailable, "try again; see the server's status"),
        };
        self.closed(code, reason, kind, help)
    }

    /// An error within an answer that had begun well.
    pub(crate) fn refused_midway(&self, said: &ServerError) -> ModelError {
        let variable = &self.endpoint.key_variable;
        let text = format!("the server reports: {}", said.text());
        match said.kind_midway() {
            ModelErrorKind::Unauthorized => self.error(
                ModelErrorKind::Unauthorized,
                format!("the server refused the API key from {variable}"),
                format!("set {variable} to a valid key of this server"),
            ),
            ModelErrorKind::Rejected if said.out_of_quota() => self.out_of_quota(text),
            kind @ ModelErrorKind::Rejected => self.error(kind, text, "change the request as the message says"),
            kind => self.error(kind, text, "try again later"),
        }
    }

    /// What a reader of an answer stumbled over.
    pub(crate) fn fault(&self, fault: Fault) -> ModelError {
        match fault {
            Fault::Malformed(what) => self.malformed(what),
            Fault::Endless(what) => self.endless(what),
            Fault::Refused(said) => self.refused_midway(&said),
            Fault::Filtered => self.filtered(),
            Fault::CutOff => self.cut_off(),
        }
    }
}

/// Why an answer can't be read on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// It does not fit the documented format.
    Malformed(String),
    /// It goes on beyond all bounds: how far.
    Endless(String),
    /// The server reports trouble in the middle of it.
    Refused(ServerError),
    /// The provider's guard stopped it.
    Filtered,
    /// It ended before it was complete.
    CutOff,
}

impl Fault {
    /// JSON that is none, or of another shape than `what`. The error's own text may quote what was said, so it stays out.
    pub(crate) fn json(what: &str, error: &serde_json::Error) -> Fault {
        let found = if error.is_data() { "JSON of another shape" } else { "no JSON" };
        Fault::Malformed(format!("{what}, but {found} (column {})", error.column()))
    }
}

/// What a server says of its trouble: `{"error": {"message", "type", "code"}}` as OpenAI has it, and its dialects:
/// `{"err_code", "err_msg"}` and `{"category", "message"}` of Deepgram, `{"detail": {"status", "message"}}` and
/// `{"detail": [{"msg"}]}` of ElevenLabs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerError {
    message: String,
    /// Names and numbers of its kind, joined.
    class: String,
}

impl ServerError {
    pub(crate) fn new(class: impl Into<String>, message: &str) -> ServerError {
        ServerError { message: shortened(message), class: shortened(&class.into()) }
    }

    pub(crate) fn parse(body: &[u8]) -> ServerError {
        serde_json::from_slice::<Value>(body).map(|v| ServerError::from_json(&v)).unwrap_or_default()
    }

    /// Reads the error out of an answer, or out of the `error` in it.
    pub(crate) fn from_json(value: &Value) -> ServerError {
        let error = ["error", "detail"].iter().find_map(|k| value.get(k).filter(|e| !e.is_null())).unwrap_or(value);
        let error = error.get(0).unwrap_or(error);
        let texts = ["message", "detail", "err_msg", "msg", "description"].map(|k| error.get(k));
        let message = texts.into_iter().flatten().chain([error]).find_map(Value::as_str).unwrap_or_default();
        let class = ["type", "code", "err_code", "category", "status"].map(|k| match error.get(k) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        });
        ServerError::new(class.join(" "), message)
    }

    /// Its words; where it has none, the name of its kind.
    pub(crate) fn text(&self) -> &str {
        let names = || self.class.split_whitespace().next_back().unwrap_or("it does not say why");
        if self.message.is_empty() { names() } else { &self.message }
    }

    fn describe(&self, status: StatusCode) -> String {
        format!("{} (status {})", self.text(), status.as_u16())
    }

    /// An empty account, for which OpenAI answers 429 and ElevenLabs 401: waiting is no use.
    pub(crate) fn out_of_quota(&self) -> bool {
        self.is(&["insufficient_quota", "quota_exceeded", "payment_required"])
    }

    fn is(&self, words: &[&str]) -> bool {
        let class = self.class.to_lowercase();
        words.iter().any(|w| class.contains(w))
    }

    pub(crate) fn kind_midway(&self) -> ModelErrorKind {
        if self.out_of_quota() {
            ModelErrorKind::Rejected
        } else if self.is(&["rate_limit", "too_many", "429"]) {
            ModelErrorKind::RateLimited { retry_after: None }
        } else if self.is(&["unauthorized", "invalid_auth", "invalid_api_key"]) {
            ModelErrorKind::Unauthorized
        } else if self.is(&[
            "server",
            "api_error",
            "overloaded",
            "busy",
            "internal",
            "timeout",
            "unavailable",
            "500",
            "502",
            "503",
            "504",
        ]) {
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
            r#"{"detail":{"status":"text_too_long","message":"too long"}}"#,
            r#"{"detail":[{"loc":["body","text"],"msg":"too long","type":"value_error"}]}"#,
            r#"{"err_code":"Bad Request","err_msg":"too long","request_id":"7"}"#,
            r#"{"category":"INVALID_QUERY_PARAMETER","message":"too long","details":"see","request_id":"7"}"#,
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
