//! Whom a client calls as, and who the callee is.

use duologue_identity::{Authorizer, DialError, Dialler, HandshakeRefusal, NoIdentity, Refusal};
use duologue_ids::SpiffeId;

/// Whom calls are made as, and who the callee has to be.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) dialler: Dialler,
    pub(super) callee: Authorizer,
}

impl Identity {
    /// Calls are made with the identity of the dialler's source, and to whom the authorizer is for: with
    /// [`Authorizer::exactly`] to the agent that is meant, and to nobody else.
    pub fn new(dialler: Dialler, callee: Authorizer) -> Identity {
        Identity { dialler, callee }
    }
}

/// What is wrong with who one is, or with who the other is. Nobody has read anything of the call then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Somebody else answers.
    #[error("{found} answers at {address}, and {expected} was called: see the address, or who is to be there")]
    Mismatch {
        /// Where.
        address: String,
        /// Who was called.
        expected: String,
        /// Who is there.
        found: SpiffeId,
    },
    /// Who answers proves nothing that is believed here.
    #[error("who answers at {address} is not believed: {why}")]
    NotBelieved {
        /// Where.
        address: String,
        /// Why.
        why: Refusal,
    },
    /// The callee does not take calls from this identity at all, does not believe it, or has none itself.
    #[error("{address} refuses this side: {why}")]
    Refused {
        /// Where.
        address: String,
        /// Why.
        why: HandshakeRefusal,
    },
    /// One has nothing to show: it was never given, or ran out.
    #[error(transparent)]
    Own(#[from] NoIdentity),
}

impl IdentityError {
    /// What of a failed connection is about identities; none: it is about the way there.
    pub(super) fn of(error: &DialError) -> Option<IdentityError> {
        Some(match error {
            DialError::IdentityMismatch { address, expected, found } => {
                IdentityError::Mismatch { address: address.clone(), expected: expected.clone(), found: found.clone() }
            }
            DialError::NotBelieved { address, refusal } => {
                IdentityError::NotBelieved { address: address.clone(), why: refusal.clone() }
            }
            DialError::RefusedByPeer { address, refusal } => {
                IdentityError::Refused { address: address.clone(), why: *refusal }
            }
            DialError::NoIdentity(none) => IdentityError::Own(none.clone()),
            DialError::Unreachable { .. } | DialError::TooSlow { .. } | DialError::Tls { .. } => return None,
        })
    }

    /// Whether another attempt, a little later, may end otherwise, as while authorities change or start.
    pub fn may_pass(&self) -> bool {
        match self {
            IdentityError::NotBelieved { why, .. } => why.may_pass(),
            IdentityError::Refused { why, .. } => why.may_pass(),
            IdentityError::Mismatch { .. } | IdentityError::Own(_) => false,
        }
    }
}
