//! What is sent to a webhook.

use super::address::{AddressError, PushRules, Webhook};
use super::signature;
use crate::key::SigningKey;
use bytes::Bytes;
use duologue_a2a::model::{StreamResponse, TaskPushNotificationConfig};
use duologue_a2a::v0_3;
use duologue_a2a::version::{Dialect, VERSION_HEADER};
use duologue_store::UnixMs;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use thiserror::Error;

/// The header with the token that the subscriber gave (both SDKs have it).
const TOKEN: &str = "x-a2a-notification-token";
/// The header with the number of the event within its task.
const EVENT: &str = "duologue-event";
/// The header of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// One event that is to be told to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The number of the event within its task.
    pub sequence: u64,
    /// Where to, with the ids of the task and of the configuration.
    pub config: TaskPushNotificationConfig,
    /// The version in which the configuration was set: its receiver speaks that.
    pub dialect: Dialect,
    /// What happened. Receivers of 0.3 expect the whole task.
    pub event: StreamResponse,
    /// When it happened.
    pub since: UnixMs,
    /// The trace that it belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Its address may not be called.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Something does not go into a header.
    #[error(
        "the push configuration's {0} has characters that no HTTP header can have: leave out line breaks and control characters"
    )]
    Header(&'static str),
}

impl ConfigError {
    /// Which field of the configuration is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            ConfigError::Address(_) => "url",
            ConfigError::Header(field) => field,
        }
    }
}

/// What goes over the line.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub webhook: Webhook,
    /// With what.
    pub headers: HeaderMap,
    /// The event.
    pub body: Bytes,
}

/// Whether events can be pushed to that configuration, as far as its words tell; to be asked when it is set. Which address its
/// host has is seen at each delivery.
///
/// # Errors
/// [`ConfigError`].
pub fn check(config: &TaskPushNotificationConfig, rules: &PushRules) -> Result<(), ConfigError> {
    Webhook::read(&config.url, rules)?;
    subscriber_headers(config).map(drop)
}

impl Push {
    /// The name of the delivery, the same for each attempt: `TASK:CONFIG:SEQUENCE`, where anything in an id that is neither a
    /// letter nor a digit, `-` or `_` is written as `%` and two digits. So no two have the same, and none has a full stop,
    /// which ends the name in what is signed.
    pub fn id(&self) -> String {
        let mut id = String::new();
        for part in [&self.config.task_id, &self.config.id] {
            for byte in part.bytes() {
                // Writing to a text cannot fail.
                let _ = match byte {
                    b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => write!(id, "{}", char::from(byte)),
                    other => write!(id, "%{other:02X}"),
                };
            }
            id.push(':');
        }
        let _ = write!(id, "{}", self.sequence);
        id
    }

    /// The request of an attempt that is made `now`.
    ///
    /// # Errors
    /// [`ConfigError`], as [`check`].
    pub fn request(&self, rules: &PushRules, key: &SigningKey, now: UnixMs) -> Result<Request, ConfigError> {
        let webhook = Webhook::read(&self.config.url, rules)?;
        let mut headers = subscriber_headers(&self.config)?;
        let (media, body) = self.body();
        let id = HeaderValue::from_str(&self.id()).map_err(|_| ConfigError::Header("id"))?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(lower(VERSION_HEADER)?, HeaderValue::from_static(self.dialect.as_str()));
        headers.insert(EVENT, HeaderValue::from(self.sequence));
        if let Some(Ok(traceparent)) = self.traceparent.as_deref().map(HeaderValue::from_str) {
            headers.insert(TRACEPARENT, traceparent);
        }
        headers.extend(signature::headers(key, &id, now, &body));
        Ok(Request { webhook, headers, body })
    }

    fn body(&self) -> (&'static str, Bytes) {
        let (media, body) = match self.dialect {
            Dialect::V1_0 => ("application/a2a+json", serde_json::to_vec(&self.event)),
            Dialect::V0_3 => {
                ("application/json", serde_json::to_vec(&v0_3::write_event(&self.event, v0_3::Form::Schema)))
            }
        };
        // Neither form has a key that is no text, nor a number that is none.
        (media, body.unwrap_or_default().into())
    }
}

