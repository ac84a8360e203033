//! Applying the rules to an archive.

use super::removal;
use super::retention::{Candidate, Reason, Retention, plan};
use super::{Kept, is_running};
use crate::archive::{Archive, ArchiveError};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How to prune.
#[derive(Clone, Copy, Debug)]
pub struct Prune<'a> {
    /// By which rules.
    pub rules: Retention,
    /// The present.
    pub now: SystemTime,
    /// Id of one that stays whatever the rules say: the one that has just been held.
    pub spare: Option<&'a str>,
    /// Only find out what would go.
    pub is_dry: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Pruned {
    /// What went, or would go, oldest first.
    pub removed: Vec<(Kept, Reason)>,
    /// What could not be removed.
    pub failed: Vec<(String, ArchiveError)>,
    /// How many stay in the archive.
    pub left: usize,
    /// What they take.
    pub bytes_left: u64,
}

impl Archive {
    /// Removes what the rules do not let stay. Those that go on, that somebody looks at, that are pinned, and those that
    /// were put elsewhere (`--out`) stay: whoever chose a place for one looks after it.
    pub fn prune(&self, prune: &Prune<'_>) -> Pruned {
        let mut kept: Vec<Option<Kept>> =
            self.kept().into_iter().filter(|k| !k.is_elsewhere && !k.is_link).map(Some).collect();
        let candidate = |k: &Kept| Candidate {
            age: age(k, prune.now),
            bytes: k.bytes,
            may_go: !k.is_pinned && !k.is_running && Some(k.id.as_str()) != prune.spare,
        };
        let candidates: Vec<Candidate> = kept.iter().flatten().map(candidate).collect();
        let planned = plan(&prune.rules, &candidates);
        let mut done = Pruned { left: kept.len(), bytes_left: planned.bytes_left, ..Pruned::default() };
        for (place, reason) in planned.go {
            let Some(kept) = kept.get_mut(place).and_then(Option::take) else { continue };
            let removed = match prune.is_dry {
                true => Ok(()),
                // Somebody may have begun to look at it since.
                false if is_running(&kept.folder) => Err(ArchiveError::Running(kept.id.clone())),
                false => removal::remove(&kept.folder, None),
            };
            match removed {
                Ok(()) => {
                    done.left -= 1;
                    done.removed.push((kept, reason));
                }
                Err(e) => {
                    done.bytes_left += kept.bytes;
                    done.failed.push((kept.id, e));
                }
            }
        }
        done
    }
}

/// By when it says it began; of one that can't be read, by when its folder was last changed.
fn age(kept: &Kept, now: SystemTime) -> Duration {
    let said = kept.summary.as_ref().and_then(|s| OffsetDateTime::parse(&s.started_at, &Rfc3339).ok());
    let changed = || kept.folder.metadata().and_then(|m| m.modified()).ok();
    let began = said.map(SystemTime::from).or_else(changed);
    began.and_then(|began| now.duration_since(began).ok()).unwrap_or_default()
}
