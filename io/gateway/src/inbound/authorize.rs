//! The fourth stage: whether the caller may do this.

use super::Gateway;
use super::authenticate::Peer;
use super::decode::Decoded;
use crate::hop::Hop;
use async_trait::async_trait;
use duologue_a2a::call::Call;
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{AgentCard, Timestamp};

/// A call that is to be decided about.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who calls, proven.
    pub peer: &'a Peer,
    /// What for.
    pub call: &'a Call,
    /// Who called before, as the caller says.
    pub hop: &'a Hop,
    /// The agent that is called.
    pub card: &'a AgentCard,
    /// Length of the request's body.
    pub bytes: usize,
    /// When.
    pub at: Timestamp,
}

/// Decides about calls.
#[async_trait]
pub trait Authorize: Send + Sync + 'static {
    /// Lets a call pass.
    ///
    /// # Errors
    /// [`PermissionDenied`](duologue_a2a::error::ErrorKind::PermissionDenied), with what the caller may know of the reason.
    async fn authorize(&self, asking: &Asking<'_>) -> Result<(), A2aError>;
}

/// A call that may be performed: there is no other way to one than [`authorize`].
#[derive(Debug)]
pub(super) struct Permit {
    pub(super) peer: Peer,
    pub(super) decoded: Decoded,
    _only_here: (),
}

pub(super) async fn authorize(
    gateway: &Gateway,
    bytes: usize,
    peer: Peer,
    decoded: Decoded,
) -> Result<Permit, A2aError> {
    if let Some(authorize) = gateway.policy() {
        let (call, hop, card, at) = (&decoded.call, &decoded.hop, gateway.card(), gateway.now());
        authorize.authorize(&Asking { peer: &peer, call, hop, card, bytes, at }).await?;
    }
    Ok(Permit { peer, decoded, _only_here: () })
}