/// What the subscriber wants to have sent along.
fn subscriber_headers(config: &TaskPushNotificationConfig) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str, what| -> Result<(), ConfigError> {
        let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Header(what))?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    };
    if !config.token.is_empty() {
        put(HeaderName::from_static(TOKEN), config.token.expose(), "token")?;
    }
    if let Some(authentication) = config.authentication.as_ref().filter(|given| !given.credentials.is_empty()) {
        let value = format!("{} {}", authentication.scheme, authentication.credentials.expose());
        put(AUTHORIZATION, value.trim_start(), "authentication")?;
    }
    Ok(headers)
}

fn lower(name: &'static str) -> Result<HeaderName, ConfigError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| ConfigError::Header("version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_a2a::model::{AuthenticationInfo, Secret, TaskState, TaskStatus, TaskStatusUpdateEvent};
    use proptest::prelude::*;

    fn push() -> Push {
        let status = TaskStatus { state: TaskState::Working, ..TaskStatus::default() };
        let event = TaskStatusUpdateEvent { task_id: "t".into(), context_id: "c".into(), status, metadata: None };
        Push {
            sequence: 7,
            config: TaskPushNotificationConfig {
                id: "p.1".into(),
                task_id: "t".into(),
                url: "https://example.org/hook?a=b".into(),
                token: Secret::new("tok"),
                authentication: Some(AuthenticationInfo { scheme: "Bearer".into(), credentials: Secret::new("cred") }),
                ..TaskPushNotificationConfig::default()
            },
            dialect: Dialect::V1_0,
            event: StreamResponse::StatusUpdate(event),
            since: UnixMs(5),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        }
    }

    fn sent(push: &Push) -> Request {
        let key = SigningKey::generate().expect("a key");
        push.request(&PushRules::default(), &key, UnixMs(1_000)).expect("a request")
    }

    #[test]
    fn each_version_has_its_form() {
        let text = |request: &Request, name: &str| request.headers[name].to_str().expect("text").to_owned();
        let mut push = push();
        let new = sent(&push);
        assert_eq!(text(&new, "content-type"), "application/a2a+json");
        assert_eq!(text(&new, "a2a-version"), "1.0");
        assert!(new.body.starts_with(br#"{"statusUpdate":{"#), "{:?}", new.body);
        push.dialect = Dialect::V0_3;
        let old = sent(&push);
        assert_eq!(text(&old, "content-type"), "application/json");
        assert_eq!(text(&old, "a2a-version"), "0.3");
        let body: serde_json::Value = serde_json::from_slice(&old.body).expect("JSON");
        assert_eq!(body["kind"], "status-update");
        assert_eq!(text(&old, "webhook-id"), text(&new, "webhook-id"));
        assert_eq!(text(&old, "webhook-id"), "t:p%2E1:7");
        assert_eq!(text(&old, "webhook-timestamp"), "1");
        assert_eq!(text(&old, "authorization"), "Bearer cred");
        assert_eq!(text(&old, "x-a2a-notification-token"), "tok");
        assert_eq!(text(&old, "duologue-event"), "7");
        assert!(text(&old, "traceparent").starts_with("00-"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let printed = format!("{:?} {:?}", push(), sent(&push()).headers);
        assert!(
            !printed.contains("cred\"") && !printed.contains("Bearer cred") && !printed.contains("\"tok\""),
            "{printed}"
        );
    }

    #[test]
    fn what_no_header_holds_is_refused_when_it_is_set() {
        let mut config = push().config;
        assert_eq!(check(&config, &PushRules::default()), Ok(()));
        config.token = Secret::new("a\r\nb: c");
        assert_eq!(check(&config, &PushRules::default()), Err(ConfigError::Header("token")));
        config.token = Secret::default();
        config.url = "https://10.1.2.3/".into();
        assert!(matches!(check(&config, &PushRules::default()), Err(ConfigError::Address(_))));
    }

    proptest! {
        #[test]
        fn no_two_deliveries_have_one_name(a: (String, String, u64), b: (String, String, u64)) {
            let id = |(task, config, sequence): &(String, String, u64)| {
                let mut push = push();
                (push.config.task_id, push.config.id, push.sequence) = (task.clone(), config.clone(), *sequence);
                push.id()
            };
            prop_assert_eq!(a == b, id(&a) == id(&b));
            prop_assert!(id(&a).bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.'));
        }
    }
}
