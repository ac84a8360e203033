//! Which addresses a webhook may have. Whoever asks for pushes chooses where they go, so that without these rules anybody
//! could have this server talk to what only it can reach (server-side request forgery).

use super::class::{Class, class};
use reqwest::Url;
use std::net::IpAddr;
use thiserror::Error;

/// Most bytes of a webhook's address.
const URL_MAX: usize = 2048;
/// Names under which clouds tell a machine its own secrets. Most lead to addresses that are never allowed anyway.
const METADATA_NAMES: &[&str] = &[
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "instance-data",
    "instance-data.ec2.internal",
];

/// What the operator allows. The default is what a server on the internet should have: public addresses over TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushRules {
    /// Webhooks on this machine, also without TLS: for tests and development.
    pub allow_loopback: bool,
    /// Webhooks in private networks (RFC 1918, RFC 6598, RFC 4193).
    pub allow_private: bool,
    /// Where it is not empty, webhooks are at these hosts only: a name or an address, or `*.` and a domain for all names below it.
    pub allow_hosts: Vec<String>,
}

/// Why a webhook is not called.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is no URL.
    #[error("the webhook's address is no URL ({what}): write one such as https://example.org/hook")]
    Unreadable {
        /// What is wrong with it.
        what: String,
    },
    /// It is too long.
    #[error("the webhook's address is longer than {URL_MAX} bytes: shorten it")]
    TooLong,
    /// It is not https.
    #[error(
        "the webhook's address does not begin with https://: what is pushed is not for everybody on the way to read"
    )]
    NotTls,
    /// It has a user name or a password.
    #[error("the webhook's address has a user name or a password: put credentials into `authentication`")]
    Credentials,
    /// Port 0 is none.
    #[error("the webhook's address has port 0: name the port on which the receiver listens")]
    Port,
    /// The operator has a list.
    #[error("{host} is not among the hosts to which this server pushes: have its operator add it (`allow_hosts`)")]
    NotListed {
        /// The host.
        host: String,
    },
    /// It is where nothing may be sent.
    #[error("{host} is {class}: this server pushes to public addresses{}", class.advice())]
    Forbidden {
        /// The host as the webhook names it.
        host: String,
        /// What its address is.
        class: Class,
    },
}

impl PushRules {
    /// Whether anything may be sent to this address of `host`.
    ///
    /// # Errors
    /// [`AddressError::Forbidden`].
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), AddressError> {
        let class = class(address);
        let allowed = match class {
            Class::Public => true,
            Class::Loopback => self.allow_loopback,
            Class::Private => self.allow_private,
            _ => false,
        };
        if allowed { Ok(()) } else { Err(AddressError::Forbidden { host: host.to_owned(), class }) }
    }

    fn lists(&self, host: &str) -> bool {
        let listed = |entry: &String| match entry.strip_prefix("*.") {
            Some(domain) => {
                let below = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at));
                below.is_some_and(|(name, end)| {
                    end.eq_ignore_ascii_case(domain) && name.len() > 1 && name.ends_with('.')
                })
            }
            None => entry.eq_ignore_ascii_case(host),
        };
        self.allow_hosts.is_empty() || self.allow_hosts.iter().any(listed)
    }
}

/// An address that may be called, as far as can be told without asking for its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    url: Url,
    /// Without the brackets of an IPv6 address and without the dot at the end of a name.
    host: String,
    port: u16,
}

impl Webhook {
    /// Reads an address, by the rules of browsers: `0x7f.1` is 127.0.0.1, and seen to be.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn read(url: &str, rules: &PushRules) -> Result<Webhook, AddressError> {
        if url.len() > URL_MAX {
            return Err(AddressError::TooLong);
        }
        let unreadable = |what: &str| AddressError::Unreadable { what: what.to_owned() };
        let url: Url = url.parse().map_err(|error| AddressError::Unreadable { what: format!("{error}") })?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(AddressError::NotTls),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        let port = url.port_or_known_default().filter(|port| *port > 0).ok_or(AddressError::Port)?;
        let host = url.host_str().ok_or_else(|| unreadable("it has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_owned();
        if host.is_empty() {
            return Err(unreadable("it has no host"));
        }
        let local = check_host(&host, rules)?;
        if plain && !(local && rules.allow_loopback) {
            return Err(AddressError::NotTls);
        }
        if !rules.lists(&host) {
            return Err(AddressError::NotListed { host });
        }
        Ok(Webhook { url, host, port })
    }

    /// The address itself. It can hold a secret of its receiver: not for logs.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whom it leads to: the host and the port. What is counted by receiver is counted by this.
    pub fn peer(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whether it is called without TLS, which only this machine is.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }
}

/// Refuses a host that cannot be right; says whether it is this machine.
fn check_host(host: &str, rules: &PushRules) -> Result<bool, AddressError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return rules.check(host, address).map(|()| class(address) == Class::Loopback);
    }
    let forbidden = |class| AddressError::Forbidden { host: host.to_owned(), class };
    if METADATA_NAMES.iter().any(|name| host.eq_ignore_ascii_case(name)) {
        return Err(forbidden(Class::Metadata));
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let local = last.eq_ignore_ascii_case("localhost");
    if local && !rules.allow_loopback { Err(forbidden(Class::Loopback)) } else { Ok(local) }
}
