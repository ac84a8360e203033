//! Where the platform listens, and who may come in: checked before anything is started.

use super::keys::{self, KeysError};
use crate::output::note;
use duologue_api::{Access, Identity, ServeError};
use duologue_ids::Redacted;
use duologue_providers::Settings;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Why it cannot be served so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("`{0}` is no address to listen on\n  help: 127.0.0.1 is this machine alone, 0.0.0.0 all its networks")]
    Address(String),
    #[error("`{value}` is no port (setting {key})\n  help: use a number from 1 to 65535, or 0 for any that is free")]
    Port { key: &'static str, value: String },
    #[error(
        "{0} can be reached by others, so it needs TLS\n  help: name a certificate and its key with --tls-cert and \
         --tls-key, or leave out --bind and use it on this machine alone"
    )]
    Open(IpAddr),
    #[error(
        "a certificate without its key, or a key without its certificate\n  help: give both --tls-cert and --tls-key"
    )]
    HalfTls,
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Identity(#[from] ServeError),
}

const NAMELESS: &str = "The certificate names no whole host name: only what it is for is answered, so put that in the place \
    of the address below.";

/// Addresses and certificate.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    tls: Option<(PathBuf, PathBuf)>,
}

/// Who may come in, and the certificate that they see.
pub(crate) struct Door {
    pub(crate) access: Access,
    pub(crate) identity: Option<Identity>,
    /// Made just now; it is shown once.
    pub(crate) new_token: Option<Redacted<String>>,
}

impl Plan {
    pub(crate) fn of(settings: &Settings) -> Result<Plan, PlanError> {
        let bind = settings.get("server.bind").unwrap_or_default();
        let ip: IpAddr = match bind {
            "localhost" => IpAddr::from([127, 0, 0, 1]),
            other => other.parse().map_err(|_| PlanError::Address(other.to_owned()))?,
        };
        let path = |key| settings.get(key).map(PathBuf::from);
        let tls = match (path("server.tls_cert"), path("server.tls_key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(PlanError::HalfTls),
        };
        if !ip.is_loopback() && tls.is_none() {
            return Err(PlanError::Open(ip));
        }
        Ok(Plan { address: SocketAddr::new(ip, port(settings, "server.port")?), tls })
    }

    /// The certificate is read and the admin token made, where they are needed.
    pub(crate) fn door(&self, home: &Path, renew: bool) -> Result<Door, PlanError> {
        let Some((certificate, key)) = &self.tls else {
            return Ok(Door { access: Access::loopback(), identity: None, new_token: None });
        };
        let identity = Identity::read(certificate, key)?;
        let (digest, new_token) = keys::admin(home, renew)?;
        let access = Access::token(digest, identity.certificate.clone());
        Ok(Door { access, identity: Some(identity), new_token })
    }
}

impl Door {
    /// The address of the page, as a browser has to have it: others are not answered.
    pub(crate) fn address_of(&self, bound: SocketAddr) -> String {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        match self.access.host(bound.ip()) {
            Some(host) => format!("{scheme}://{host}:{}", bound.port()),
            None => {
                note(NAMELESS);
                format!("{scheme}://{bound}")
            }
        }
    }
}

/// A port among the settings.
pub(crate) fn port(settings: &Settings, key: &'static str) -> Result<u16, PlanError> {
    let value = settings.get(key).unwrap_or_default();
    value.parse().map_err(|_| PlanError::Port { key, value: value.to_owned() })
}
