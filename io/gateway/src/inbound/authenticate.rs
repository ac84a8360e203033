//! The second stage: who calls.

use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{MutualTlsSecurityScheme, SecurityScheme};
use duologue_identity::Peer as Shaken;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Who calls, proven.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The name that tasks are bound to and that policies are about, such as a SPIFFE id.
    pub principal: String,
}

/// Finds out who calls.
pub trait Authenticate: Send + Sync + 'static {
    /// Who sent a request with this head. `shaken` is who the handshake of its connection proved to be at the other end, where
    /// that was one of mutual TLS.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`].
    fn authenticate(&self, head: &Parts, shaken: Option<&Shaken>) -> Result<Peer, A2aError>;

    /// How callers say who they are, as the card tells it: under which name, and which way.
    fn scheme(&self) -> Option<(&'static str, SecurityScheme)> {
        None
    }

    /// What the header `WWW-Authenticate` of a refusal says; none: nothing.
    fn challenge(&self) -> Option<&'static str> {
        None
    }
}

/// Nobody is asked who they are, and all share their tasks: for a listener that only this machine reaches.
#[derive(Clone, Copy, Debug)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate(&self, _head: &Parts, _shaken: Option<&Shaken>) -> Result<Peer, A2aError> {
        Ok(Peer { principal: "anonymous".to_owned() })
    }
}

/// Callers who are known by their SPIFFE id, as the handshake of the connection proved it (mutual TLS). What a request says of its
/// sender, in whichever header or body, means nothing.
#[derive(Clone, Copy, Debug)]
pub struct SpiffeCallers;

impl Authenticate for SpiffeCallers {
    fn authenticate(&self, _head: &Parts, shaken: Option<&Shaken>) -> Result<Peer, A2aError> {
        let unknown = || A2aError::new(ErrorKind::Unauthenticated, "This agent takes calls over mutual TLS only");
        shaken.map(|peer| Peer { principal: peer.id().to_string() }).ok_or_else(unknown)
    }

    fn scheme(&self) -> Option<(&'static str, SecurityScheme)> {
        let description = "Mutual TLS with an X.509-SVID (SPIFFE) on both sides".to_owned();
        Some(("mtls", SecurityScheme::MutualTls(MutualTlsSecurityScheme { description })))
    }
}

/// Callers who are known by a token (RFC 6750). Only digests of the tokens are held.
#[derive(Clone, Default)]
pub struct BearerTokens(HashMap<[u8; 32], String>);

impl BearerTokens {
    /// With one more caller.
    #[must_use]
    pub fn with(mut self, token: &str, principal: impl Into<String>) -> BearerTokens {
        self.0.insert(Sha256::digest(token).into(), principal.into());
        self
    }
}

impl std::fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BearerTokens").field(&self.0.len()).finish()
    }
}

impl Authenticate for BearerTokens {
    fn authenticate(&self, head: &Parts, _shaken: Option<&Shaken>) -> Result<Peer, A2aError> {
        let refused = |message: &str| A2aError::new(ErrorKind::Unauthenticated, message);
        let value = head.headers.get(AUTHORIZATION).ok_or_else(|| refused("Send the header Authorization: Bearer"))?;
        let value = value.to_str().map_err(|_| refused("The header Authorization is not text"))?;
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err(refused("Send the header Authorization: Bearer")),
        };
        // By digest: how long the search takes tells nothing about a token.
        let digest: [u8; 32] = Sha256::digest(token).into();
        let principal = self.0.get(&digest).ok_or_else(|| refused("The token is none that is known here"))?;
        Ok(Peer { principal: principal.clone() })
    }

    fn challenge(&self) -> Option<&'static str> {
        Some("Bearer")
    }
}
