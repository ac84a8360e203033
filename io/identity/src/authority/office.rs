//! The state of an authority, and what is done with it.

use super::folder::{Folder, FolderError, Kept, Place};
use super::root::{CryptoError, Issued, Record, Root};
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::document::Document;
use duologue_trust::roots::{self, RootStep, RootTimes, Timings};
use duologue_trust::{Entry, Moment, Registry};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// So many notes of what was issued are kept before those that are over are thrown away.
const NOTES: usize = 10_000;

/// Why something could not be issued or changed.
#[derive(Debug, Error)]
pub enum OfficeError {
    /// Its keys.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Its folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its roots ended, and no new one could be made.
    #[error("the authority has no root that is valid: see its log for why none could be made")]
    NoRoot,
}

/// Roots, registry and what was issued.
pub(super) struct Office {
    pub(super) domain: TrustDomain,
    pub(super) timings: Timings,
    pub(super) registry: Registry,
    /// Bundles of other trust domains as they were last read.
    pub(super) foreign: BTreeMap<TrustDomain, Document>,
    /// Of this process's own making; it is not kept.
    pub(super) own: Option<Entry>,
    folder: Folder,
    sequence: u64,
    roots: Vec<Root>,
    svids: BTreeMap<SpiffeId, Issued>,
    records: Vec<Record>,
    lists: Vec<Vec<u8>>,
    /// A root that is on its way to the disk: nobody hears of it before it is there.
    coming: Option<Root>,
}

/// A change of roots that is to be written before it is told.
pub(super) struct Turn {
    folder: Arc<Place>,
    kept: Kept,
}

impl Turn {
    pub(super) fn write(&self) -> Result<(), FolderError> {
        self.folder.save(&self.kept)
    }
}

impl Office {
    pub(super) fn open(
        folder: Folder,
        domain: TrustDomain,
        timings: Timings,
        now: Moment,
    ) -> Result<Office, OfficeError> {
        let mut office = Office {
            timings,
            registry: Registry::default(),
            foreign: BTreeMap::new(),
            own: None,
            sequence: 0,
            roots: Vec::new(),
            svids: BTreeMap::new(),
            records: Vec::new(),
            lists: Vec::new(),
            coming: None,
            folder,
            domain,
        };
        if let Some(kept) = office.folder.load(&office.domain)? {
            office.sequence = kept.sequence;
            office.registry = kept.registry;
            for root in &kept.roots {
                office.roots.push(Root::read(root, &office.domain)?);
            }
            office.records = office.folder.load_issued(now)?;
        }
        office.list_revoked(now)?;
        Ok(office)
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn root_times(&self) -> Vec<RootTimes> {
        self.roots.iter().map(|root| root.times).collect()
    }

    pub(super) fn issued(&self) -> impl Iterator<Item = &Issued> {
        self.svids.values()
    }

    /// Makes or forgets a root, if that is due: what comes of it is to be written, and then [`Office::turned`] says so. Whoever
    /// asks for an identity meanwhile does not wait for the disk.
    pub(super) fn turn(&mut self, now: Moment) -> Result<Option<Turn>, OfficeError> {
        let Some(step) = roots::next_step(&self.root_times(), now, &self.timings) else { return Ok(None) };
        match step {
            RootStep::Make(times) => {
                self.coming = Some(Root::make(&self.domain, times, &self.timings)?);
                tracing::info!(number = times.number, domain = %self.domain, "a root is made");
            }
            RootStep::Drop(number) => {
                tracing::info!(number, domain = %self.domain, "a root is over");
                self.roots.retain(|root| root.times.number != number);
            }
        }
        Ok(Some(Turn { kept: self.kept(), folder: self.folder.place() }))
    }

    /// From now on a root that was made is told, where it is on the disk; else it does not exist.
    pub(super) fn turned(&mut self, now: Moment, written: Result<(), FolderError>) -> Result<(), OfficeError> {
        let coming = self.coming.take();
        written?;
        self.roots.extend(coming);
        self.list_revoked(now)
    }

    /// When [`Office::turn`] is to be called next.
    pub(super) fn next_look(&self, now: Moment) -> Moment {
        roots::next_look(&self.root_times(), now)
    }

    /// Keeps the registry, the roots, and that there was a change.
    pub(super) fn save(&mut self) -> Result<(), FolderError> {
        let kept = self.kept();
        self.folder.place().save(&kept)
    }

    /// What is to be kept from now on, newer than all before.
    fn kept(&mut self) -> Kept {
        self.sequence += 1;
        let roots = self.roots.iter().chain(&self.coming).map(Root::kept).collect();
        let mut registry = self.registry.clone();
        registry.entries.retain(|entry| self.own.as_ref() != Some(entry));
        Kept::new(self.domain.clone(), self.sequence, roots, registry)
    }

    /// The SVID of an id: the same for all who ask, until half of its time is over.
    pub(super) fn svid(&mut self, id: &SpiffeId, now: Moment) -> Result<Issued, OfficeError> {
        if let Some(issued) = self.svids.get(id)
            && now < issued.renewal()
            && self.roots.iter().any(|root| root.times.number == issued.record.root)
        {
            return Ok(issued.clone());
        }
        let issued = self.signer(now)?.issue(id, now, &self.timings)?;
        self.folder.note(&issued.record)?;
        self.records.push(issued.record.clone());
        if self.records.len() > NOTES {
            self.records.retain(|record| now < record.until);
            let rewritten = self.folder.rewrite_issued(&self.records);
            rewritten.map_err(|error| FolderError::File { path: self.folder.path().to_owned(), error })?;
        }
        self.svids.retain(|_, issued| now < issued.record.until);
        self.svids.insert(id.clone(), issued.clone());
        Ok(issued)
    }

    fn signer(&self, now: Moment) -> Result<&Root, OfficeError> {
        let times = self.root_times();
        let signer = roots::signer(&times, now).ok_or(OfficeError::NoRoot)?;
        self.roots.iter().find(|root| root.times.number == signer.number).ok_or(OfficeError::NoRoot)
    }

    pub(super) fn token(&self, id: &SpiffeId, audience: &[String], now: Moment) -> Result<String, OfficeError> {
        Ok(self.signer(now)?.token(id, audience, now, &self.timings)?)
    }

    /// The own certificates.
    pub(super) fn bundle(&self) -> Vec<CertificateDer<'static>> {
        self.roots.iter().map(|root| root.certificate.clone()).collect()
    }

