//! Who gets which identity.

use crate::Moment;
use duologue_ids::{SpiffeId, TrustDomain};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Most entries, tokens and revoked ids, each.
const MOST: usize = 10_000;

/// The program that a process runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Executable {
    /// Where it lies, as an absolute path.
    pub path: String,
    /// SHA-256 of its bytes in small hexadecimal digits; none: any bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Processes of one user that run one program get one id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// The id.
    pub spiffe_id: SpiffeId,
    /// The user.
    pub uid: u32,
    /// The program.
    pub executable: Executable,
}

/// A process, told from every other that ever had its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Process {
    /// Whose it is.
    pub uid: u32,
    /// Its number.
    pub pid: u32,
    /// When it started, in ticks of the kernel since the boot.
    pub started: u64,
    /// Which boot.
    pub boot: String,
}

/// Who asks, as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The process.
    pub process: Process,
    /// Where its program lies, where the file there is still what it runs.
    pub path: Option<String>,
    /// SHA-256 of what it runs, where some entry asks for it.
    pub sha256: Option<String>,
}

/// SHA-256 of a join token, in hexadecimal digits: the token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenDigest(pub String);

/// What one process is given an id for: the first that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinToken {
    /// The id.
    pub spiffe_id: SpiffeId,
    /// Until when it is to be shown first.
    pub until: Moment,
    /// The process that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<Process>,
}

/// Where the bundle of another trust domain comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FederatedFrom {
    /// A file: a SPIFFE bundle document, or certificates in PEM.
    File(String),
    /// An address with `https://`, whose server the system's authorities vouch for (profile `https_web`).
    Web(String),
}

/// Everything that was decided about who gets what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    /// By user and program.
    pub entries: BTreeSet<Entry>,
    /// By token.
    pub tokens: BTreeMap<TokenDigest, JoinToken>,
    /// Ids that nobody gets any more.
    pub revoked: BTreeSet<SpiffeId>,
    /// Whose bundles are handed out beside our own.
    pub federated: BTreeMap<TrustDomain, FederatedFrom>,
}

/// Why something is not taken into the registry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadEntry {
    /// It is of another trust domain.
    #[error("{id} is not of the trust domain {domain}: give an id that begins with spiffe://{domain}/")]
    OtherDomain {
        /// The id.
        id: SpiffeId,
        /// Whose authority this is.
        domain: TrustDomain,
    },
    /// Workloads have paths.
    #[error("{0} is the id of a trust domain: give one with a path, such as {0}/worker")]
    NoPath(SpiffeId),
    /// It cannot be compared with what the kernel tells.
    #[error("the program {0:?} is not given by an absolute path: give one that begins with /")]
    RelativePath(String),
    /// It cannot be a digest.
    #[error("{0:?} is no SHA-256: give 64 hexadecimal digits, as sha256sum prints them")]
    NoDigest(String),
    /// There are many.
    #[error("there are 10000 of them already: remove some")]
    TooMany,
    /// There is no such.
    #[error("there is no such entry: see which there are")]
    Unknown,
    /// One's own bundle is there anyway.
    #[error("{0} is this authority's own trust domain: federate with others")]
    OwnDomain(TrustDomain),
}

/// Why a process gets no identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAdmitted {
    /// Nothing is meant for it.
    #[error("no entry is for user {uid} and program {}: add one, or give it a join token", path.as_deref().unwrap_or("(replaced or removed since it was started)"))]
    NoEntry {
        /// Whose process it is.
        uid: u32,
        /// What it runs.
        path: Option<String>,
    },
    /// It is none, or is over.
    #[error("the join token is not known, or is over: make a new one")]
    UnknownToken,
    /// Another process has shown it.
    #[error("the join token was used by another process: make a new one")]
    UsedToken,
    /// Its ids were revoked.
    #[error("{0} is revoked: readmit it, or give the process another id")]
    Revoked(SpiffeId),
}

