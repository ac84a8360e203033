use duologue_ids::Redacted;
use std::time::Duration;

/// Where a server is and how to treat it. The caller resolves environment variables.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// What errors call the provider ("openai").
    pub name: String,
    /// Up to and with the version, without the call: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The key; servers on the own machine rarely want one.
    pub api_key: Option<Redacted<String>>,
    /// The environment variable that a user would set the key in, for errors.
    pub key_variable: String,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How often to try again, before the first byte of an answer only.
    pub retries: u32,
    /// Pause before the first retry, doubled for each further one; between half of it and all of it is waited.
    pub backoff: Duration,
}

impl OpenAiConfig {
    /// OpenAI's own address.
    pub const OPENAI_BASE_URL: &'static str = "https://api.openai.com/v1";

    /// A server by its base URL, without a key, with the defaults for all else.
    pub fn new(base_url: impl Into<String>) -> OpenAiConfig {
        OpenAiConfig { base_url: base_url.into(), ..OpenAiConfig::default() }
    }
}

impl Default for OpenAiConfig {
    /// OpenAI itself, still without a key.
    fn default() -> Self {
        OpenAiConfig {
            name: "openai".into(),
            base_url: Self::OPENAI_BASE_URL.into(),
            api_key: None,
            key_variable: "OPENAI_API_KEY".into(),
            timeouts: Timeouts::default(),
            retries: 2,
            backoff: Duration::from_millis(250),
        }
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, name look-up and TLS included.
    pub connect: Duration,
    /// From the call to the first byte of its answer, connecting and retries included.
    pub first_byte: Duration,
    /// Between one piece of an answer and the next.
    pub stall: Duration,
    /// Spent on waiting for pieces of one answer in all, so that a server that drips can't hold a conversation for
    /// ever. Time in which the caller does not ask for the next piece does not count.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(15),
            stall: Duration::from_secs(15),
            answer: Duration::from_secs(120),
        }
    }
}
