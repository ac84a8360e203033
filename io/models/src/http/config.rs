use duologue_ids::Redacted;
use std::time::Duration;

/// Where a server is and how to treat it, whichever provider's it is.
pub(crate) struct ServerConfig {
    pub(crate) name: String,
    pub(crate) base_url: String,
    pub(crate) api_key: Option<Redacted<String>>,
    pub(crate) key_variable: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    pub(crate) dialect: Dialect,
}

/// What differs between the providers before a byte of an answer is read.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) key: KeyHeader,
    /// The provider's own domain, which insists on a key.
    pub(crate) home: &'static str,
    /// A base URL that works.
    pub(crate) example: &'static str,
    /// What a server must be to be understood.
    pub(crate) kind: &'static str,
    /// Another variable that a key may be set in.
    pub(crate) also: Option<&'static str>,
}

/// How a key travels.
#[derive(Clone, Copy)]
pub(crate) enum KeyHeader {
    /// `Authorization`, behind this word.
    Authorization(&'static str),
    /// A header of its own.
    Named(&'static str),
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

/// Defines a provider's configuration: the same fields for all, with the provider's own defaults.
macro_rules! provider_config {
    ($(#[$doc:meta])* $config:ident, $name:literal, $key_variable:literal, $dialect:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $config {
            /// What errors call the provider.
            pub name: String,
            /// Up to and with the version, without the call; a query in it goes along with every call.
            pub base_url: String,
            /// The key; servers on the own machine rarely want one.
            pub api_key: Option<duologue_ids::Redacted<String>>,
            /// The environment variable that a user would set the key in, for errors.
            pub key_variable: String,
            /// How long to wait for what.
            pub timeouts: $crate::http::Timeouts,
            /// How often to try again, before the first byte of an answer only.
            pub retries: u32,
            /// Pause before the first retry, doubled for each further one; between half of it and all of it is waited.
            pub backoff: std::time::Duration,
        }

        impl Default for $config {
            /// The provider itself, still without a key.
            fn default() -> Self {
                $config {
                    name: $name.into(),
                    base_url: $dialect.example.into(),
                    api_key: None,
                    key_variable: $key_variable.into(),
                    timeouts: $crate::http::Timeouts::default(),
                    retries: 2,
                    backoff: std::time::Duration::from_millis(250),
                }
            }
        }

        impl From<$config> for $crate::http::ServerConfig {
            fn from(config: $config) -> Self {
                let $config { name, base_url, api_key, key_variable, timeouts, retries, backoff } = config;
                let dialect = $dialect;
                Self { name, base_url, api_key, key_variable, timeouts, retries, backoff, dialect }
            }
        }
    };
}
pub(crate) use provider_config;
