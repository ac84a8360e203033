//! What one can have an authority do.

use duologue_ids::{Redacted, SpiffeId, TrustDomain};
use duologue_trust::roots::{RootTimes, Timings};
use duologue_trust::{Entry, FederatedFrom, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;

/// An order. Those who may write to the authority's folder may give it: in the process, or over its second socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Say how it stands.
    Show,
    /// Give an id to what runs a program.
    AddEntry(Entry),
    /// No more.
    RemoveEntry(Entry),
    /// Make a token that gives an id to the first process that shows it in time.
    NewToken {
        /// The id.
        spiffe_id: SpiffeId,
        /// In which time.
        life: Duration,
    },
    /// Write the own bundle for other trust domains.
    Bundle,
    /// Hand out the bundle of another trust domain.
    Federate {
        /// Which.
        domain: TrustDomain,
        /// Where its bundle is.
        from: FederatedFrom,
    },
    /// No more: connections with it end.
    Defederate {
        /// Which.
        domain: TrustDomain,
    },
    /// Give an id to nobody any more, and have its certificates refused: connections with it end.
    Revoke {
        /// The id.
        spiffe_id: SpiffeId,
    },
    /// Give it again. Certificates that were revoked remain so.
    Readmit {
        /// The id.
        spiffe_id: SpiffeId,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// How it stands.
    Status(Box<AuthorityStatus>),
    /// The token, which is told this once.
    Token(SecretToken),
    /// The bundle as a SPIFFE bundle document.
    Bundle(String),
}

/// A join token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretToken(pub Redacted<String>);

impl Serialize for SecretToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// How an authority stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorityStatus {
    /// Always: keys lie in a file, and whoever is root on this machine may have them.
    pub for_development: bool,
    /// Whose authority it is.
    pub domain: TrustDomain,
    /// Where its Workload API is.
    pub socket: String,
    /// How long things live.
    pub timings: Timings,
    /// Grows with each change.
    pub sequence: u64,
    /// Its roots.
    pub roots: Vec<RootTimes>,
    /// Who gets what by user and program.
    pub entries: Vec<Entry>,
    /// Tokens, without the tokens.
    pub tokens: Vec<TokenStatus>,
    /// Ids that are in use, and until when their certificates last.
    pub issued: BTreeMap<SpiffeId, Moment>,
    /// Ids that nobody gets.
    pub revoked: Vec<SpiffeId>,
    /// Other trust domains.
    pub federated: Vec<FederatedStatus>,
}

/// A join token, without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenStatus {
    /// What for.
    pub spiffe_id: SpiffeId,
    /// Until when it is to be shown.
    pub until: Moment,
    /// The number of the process that showed it.
    pub shown_by: Option<u32>,
}

/// Another trust domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedStatus {
    /// Which.
    pub domain: TrustDomain,
    /// Where its bundle is.
    pub from: FederatedFrom,
    /// Whether there is one that is handed out.
    pub is_there: bool,
    /// Why it could not be read lately.
    pub error: Option<String>,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// It says why.
    #[error("{0}")]
    Refused(String),
    /// Nobody answers.
    #[error("no authority answers at {path} ({why}): start one with `duologue identity authority`")]
    Unreachable {
        /// Where.
        path: String,
        /// What is wrong.
        why: String,
    },
}
