//! The decision log: every outcome, before anything follows from it.

mod file;
mod store;

#[cfg(feature = "fuzzing")]
pub(crate) use file::chain_of;
pub use file::{FileLog, FileLogError};
pub use store::StoreLog;

use duologue_policy::DecisionRecord;

/// Where decisions are kept.
#[derive(Clone, Debug)]
pub enum DecisionLog {
    /// In the audit chain of a store.
    Store(StoreLog),
    /// In a file of its own, whose lines are chained.
    File(FileLog),
    /// In the program's own log alone, for an agent that has no disk: nobody finds out what is missing there.
    Trace,
}

/// Why a decision could not be kept: nothing may follow from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub(crate) String);

impl DecisionLog {
    /// Keeps a decision. Once this is over it survives the end of the process; what more is promised is up to the kind of log.
    ///
    /// # Errors
    /// [`LogError`]: it may be lost, so that the call must be denied.
    pub async fn write(&self, record: &DecisionRecord<'_>) -> Result<(), LogError> {
        match self {
            DecisionLog::Store(log) => log.write(record).await,
            DecisionLog::File(log) => log.write(record).await,
            DecisionLog::Trace => Ok(()),
        }
    }
}
