//! Where one's identity, and the trust in others, comes from.

pub(crate) mod files;
pub(crate) mod workload;

use crate::clock;
use crate::svid::Svid;
use crate::trust::Trust;
use arc_swap::ArcSwap;
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::Moment;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is known at one moment: identity and trust change together, so that no connection meets the one without the other.
#[derive(Debug, Default)]
pub(crate) struct Material {
    pub(crate) svid: Option<Svid>,
    pub(crate) trust: Arc<Trust>,
    /// Counts what changed about whom to believe.
    pub(crate) trusted: u64,
}

/// One's identity as it is now, renewed by itself. Clones are the same; with the last one renewal ends.
#[derive(Clone)]
pub struct IdentitySource {
    desk: Arc<Desk>,
    _renewal: Arc<DropGuard>,
}

/// What renewal writes to.
pub(crate) struct Desk {
    material: ArcSwap<Material>,
    revoked: Mutex<BTreeSet<SpiffeId>>,
    error: Mutex<Option<String>>,
    trusted: watch::Sender<u64>,
    renewed: watch::Sender<u64>,
}

/// How an identity is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// In short.
    pub state: HealthState,
    /// Who one is.
    pub id: Option<SpiffeId>,
    /// Until when.
    pub until: Option<Moment>,
    /// The trust domains that are believed.
    pub trusts: Vec<TrustDomain>,
    /// Why the last attempt at renewal failed, where it did.
    pub error: Option<String>,
}

/// How an identity is doing, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// It is good.
    Ready,
    /// It is good, and was not renewed lately.
    Stale,
    /// There is none yet.
    Missing,
    /// It ran out.
    Expired,
}

/// Why one has no identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoIdentity {
    /// None was given.
    #[error(
        "this process has no identity ({why}): see that the socket, or the files, of its configuration are there, and that an entry is for it"
    )]
    Missing {
        /// What the last attempt met.
        why: String,
    },
    /// It was not renewed in time.
    #[error("the identity {id} of this process ran out ({why}): see that its authority runs")]
    Expired {
        /// Whose it was.
        id: SpiffeId,
        /// What the last attempt at renewal met.
        why: String,
    },
}

impl IdentitySource {
    /// A source, and the desk that its renewal writes to until the token ends.
    pub(crate) fn new() -> (IdentitySource, Arc<Desk>, CancellationToken) {
        let end = CancellationToken::new();
        let desk = Arc::new(Desk {
            material: ArcSwap::default(),
            revoked: Mutex::default(),
            error: Mutex::default(),
            trusted: watch::Sender::new(0),
            renewed: watch::Sender::new(0),
        });
        let source = IdentitySource { desk: Arc::clone(&desk), _renewal: Arc::new(end.clone().drop_guard()) };
        (source, desk, end)
    }

    /// Who one is now.
    ///
    /// # Errors
    /// [`NoIdentity`].
    pub fn svid(&self) -> Result<Svid, NoIdentity> {
        let material = self.desk.material.load();
        let why = || self.desk.error().unwrap_or_else(|| "nothing came yet".to_owned());
        match &material.svid {
            Some(svid) if clock::now() < svid.until().plus(Duration::from_secs(1)) => Ok(svid.clone()),
            Some(svid) => Err(NoIdentity::Expired { id: svid.id().clone(), why: why() }),
            None => Err(NoIdentity::Missing { why: why() }),
        }
    }

    /// Waits for an identity, at most so long.
    ///
    /// # Errors
    /// [`NoIdentity`].
    pub async fn ready(&self, patience: Duration) -> Result<Svid, NoIdentity> {
        let mut renewed = self.desk.renewed.subscribe();
        let come = async {
            loop {
                match self.svid() {
                    Ok(svid) => return svid,
                    // The sender is this source's own.
                    Err(_) => drop(renewed.changed().await),
                }
            }
        };
        match tokio::time::timeout(patience, come).await {
            Ok(svid) => Ok(svid),
            Err(_) => self.svid(),
        }
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        let material = self.desk.material.load();
        let error = self.desk.error();
        let state = match (self.svid(), &error) {
            (Ok(_), None) => HealthState::Ready,
            (Ok(_), Some(_)) => HealthState::Stale,
            (Err(NoIdentity::Missing { .. }), _) => HealthState::Missing,
            (Err(NoIdentity::Expired { .. }), _) => HealthState::Expired,
        };
        Health {
            state,
            id: material.svid.as_ref().map(|svid| svid.id().clone()),
            until: material.svid.as_ref().map(Svid::until),
            trusts: material.trust.bundles().map(|(domain, _)| domain.clone()).collect(),
            error,
        }
    }

    /// Whom to believe now.
    pub fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.desk.material.load().trust)
    }

    /// From now on nobody here believes this identity, and its connections end (see [`crate::Connections`]).
    pub fn revoke(&self, id: SpiffeId) {
        self.desk.change_revoked(|revoked| revoked.insert(id));
    }

    /// Takes [`IdentitySource::revoke`] back.
    pub fn readmit(&self, id: &SpiffeId) {
        self.desk.change_revoked(|revoked| revoked.remove(id));
    }

    /// Tells with each renewal, of identity or trust.
    pub fn renewals(&self) -> watch::Receiver<u64> {
        self.desk.renewed.subscribe()
    }

    /// Tells with each change about whom to believe.
    pub(crate) fn trust_changes(&self) -> watch::Receiver<u64> {
        self.desk.trusted.subscribe()
    }

    pub(crate) fn material(&self) -> Arc<Material> {
        self.desk.material.load_full()
    }
}

impl std::fmt::Debug for IdentitySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentitySource").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Desk {
    /// What renewal brought.
    pub(crate) fn put(&self, svid: Svid, trust: Trust) {
        let revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        self.store(Some(svid), trust, &revoked);
        drop(revoked);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.renewed.send_modify(|count| *count += 1);
    }

    /// What renewal met instead.
    pub(crate) fn failed(&self, why: String) {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        // It is tried again every few seconds, and a reason needs to be read only once.
        if error.as_ref() != Some(&why) {
            tracing::warn!(error = %why, "the identity was not renewed");
        }
        *error = Some(why);
    }

    fn error(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_revoked(&self, change: impl FnOnce(&mut BTreeSet<SpiffeId>) -> bool) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if !change(&mut revoked) {
            return;
        }
        let old = self.material.load_full();
        let bundles = old.trust.bundles().map(|(domain, authorities)| (domain.clone(), authorities.to_vec()));
        // It was made of the same before.
        if let Ok(trust) = Trust::of(bundles.collect::<Vec<_>>(), old.trust.lists().to_vec()) {
            self.store(old.svid.clone(), trust, &revoked);
        }
    }

    /// Under the lock of `revoked`, so that no change is lost to another.
    fn store(&self, svid: Option<Svid>, trust: Trust, revoked: &BTreeSet<SpiffeId>) {
        let trust = trust.without(revoked.clone());
        let old = self.material.load_full();
        let same = old.trust.is_same(&trust);
        let trusted = if same { old.trusted } else { old.trusted + 1 };
        let trust = if same { Arc::clone(&old.trust) } else { Arc::new(trust) };
        self.material.store(Arc::new(Material { svid, trust, trusted }));
        if !same {
            self.trusted.send_replace(trusted);
        }
    }
}
