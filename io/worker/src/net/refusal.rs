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

/// A server's words, in one line, short, and without tokens: livekit-server repeats the one that it refuses.
pub(crate) fn words(body: &str) -> String {
    let line: String = masked(body).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { "(no reason given)".into() } else { line.chars().take(WORDS).collect() }
}

/// A text with `(token)` in the place of all that looks like a JSON web token (RFC 7519: base64url of `{"…`, and dots),
/// also where its end is cut off.
fn masked(text: &str) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("eyJ") {
        let (token, after) = from.split_at(from.find(|c| !is_of_token(c)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str("(token)");
        // A full stop after it belongs to the sentence.
        out.push_str(if token.ends_with('.') { "." } else { "" });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_a_servers_words_are_not_shown() {
        let said = "invalid token: eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln-_, error: signature is invalid";
        let error = ConnectError::of_status("http://x/", 401, said).to_string();
        assert!(error.contains("invalid token: (token), error: signature is invalid"), "{error}");
        assert_eq!(words("no eyJhbGciOiJI"), "no (token)");
        assert_eq!(words("\"eyJh.eyJp.c2ln\" and eyJh.eyJp.c2ln."), "\"(token)\" and (token).");
        assert_eq!(words("they say yes, and é"), "they say yes, and é");
    }
}
