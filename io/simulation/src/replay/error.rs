use duologue_conversation::scenario::Side;
use duologue_voice::SessionError;
use std::path::PathBuf;

/// Why a conversation can't be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file is not there or can't be read.
    #[error("{path} cannot be read: {why}\n  help: {help}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to do.
        help: &'static str,
    },
    /// The other side's voice is not there.
    #[error(
        "{folder} holds no recording of the {side}, which is what the other side heard\n  \
         help: a suite keeps recordings with `sound: opus` and without `--no-audio`; of a removed file a backup may have one"
    )]
    NoSound {
        /// The conversation.
        folder: PathBuf,
        /// Whose voice is missing.
        side: Side,
    },
    /// Nothing is known of what that side did.
    #[error("{path} tells of nothing that the {side} did\n  help: replay the other side with `--side {}`", .side.other().as_str())]
    Nothing {
        /// The events.
        path: PathBuf,
        /// Which side.
        side: Side,
    },
    /// That side was no agent.
    #[error("the {side} of this conversation was a caller by script, which decides nothing\n  help: replay the {} instead", .side.other())]
    Scripted {
        /// Which side.
        side: Side,
    },
    /// That side had no stages of which answers could be kept.
    #[error("the {side} of this conversation was one model that hears and speaks, of whose answers only the sound is kept\n  help: replay a side that has stt, llm and tts, for instance with `--side {}`", .side.other())]
    Realtime {
        /// Which side.
        side: Side,
    },
    /// A session can't be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Two accounts that are too long to be laid beside each other.
    #[error("there are {then} decisions then and {now} now of one kind; that is no conversation")]
    TooLong {
        /// Then.
        then: usize,
        /// Now.
        now: usize,
    },
}

/// Why a setting can't be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It does not say what is set to what.
    #[error("`{0}` is no setting\n  help: write NAME=VALUE, like `interruption.min_duration_ms=300`")]
    Form(String),
    /// There is no such setting.
    #[error("there is no setting `{name}`\n  help: there are {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// All there are.
        known: String,
    },
    /// It does not take such a value.
    #[error("`{name}` does not take `{value}`\n  help: {help}")]
    Value {
        /// Which.
        name: String,
        /// What was given.
        value: String,
        /// What it takes.
        help: &'static str,
    },
}
