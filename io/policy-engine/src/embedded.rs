//! Rego in the process.

use crate::program::{Limits, Program, compile};
use crate::source::{Dialect, LoadError, PolicyPaths, Stamp, read};
use crate::stack::on_a_large_stack;
use arc_swap::ArcSwap;
use duologue_policy::{Decision, Document};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// What `Decision::engine` says.
pub(crate) const NAME: &str = "embedded";

/// A policy that is evaluated in the process, and taken in anew when its files change.
pub struct Embedded {
    paths: PolicyPaths,
    limits: Limits,
    loaded: ArcSwap<Loaded>,
    status: watch::Sender<Status>,
    /// One reload at a time.
    reloading: Mutex<()>,
}

struct Loaded {
    program: Program,
    digest: Arc<str>,
}

/// How it stands with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The digest of what decides.
    pub policy: String,
    /// Its files, and how each is written.
    pub files: Vec<(String, Dialect)>,
    /// Why it is interpreted, ten times slower than by the bytecode machine; none: it is not.
    pub interpreted: Option<String>,
    /// Since when it decides.
    pub since: SystemTime,
    /// What is on the disk cannot be used, and since when: what decides is older.
    pub stale: Option<Stale>,
}

/// Why a newer policy does not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Since when.
    pub since: SystemTime,
    /// What is wrong with it.
    pub error: LoadError,
}

impl Embedded {
    /// Reads and compiles a policy.
    ///
    /// # Errors
    /// [`LoadError`], with the file and the line.
    pub fn load(paths: PolicyPaths, limits: Limits) -> Result<Embedded, LoadError> {
        let (loaded, status) = load(&paths, limits)?;
        told(&status);
        let (status, _) = watch::channel(status);
        Ok(Embedded { paths, limits, loaded: ArcSwap::from_pointee(loaded), status, reloading: Mutex::new(()) })
    }

    /// What the policy says of a document. It takes microseconds, and never longer than the limits allow.
    pub fn decide(&self, document: &Document<'_>) -> Decision {
        let loaded = self.loaded.load();
        Decision::of(loaded.program.decide(document), NAME, Arc::clone(&loaded.digest))
    }

    /// How it stands now; whoever keeps the receiver sees what changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Reads the files again. What cannot be used leaves what was there before in its place, and says so in the status.
    ///
    /// # Errors
    /// [`LoadError`], with the file and the line.
    pub fn reload(&self) -> Result<(), LoadError> {
        let _one = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        match load(&self.paths, self.limits) {
            Ok((loaded, status)) => {
                if loaded.digest == self.loaded.load().digest {
                    // It was mended by taking the change back.
                    self.status.send_if_modified(|status| status.stale.take().is_some());
                    return Ok(());
                }
                told(&status);
                self.loaded.store(Arc::new(loaded));
                self.status.send_replace(status);
                Ok(())
            }
            Err(error) => {
                let is_news = self.status.send_if_modified(|status| {
                    let same = status.stale.as_ref().is_some_and(|stale| stale.error == error);
                    let since = status.stale.as_ref().map_or_else(SystemTime::now, |stale| stale.since);
                    status.stale = Some(Stale { since, error: error.clone() });
                    !same
                });
                if is_news {
                    tracing::warn!(%error, policy = %self.loaded.load().digest, "Policy on the disk cannot be used: the last good one goes on deciding");
                }
                Err(error)
            }
        }
    }

    /// Looks at the files `every` so often, and takes in what changed once it has been the same for two looks. Goes on for
    /// ever: it is to be spawned, and aborted.
    pub async fn watch(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut look = Look::default();
        loop {
            ticks.tick().await;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || {
                this.look(&mut look);
                look
            });
            let Ok(after) = looked.await else { return };
            look = after;
        }
    }

    fn look(&self, look: &mut Look) {
        let now = self.paths.stamp();
        let settled = look.last.as_ref() == Some(&now);
        look.last = Some(now);
        if settled && look.taken != look.last {
            look.taken.clone_from(&look.last);
            // What is wrong stands in the status, and is written to the log there.
            let _ = self.reload();
        }
    }
}

/// What was seen of the files.
#[derive(Default)]
struct Look {
    last: Option<Result<Stamp, LoadError>>,
    taken: Option<Result<Stamp, LoadError>>,
}

fn load(paths: &PolicyPaths, limits: Limits) -> Result<(Loaded, Status), LoadError> {
    let files = read(paths, false)?;
    let compiled = on_a_large_stack(|| compile(&files, limits)).ok_or_else(LoadError::broke_off)??;
    let status = Status {
        policy: files.digest.clone(),
        files: compiled.dialects,
        interpreted: compiled.interpreted,
        since: SystemTime::now(),
        stale: None,
    };
    Ok((Loaded { program: compiled.program, digest: files.digest.into() }, status))
}

fn told(status: &Status) {
    for (file, dialect) in &status.files {
        if *dialect == Dialect::V1 {
            tracing::info!(%file, %dialect, "Policy file loaded");
        } else {
            tracing::warn!(%file, %dialect, "Policy file loaded, in an older dialect: `opa fmt --v0-v1` brings it up to date");
        }
    }
    if let Some(why) = &status.interpreted {
        tracing::warn!(%why, "Policy is interpreted, which takes ten times as long");
    }
    tracing::info!(policy = %status.policy, "Policy decides");
}
