//! The fourth stage: whether the caller may do this.

use super::Gateway;
use super::authenticate::Peer;
use super::decode::Decoded;
use crate::hop::Hop;
use async_trait::async_trait;
use duologue_a2a::call::Call;
use duologue_a2a::error::A2aError;

/// Decides about calls.
#[async_trait]
pub trait Authorize: Send + Sync + 'static {
    /// Lets a call pass.
    ///
    /// # Errors
    /// [`PermissionDenied`](duologue_a2a::error::ErrorKind::PermissionDenied), with what the caller may know of the reason.
    async fn authorize(&self, peer: &Peer, call: &Call, hop: &Hop) -> Result<(), A2aError>;
}

/// A call that may be performed: there is no other way to one than [`authorize`].
#[derive(Debug)]
pub(super) struct Permit {
    pub(super) peer: Peer,
    pub(super) decoded: Decoded,
    _only_here: (),
}

pub(super) async fn authorize(gateway: &Gateway, peer: Peer, decoded: Decoded) -> Result<Permit, A2aError> {
    if let Some(authorize) = gateway.policy() {
        authorize.authorize(&peer, &decoded.call, &decoded.hop).await?;
    }
    Ok(Permit { peer, decoded, _only_here: () })
}
