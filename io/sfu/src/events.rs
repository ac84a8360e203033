use duologue_dispatch::{Dispatch, Failure, Job};
use duologue_livekit_wire::proto;

/// What happens on a server, for whoever wants to know: a page, a log, an orchestrator.
#[derive(Clone, Debug)]
pub enum ServerEvent {
    /// A room came into being.
    Opened(Box<proto::Room>),
    /// Something happened in a room.
    Room {
        /// Its name.
        room: String,
        /// Which of the rooms of that name (`RM_…`).
        sid: String,
        /// What.
        event: duologue_room::Event,
    },
    /// A job is over.
    JobEnded(Box<Job>),
    /// An agent that was dispatched did not come, for this reason.
    DispatchFailed(Box<Dispatch>, Failure),
}
