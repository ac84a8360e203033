//! Supervision of an engine process: start, ask, watch, start again.
//!
//! [`Engine::start`] spawns the child and waits until it is ready; [`Engine::ask`] returns the stream of its
//! [`Answers`]. Dropping that stream cancels the request. The invariants:
//!
//! - A request ends: with the child's `Done` or `Error`, or with an [`EngineError`] when the child died, sent garbage,
//!   or showed no sign of life for [`EngineSpec::silent_for`]. Waiting behind earlier requests that make progress is
//!   not silence.
//! - A child that ended, hung or garbled is killed (only ever one's own child), and another one is started; the requests
//!   in flight fail, later ones wait for the new child. After [`EngineSpec::restarts`] failures the engine rests, and
//!   requests are refused with the cause.
//! - Memory is bounded: every queue has a limit, and a stream whose owner does not read it ends with
//!   [`EngineError::Unread`].
//!
//! One task owns the child and all bookkeeping (`supervise`); reading and writing pipes are tasks of their own
//! (`process`), so that neither a full pipe nor a slow reader stops the watch.

mod answers;
mod binary;
mod engine;
mod error;
mod gate;
mod in_flight;
mod process;
mod restarts;
mod supervise;

pub use answers::{Answer, Answers};
pub use binary::find_engine;
pub use engine::{Engine, EngineSpec};
pub use error::EngineError;
pub use gate::{HeavyGate, HeavyPermit, Urgency};
pub use restarts::RestartLimit;
