use duologue_conversation::ConverseError;
use duologue_worker::{ApiError, JoinError};

/// Why a conversation in a room could not be held. Whatever was recorded is kept.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The server does not do what it is asked for.
    #[error("the room {room} could not be prepared: {why}")]
    Server {
        /// Its name.
        room: String,
        /// What the server says.
        why: ApiError,
    },
    /// Nobody can listen there.
    #[error("the recorder could not join the room {room}: {why}")]
    Recorder {
        /// Its name.
        room: String,
        /// Why.
        why: JoinError,
    },
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] duologue_livekit_wire::token::SignError),
    /// What is kept of it.
    #[error(transparent)]
    Converse(#[from] ConverseError),
    /// The task that measures the recording panicked: a defect of Duologue.
    #[error("the recording could not be measured; this is a defect, please report it with {folder}/events.jsonl")]
    Defect {
        /// Where the events are.
        folder: std::path::PathBuf,
    },
}
