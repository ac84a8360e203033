use crate::net::api::Api;
use reqwest::{Client, Url, redirect};
use std::time::Duration;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Why an address is not one of a server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It is not one at all.
    #[error(
        "{0:?} is no address of a LiveKit server; use one such as wss://livekit.example.com or ws://localhost:7880"
    )]
    Address(String),
    /// It carries a login, which would be shown wherever the address is, and which LiveKit does not know.
    #[error(
        "the address of the LiveKit server carries a user or a password; leave them out: LIVEKIT_API_KEY and \
         LIVEKIT_API_SECRET are what such a server takes"
    )]
    Login,
    /// There are no certificates.
    #[error("no HTTPS on this machine: {0}; install the system's certificates (package ca-certificates)")]
    Tls(String),
}

/// A LiveKit server: where it is, and connections to it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Server {
    pub(crate) base: Url,
    pub(crate) http: Client,
}

impl Server {
    /// The server at `url`: `ws://`, `wss://`, `http://` or `https://`, with a path where it has one.
    pub fn new(url: &str) -> Result<Server, ServerError> {
        let wrong = || ServerError::Address(url.to_owned());
        let text = match url.trim().split_once("://") {
            Some(("ws" | "http", rest)) => format!("http://{rest}"),
            Some(("wss" | "https", rest)) => format!("https://{rest}"),
            _ => return Err(wrong()),
        };
        let base = Url::parse(text.trim_end_matches('/')).map_err(|_| wrong())?;
        let host = base.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(ServerError::Login);
        }
        let local = matches!(host.trim_matches(['[', ']']), "localhost" | "::1") || host.starts_with("127.");
        let mut http = Client::builder()
            .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // WebSockets over HTTP/2 are another handshake (RFC 8441), which LiveKit's servers do not know.
            .http1_only()
            // Following one would carry the token to an address that nobody configured.
            .redirect(redirect::Policy::none());
        if local {
            http = http.no_proxy();
        }
        if base.scheme() == "http" {
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|e| ServerError::Tls(e.to_string()))?;
        Ok(Server { base, http })
    }

    /// Requests about rooms and dispatches, in the name of an API key.
    pub fn api(&self, key: &str, secret: &str) -> Api {
        Api::new(self.clone(), key, secret)
    }

    /// The address as it was given, for messages.
    pub fn url(&self) -> &str {
        self.base.as_str()
    }

    /// An address on this server.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> (String, u16) {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        (host, self.base.port_or_known_default().unwrap_or(443))
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn addresses_in_all_their_spellings() {
        let at = |url: &str| Server::new(url).unwrap().at("rtc/v1").to_string();
        assert_eq!(at("ws://localhost:7880"), "http://localhost:7880/rtc/v1");
        assert_eq!(at("wss://x.livekit.cloud/"), "https://x.livekit.cloud/rtc/v1");
        assert_eq!(at("https://x/livekit/"), "https://x/livekit/rtc/v1");
        assert_eq!(Server::new("wss://x").unwrap().host(), ("x".into(), 443));
        assert_eq!(Server::new("ws://[::1]:7880").unwrap().host(), ("::1".into(), 7880));
    }

    #[test]
    fn an_address_with_a_login_is_refused_without_telling_it() {
        for address in ["wss://someone:hidden@x", "ws://:hidden@localhost:7880", "wss://hidden@x"] {
            let error = Server::new(address).unwrap_err().to_string();
            assert!(error.contains("LIVEKIT_API_KEY") && !error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_one_is() {
        for wrong in ["", "livekit", "ftp://x", "ws://", "localhost:7880"] {
            let error = Server::new(wrong).unwrap_err().to_string();
            assert!(error.contains("ws://localhost:7880"), "{wrong}: {error}");
        }
    }
}
