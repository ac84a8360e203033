//! Who works for whom: workers, dispatches and jobs of a room server, decided without a socket or a clock.
//!
//! A **worker** is a connection that offers to run an agent. A **dispatch** is the wish that an agent be in a room: made
//! by the room's configuration, by a request, or, where a room names no agent, by the room itself for any worker without
//! a name. A **job** is what a worker does for a dispatch: one for the room, or one per participant. The meanings are those
//! of LiveKit's worker protocol; the messages are not here, so that they may change without the decisions.
//!
//! ```
//! use duologue_dispatch::{Agent, Answer, Config, Dispatcher, Input, JoinAs, Output, WorkerSpec};
//! use duologue_ids::{Mono, Seed};
//!
//! let mut dispatcher = Dispatcher::new(Config::default(), Seed(7));
//! let now = Mono::ZERO;
//!
//! // The agent is wanted before anybody runs it: that is no mistake, it waits.
//! let agent = Agent { name: "joe".into(), ..Default::default() };
//! dispatcher.handle(now, Input::RoomCreated { room: "kitchen".into(), agents: vec![agent] });
//! assert!(matches!(dispatcher.poll(), Output::Timeout(at) if at == Mono::from_millis(60_000)));
//!
//! // A worker comes, is asked, says yes, and gets the job.
//! let now = Mono::from_millis(5_000);
//! let worker = dispatcher.register(now, WorkerSpec { agent_name: "joe".into(), ..Default::default() });
//! let Output::Offer { job, .. } = dispatcher.poll() else { panic!("asked") };
//! let answer = Answer::Accept(JoinAs { identity: "joe-1".into(), ..Default::default() });
//! dispatcher.handle(now, Input::Answered { worker, job: job.id, answer });
//! let Output::Assign { join_as, .. } = dispatcher.poll() else { panic!("assigned") };
//! assert_eq!(join_as.attributes["lk.agent_name"], "joe");
//! ```
//!
//! # How a job finds its worker
//!
//! 1. Of the available workers with its agent's name, its deployment and its kind, one is drawn with the weight 1 − load,
//!    and asked ([`Output::Offer`]).
//! 2. Yes: the job is its own ([`Output::Assign`]). No: another is asked, and this one never again. Silence for
//!    [`Config::answer_within`]: another is asked, and this one again only after a while. Its connection breaks: another.
//! 3. Nobody left: the job waits for a worker that registers, becomes free, or is to be asked again, until its deadline
//!    ([`Config::deadline`]). Then it failed, and where its whole dispatch came to nothing, [`Output::Failed`] says why in
//!    words for people.
//!
//! livekit-server drops a dispatch that finds no worker and gives up on a worker that does not answer; steps 2 and 3 are
//! where this one differs, and no client can tell but by its agent being there.
//!
//! # What holds
//!
//! - No job is at two workers. Who answers after having been replaced gets nothing.
//! - A worker whose connection broke finds its jobs again for [`Config::reconnect_within`] ([`Input::Migrated`]); jobs that
//!   ended meanwhile are terminated when it brings them.
//! - A room that ends, or a dispatch that is deleted, ends its jobs at their workers.
//! - Agents get no agents: dependent participants start no jobs.
//! - One seed, one outcome: ids and draws come from it alone.
//!
//! # What is not here
//!
//! Tokens, messages, and the three seconds that an agent is given to leave by itself: the shell's. Load is as workers report
//! it; a job that was just given does not add to it.

#![forbid(unsafe_code)]

mod api;
mod dispatcher;
mod job;
#[cfg(test)]
mod laws;
mod names;
mod offers;
#[cfg(test)]
mod tests;
mod worker;

pub use api::{Answer, Config, CreateError, DeleteError, Failure, Input, JoinAs, Output};
pub use dispatcher::Dispatcher;
pub use job::{Agent, Dispatch, Job, JobKind, JobStatus};
pub use names::{DispatchId, JobId, WorkerId};
pub use worker::{Permissions, Worker, WorkerSpec};
