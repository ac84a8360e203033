use std::time::Duration;

/// Characters of a server's own words that are shown.
const WORDS: usize = 300;

/// Why a WebSocket to a server did not come about, or broke.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody is there.
    #[error("no LiveKit server can be reached at {url}: {why}; is it running, and is the address right?")]
    Unreachable {
        /// Where.
        url: String,
        /// The system's words.
        why: String,
    },
    /// The token is not accepted.
    #[error(
        "the server at {url} refuses the token: {why}; compare LIVEKIT_API_KEY and LIVEKIT_API_SECRET with the server's"
    )]
    Unauthorized {
        /// Where.
        url: String,
        /// The server's words.
        why: String,
    },
    /// There is something else at the address.
    #[error("{url} is no LiveKit server, or one with another path: it does not know this address (404)")]
    NotFound {
        /// Where.
        url: String,
    },
    /// Another answer than a WebSocket.
    #[error("the server at {url} answered {status}: {why}")]
    Status {
        /// Where.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        why: String,
    },
    /// It is slow.
    #[error("the server at {url} did not answer within {} s; is it overloaded, or something else than a LiveKit server?", .patience.as_secs())]
    Silent {
        /// Where.
        url: String,
        /// How long was waited.
        patience: Duration,
    },
    /// It speaks another language.
    #[error("the server at {url} does not speak LiveKit's protocol: {why}")]
    Foreign {
        /// Where.
        url: String,
        /// What was wrong.
        why: String,
    },
}

impl ConnectError {
    /// Whether trying again soon can help.
    pub fn is_passing(&self) -> bool {
        match self {
            ConnectError::Unreachable { .. } | ConnectError::Silent { .. } => true,
            ConnectError::Status { status, .. } => *status >= 500 || *status == 429,
            ConnectError::Unauthorized { .. } | ConnectError::NotFound { .. } | ConnectError::Foreign { .. } => false,
        }
    }

    pub(crate) fn of_status(url: &str, status: u16, body: &str) -> ConnectError {
        let (url, why) = (url.to_owned(), words(body));
        match status {
            401 | 403 => ConnectError::Unauthorized { url, why },
            404 => ConnectError::NotFound { url },
            _ => ConnectError::Status { url, status, why },
        }
    }
}

/// A server's words, in one line and short.
pub(crate) fn words(body: &str) -> String {
    let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "(no reason given)".into() } else { line.chars().take(WORDS).collect() }
}
