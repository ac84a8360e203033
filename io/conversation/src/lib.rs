//! Two agents in conversation: what a scenario says, held live or simulated, recorded, judged and kept.
//!
//! The way of a conversation through this crate, top to bottom:
//!
//! 1. [`scenario`]: files that a person writes become a [`scenario::CastScenario`];
//! 2. [`casting`](session_config): the scenario becomes two session configurations;
//! 3. [`converse`] joins two sessions by packets and drives them by the clock, their effects going to [`Providers`];
//!    [`simulate`] does the same in virtual time;
//! 4. every packet and event is kept as it happens: recording, transcript, events. A `kill -9` loses at most the last
//!    second;
//! 5. at the end the recording is measured, the criteria are judged, [`report`] makes the page;
//! 6. [`Archive`] finds it all again, concludes what was cut off, removes what is too old; [`write_backup`] and
//!    [`restore`] carry it to another disk; [`diagnose`] says what went wrong in it.

mod agent;
mod archive;
mod awaited;
mod backup;
mod casting;
mod conclusion;
mod consumption;
mod conversation;
mod diagnosis;
mod folder;
mod happenings;
mod keeper;
mod keeping;
mod line;
mod listener;
mod listening_back;
mod measure;
mod meter;
mod notes;
mod page;
mod quantity;
mod recorder;
pub mod report;
mod runner;
pub mod scenario;
mod scripted;
mod speech;
mod summary;
mod transcript;
pub mod virtual_time;

pub use agent::{Agent, AgentConfig, Moment, Prepared};
pub use archive::{Archive, ArchiveError};
pub use awaited::Owed;
pub use backup::{Backup, BackupError, Compression, Manifest, RestoreError, Restored, Step, restore, write_backup};
pub use casting::{index, limits, session_config, side};
pub use consumption::{Consumption, StageCost};
pub use conversation::{ConversationConfig, ConverseError, Progress, converse, simulate};
pub use diagnosis::{Diagnosis, Facts, Finding, Readable, Severity, SideFacts, Told, diagnose, read_facts};
pub use folder::{FolderError, names, prepare_folder};
pub use keeper::{Conclusion, Dossier, Keeper};
pub use keeping::{Candidate, Kept, PinError, Prune, Pruned, Reason, Retention, RetentionPlan, plan};
pub use listening_back::Recognisers;
pub use measure::{Observed, PEAKS_PER_SECOND, RecordedSide, read_side};
pub use notes::remarks;
pub use quantity::{counted, dollars};
pub use recorder::RECORDING_RATE;
pub use runner::{CascadeModels, Models, Providers};
pub use scripted::{ScriptedStt, ScriptedTts};
pub use summary::{AgentSummary, Guidance, Status, Summary};
pub use transcript::{TokenUse, ToolUse, Transcript, Utterance};