impl Registry {
    /// Takes an entry in; the second time it changes nothing.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn add(&mut self, mut entry: Entry, domain: &TrustDomain) -> Result<(), BadEntry> {
        check_id(&entry.spiffe_id, domain)?;
        if !entry.executable.path.starts_with('/') {
            return Err(BadEntry::RelativePath(entry.executable.path));
        }
        if let Some(digest) = &mut entry.executable.sha256 {
            digest.make_ascii_lowercase();
            if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(BadEntry::NoDigest(digest.clone()));
            }
        }
        if self.entries.len() >= MOST && !self.entries.contains(&entry) {
            return Err(BadEntry::TooMany);
        }
        self.entries.insert(entry);
        Ok(())
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// [`BadEntry::Unknown`].
    pub fn remove(&mut self, entry: &Entry) -> Result<(), BadEntry> {
        if self.entries.remove(entry) { Ok(()) } else { Err(BadEntry::Unknown) }
    }

    /// Takes a token in.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn add_token(
        &mut self,
        digest: TokenDigest,
        spiffe_id: SpiffeId,
        until: Moment,
        domain: &TrustDomain,
    ) -> Result<(), BadEntry> {
        check_id(&spiffe_id, domain)?;
        if self.tokens.len() >= MOST {
            return Err(BadEntry::TooMany);
        }
        self.tokens.insert(digest, JoinToken { spiffe_id, until, shown_by: None });
        Ok(())
    }

    /// Nobody gets this id any more. Whether that is new.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn revoke(&mut self, id: SpiffeId, domain: &TrustDomain) -> Result<bool, BadEntry> {
        check_id(&id, domain)?;
        if self.revoked.len() >= MOST && !self.revoked.contains(&id) {
            return Err(BadEntry::TooMany);
        }
        Ok(self.revoked.insert(id))
    }

    /// The bundle of another trust domain is handed out beside our own.
    ///
    /// # Errors
    /// [`BadEntry`].
    pub fn federate(&mut self, with: TrustDomain, from: FederatedFrom, domain: &TrustDomain) -> Result<(), BadEntry> {
        if with == *domain {
            return Err(BadEntry::OwnDomain(with));
        }
        if self.federated.len() >= MOST && !self.federated.contains_key(&with) {
            return Err(BadEntry::TooMany);
        }
        self.federated.insert(with, from);
        Ok(())
    }

    /// Whether some entry for this user and path asks for the bytes of the program.
    pub fn asks_for_bytes(&self, uid: u32, path: &str) -> bool {
        let mut meant = self.entries.iter().filter(|entry| entry.uid == uid && entry.executable.path == path);
        meant.any(|entry| entry.executable.sha256.is_some())
    }

    /// The ids that a process gets, at least one; entries that name the bytes of the program first. A token that is shown for
    /// the first time belongs to the process from then on.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn admit(
        &mut self,
        caller: &Caller,
        token: Option<&TokenDigest>,
        now: Moment,
    ) -> Result<Vec<SpiffeId>, NotAdmitted> {
        if let Some(digest) = token {
            self.show(digest, &caller.process, now)?;
        }
        let held = self.tokens.values().filter(|token| token.shown_by.as_ref() == Some(&caller.process));
        let mut ids: Vec<&SpiffeId> = held.map(|token| &token.spiffe_id).collect();
        let mut meant: Vec<&Entry> = self.entries.iter().filter(|entry| entry.is_for(caller)).collect();
        meant.sort_by_key(|entry| entry.executable.sha256.is_none());
        ids.extend(meant.into_iter().map(|entry| &entry.spiffe_id));
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        let good: Vec<SpiffeId> = ids.iter().filter(|id| !self.revoked.contains(id)).map(|id| (*id).clone()).collect();
        match (good.is_empty(), ids.first()) {
            (false, _) => Ok(good),
            (true, Some(revoked)) => Err(NotAdmitted::Revoked((*revoked).clone())),
            (true, None) => Err(NotAdmitted::NoEntry { uid: caller.process.uid, path: caller.path.clone() }),
        }
    }

    fn show(&mut self, digest: &TokenDigest, by: &Process, now: Moment) -> Result<(), NotAdmitted> {
        let token = self.tokens.get_mut(digest).ok_or(NotAdmitted::UnknownToken)?;
        match &token.shown_by {
            Some(process) if process == by => Ok(()),
            Some(_) => Err(NotAdmitted::UsedToken),
            None if token.until <= now => Err(NotAdmitted::UnknownToken),
            None => {
                token.shown_by = Some(by.clone());
                Ok(())
            }
        }
    }

    /// Forgets tokens that nobody showed in time, and those whose process is gone. Whether there were any.
    pub fn forget(&mut self, now: Moment, is_alive: impl Fn(&Process) -> bool) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|_, token| match &token.shown_by {
            Some(process) => is_alive(process),
            None => now < token.until,
        });
        self.tokens.len() != before
    }
}

impl Entry {
    fn is_for(&self, caller: &Caller) -> bool {
        self.uid == caller.process.uid
            && caller.path.as_deref() == Some(&self.executable.path)
            && (self.executable.sha256.is_none() || self.executable.sha256 == caller.sha256)
    }
}

fn check_id(id: &SpiffeId, domain: &TrustDomain) -> Result<(), BadEntry> {
    if id.trust_domain() != domain {
        return Err(BadEntry::OtherDomain { id: id.clone(), domain: domain.clone() });
    }
    if !id.is_workload() { Err(BadEntry::NoPath(id.clone())) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
