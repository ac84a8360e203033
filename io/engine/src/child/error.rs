use duologue_models::{ModelError, ModelErrorKind};
use std::path::PathBuf;
use std::time::Duration;

/// Why an engine does not run or a request to it failed. Cheap to clone: one cause may end many requests.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// There is no such program.
    #[error("the program {name} was not found; looked in {}", looked_in.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))]
    Missing {
        /// Its file name.
        name: String,
        /// The folders that were searched.
        looked_in: Vec<PathBuf>,
    },
    /// The system did not start it.
    #[error("{program} cannot be started: {reason}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It started and said that it cannot work.
    #[error("{engine} cannot work: {message}")]
    Refused {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// Its own words.
        message: String,
    },
    /// It did not become ready.
    #[error("{engine} was not ready after {} s", after.as_secs())]
    NotReady {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// [`super::EngineSpec::ready_within`].
        after: Duration,
    },
    /// It ended by itself or by a signal.
    #[error("{engine} ended unexpectedly ({status}){}", said(last_words))]
    Died {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// Exit code or signal.
        status: String,
        /// The last lines of its stderr.
        last_words: String,
    },
    /// It gave no sign of life while requests were waiting; it was killed.
    #[error("{engine} showed no sign of life for {} s and was stopped", after.as_secs())]
    Silent {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// [`super::EngineSpec::silent_for`].
        after: Duration,
    },
    /// It sent what is no frame; it was killed.
    #[error("{engine} sent something unreadable: {reason}")]
    Garbled {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It failed so often in a short time that it is left alone for a while.
    #[error("{engine} failed {failures} times in a row and is not started again for now; the last cause: {cause}")]
    Resting {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// How often.
        failures: usize,
        /// The last failure.
        cause: Box<EngineError>,
    },
    /// The engine answered this request with an error; others are not affected.
    #[error("{message}")]
    Failed {
        /// Its own words.
        message: String,
    },
    /// The answers were not taken from the stream, so the request was given up.
    #[error("nobody read the answers of {engine}, {waiting} of them")]
    Unread {
        /// [`super::EngineSpec::name`].
        engine: String,
        /// How many waited.
        waiting: usize,
    },
    /// The request is larger than a frame may be.
    #[error("the request is too large: {0}")]
    TooLarge(String),
    /// The program is shutting its engines down.
    #[error("{engine} is shut down")]
    ShutDown {
        /// [`super::EngineSpec::name`].
        engine: String,
    },
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("; its last words:\n{words}") }
}

impl EngineError {
    /// What kind of trouble it is for whoever asked.
    pub fn kind(&self) -> ModelErrorKind {
        match self {
            Self::Missing { .. } | Self::Spawn { .. } | Self::Refused { .. } | Self::Resting { .. } => {
                ModelErrorKind::Configuration
            }
            Self::NotReady { .. } | Self::Silent { .. } => ModelErrorKind::TimedOut,
            Self::Died { .. } => ModelErrorKind::Crashed,
            Self::Garbled { .. } => ModelErrorKind::Malformed,
            Self::Failed { .. } | Self::TooLarge(_) => ModelErrorKind::Rejected,
            Self::Unread { .. } | Self::ShutDown { .. } => ModelErrorKind::Unavailable,
        }
    }

    /// What the user can do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "run `make build`, which builds the engines beside `duologue`, or name their folder in DUOLOGUE_ENGINE_DIR"
            }
            Self::Spawn { .. } => {
                "check that the file may be executed and was built for this system, or run `make build`"
            }
            Self::Refused { .. } => "`duologue doctor` checks the models; `duologue models fetch` gets what is missing",
            Self::NotReady { .. } | Self::Silent { .. } => {
                "the machine may be overloaded or short of memory: try again with fewer conversations at once"
            }
            Self::Died { .. } => {
                "check free memory and the models with `duologue doctor`; an engine that dies in a call is started again by itself"
            }
            Self::Garbled { .. } => "program and engine may be of different versions: run `make build`",
            // Whether it died once, at start, or time and again: what helps is the same.
            Self::Resting { cause, .. } => cause.help(),
            Self::Failed { .. } | Self::TooLarge(_) => "change the request as the message says",
            Self::Unread { .. } => "this is a bug of the program: a stream must be read or dropped",
            Self::ShutDown { .. } => "start a new conversation",
        }
    }
}

impl From<EngineError> for ModelError {
    fn from(error: EngineError) -> ModelError {
        ModelError {
            provider: "local".to_owned(),
            kind: error.kind(),
            given_up: false,
            message: error.to_string(),
            help: error.help().to_owned(),
        }
    }
}