    /// The own keys as others read them.
    pub(super) fn document(&self) -> Document {
        Document {
            x509: self.roots.iter().map(|root| root.certificate.to_vec()).collect(),
            jwt: self.roots.iter().map(|root| (root.kid.clone(), root.jwt_key())).collect(),
            sequence: Some(self.sequence),
            refresh_hint: Some((self.timings.root / 12).clamp(Duration::from_secs(1), Duration::from_secs(300))),
        }
    }

    pub(super) fn document_text(&self) -> String {
        self.document().write(|certificate| {
            let root = self.roots.iter().find(|root| root.certificate.as_ref() == certificate);
            root.map_or(Value::Null, Root::certificate_key)
        })
    }

    /// The keys of all trust domains for JWT-SVIDs.
    pub(super) fn jwt_bundles(&self) -> BTreeMap<TrustDomain, Document> {
        let mut bundles = self.foreign.clone();
        bundles.insert(self.domain.clone(), self.document());
        bundles
    }

    /// Lists of revoked certificates, in DER.
    pub(super) fn lists(&self) -> &[Vec<u8>] {
        &self.lists
    }

    /// Writes the lists anew: after a change of what is revoked, or of roots.
    pub(super) fn list_revoked(&mut self, now: Moment) -> Result<(), OfficeError> {
        let revoked = |record: &&Record| self.registry.revoked.contains(&record.id) && now < record.until;
        let mut lists = Vec::new();
        for root in &self.roots {
            lists.extend(root.revoke(self.records.iter().filter(revoked), (now, self.sequence))?);
        }
        self.lists = lists;
        self.svids.retain(|id, _| !self.registry.revoked.contains(id));
        Ok(())
    }
}

impl Issued {
    /// When it is made anew.
    pub(super) fn renewal(&self) -> Moment {
        roots::renewal(self.made, self.record.until)
    }
}
