use super::config::{Dialect, KeyHeader, ServerConfig, Timeouts};
use crate::{ModelError, ModelErrorKind};
use duologue_ids::Redacted;
use reqwest::Url;
use reqwest::header::{self, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::time::Duration;

/// One call of a server: its path below the base URL, and its query.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: Cow<'static, str>,
    query: Vec<(&'static str, String)>,
}

impl Call {
    pub(crate) fn new(path: impl Into<Cow<'static, str>>) -> Call {
        Call { path: path.into(), query: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Call {
        self.query.push((name, value.into()));
        self
    }
}

impl From<&'static str> for Call {
    fn from(path: &'static str) -> Call {
        Call::new(path)
    }
}

/// A checked configuration: what calls and errors need to know of a server.
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) key_variable: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    pub(crate) dialect: Dialect,
    base: Url,
    key: Option<Redacted<String>>,
}

impl Endpoint {
    pub(crate) fn new(config: ServerConfig) -> Result<Endpoint, ModelError> {
        let ServerConfig { name, base_url, api_key, key_variable, timeouts, retries, backoff, dialect } = config;
        let base = parse_base(&base_url).map_err(|why| ModelError {
            provider: name.clone(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: format!("the base URL does not work: {why}"),
            help: format!("give one such as {}", dialect.example),
        })?;
        // A key read from a file often ends in a line break.
        let key = api_key.map(|k| k.expose().trim().to_string()).filter(|k| !k.is_empty()).map(Redacted::new);
        let endpoint = Endpoint { name, key_variable, timeouts, retries, backoff, dialect, base, key };
        if endpoint.key.is_none() && endpoint.is_home() {
            return Err(endpoint.missing_key());
        }
        if endpoint.key.is_some() && endpoint.base.scheme() == "http" && !endpoint.is_loopback() {
            tracing::warn!(provider = endpoint.name, "the API key travels unencrypted: the base URL is not https");
        }
        Ok(endpoint)
    }

    /// The header that carries the key.
    pub(crate) fn authorization(&self) -> Result<Option<(HeaderName, HeaderValue)>, ModelError> {
        let Some(key) = &self.key else { return Ok(None) };
        let (name, value) = match self.dialect.key {
            KeyHeader::Authorization(scheme) => (header::AUTHORIZATION, format!("{scheme} {}", key.expose())),
            KeyHeader::Named(name) => (HeaderName::from_static(name), key.expose().clone()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| ModelError {
            provider: self.name.clone(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: format!("the API key in {} has characters that no key has", self.key_variable),
            help: "copy the key again: one line, no blanks, no quotes".into(),
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    /// The address of a call.
    pub(crate) fn url(&self, call: &Call) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}/{}", self.base.path().trim_end_matches('/'), call.path);
        url.set_path(&path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    /// The address of a call as errors show it: without anything secret that a URL may carry.
    pub(crate) fn shown(&self, path: &str) -> String {
        let mut url = self.url(&Call::new(path.to_string()));
        // Both fail only for addresses without a host, which `parse_base` refuses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }

    /// Whether this is the provider itself, which wants a key.
    pub(crate) fn is_home(&self) -> bool {
        let home = self.dialect.home;
        let host = self.base.host_str().unwrap_or_default();
        host.strip_suffix(home).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Takes the key out of a text that came from outside.
    pub(crate) fn scrub(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose().as_str(), "[redacted]"),
            None => text.to_string(),
        }
    }

    fn missing_key(&self) -> ModelError {
        ModelError {
            provider: self.name.clone(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: format!("no API key: {} is not set", self.key_variable),
            help: format!(
                "export {}=...{}, or choose the provider `local`, which needs none",
                self.key_variable,
                self.dialect.also.map(|also| format!(" (or {also})")).unwrap_or_default(),
            ),
        }
    }
}

fn parse_base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("it begins with \"{}:\", not with http: or https:", url.scheme()));
    }
    if url.host_str().is_none() {
        return Err("it names no host".into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::OpenAiConfig;

    fn endpoint(base_url: &str, key: Option<&str>) -> Result<Endpoint, ModelError> {
        let api_key = key.map(|k| Redacted::new(k.to_string()));
        Endpoint::new(OpenAiConfig { base_url: base_url.into(), api_key, ..OpenAiConfig::default() }.into())
    }

    #[test]
    fn only_openai_itself_insists_on_a_key() {
        for blank in [None, Some(""), Some(" \n")] {
            let error = endpoint("https://api.openai.com/v1", blank).err().expect("no key, no client");
            assert_eq!(error.kind, ModelErrorKind::Configuration);
            assert!(error.message.contains("OPENAI_API_KEY") && !error.message.contains('\n'), "{error}");
        }
        assert!(endpoint("http://127.0.0.1:9/v1", None).is_ok());
        assert!(endpoint("https://openai.com.example.org/v1", None).is_ok());
    }

    #[test]
    fn addresses_join_however_the_base_ends() {
        for base in ["http://[::1]:8080/v1", "http://[::1]:8080/v1/", " http://[::1]:8080/v1\n"] {
            let e = endpoint(base, None).expect(base);
            assert_eq!(e.url(&"audio/speech".into()).as_str(), "http://[::1]:8080/v1/audio/speech");
            assert!(e.is_loopback());
        }
        let query = endpoint("https://x.example/openai?api-version=2", None).expect("valid");
        assert_eq!(query.url(&"models".into()).as_str(), "https://x.example/openai/models?api-version=2");
        let listen = Call::new("listen").with("model", "a&b c");
        assert_eq!(query.url(&listen).as_str(), "https://x.example/openai/listen?api-version=2&model=a%26b+c");
    }

    #[test]
    fn a_base_url_that_is_none_is_refused_with_the_reason() {
        for bad in ["", "api.openai.com/v1", "ftp://x/v1", "file:///etc/passwd"] {
            let error = endpoint(bad, Some("k")).err().expect(bad);
            assert_eq!(error.kind, ModelErrorKind::Configuration, "{bad}");
        }
    }

    #[test]
    fn neither_key_nor_password_shows() {
        let e = endpoint("https://joe:secret@x.example/v1?token=secret", Some("sk-secret\n")).expect("valid");
        assert_eq!(e.shown("models"), "https://x.example/v1/models");
        assert_eq!(e.scrub("bad key sk-secret."), "bad key [redacted].");
        let (name, header) = e.authorization().expect("sendable").expect("present");
        assert!(name == "authorization" && header.is_sensitive() && header == "Bearer sk-secret");

        let error = endpoint("https://x.example/v1", Some("sk-sec\nret")).expect("checked later").authorization();
        let error = error.expect_err("a line break can't be sent");
        assert!(!format!("{error:?}").contains("sec\\nret"));
    }
}
