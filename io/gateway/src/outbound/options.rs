use super::identity::Identity;
use super::keys::KeySet;
use crate::binding::Binding;
use crate::hop::Hop;
use duologue_a2a::call::Limits;
use duologue_a2a::model::Secret;
use duologue_a2a::version::Dialect;
use http::HeaderName;
use std::time::Duration;

/// How to speak with an agent.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bindings, the preferred first; others are not used.
    pub bindings: Vec<Binding>,
    /// Versions, the preferred first; they go before the bindings.
    pub dialects: Vec<Dialect>,
    /// From a call to its whole answer, retries included. A stream has to begin within it.
    pub timeout: Duration,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// A stream on which nothing came for so long, not even a sign of life, is taken for cut.
    pub idle: Duration,
    /// How often a call is made again that may be, where the agent was not reached or had no room.
    pub retries: u32,
    /// How often in a row a stream that is cut is taken up again, without an event in between.
    pub resumptions: u32,
    /// A token for `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// Other headers, which go with every call.
    pub headers: Vec<(HeaderName, Secret)>,
    /// URIs of the extensions that the client declares.
    pub extensions: Vec<String>,
    /// Without encryption to other machines too; the loopback interface needs none.
    pub allow_plaintext: bool,
    /// Certificates of authorities in PEM, in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// Whom calls are made as, and who the callee has to be: all goes over mutual TLS then, the card too, and nothing to addresses
    /// without it. In place of [`Options::authorities`].
    pub identity: Option<Identity>,
    /// Keys that cards have to be signed by; none: any card is taken.
    pub card_keys: Option<KeySet>,
    /// The call because of which this one is made.
    pub hop: Hop,
    /// How much is read.
    pub limits: Limits,
}

impl Default for Options {
    /// All bindings and versions that there are, 30 s for a call, 10 s for a connection, 5 min of silence.
    fn default() -> Options {
        Options {
            bindings: vec![Binding::JsonRpc, Binding::Http, Binding::Grpc],
            dialects: vec![Dialect::V1_0, Dialect::V0_3],
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            retries: 2,
            resumptions: 8,
            bearer: None,
            headers: Vec::new(),
            extensions: Vec::new(),
            allow_plaintext: false,
            authorities: None,
            identity: None,
            card_keys: None,
            hop: Hop::default(),
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// Something goes with every call that is not for others.
    pub(super) fn has_credentials(&self) -> bool {
        self.bearer.is_some() || !self.headers.is_empty()
    }
}
