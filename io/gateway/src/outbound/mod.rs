//! The client: speaks with any A2A agent, in the version and binding that both know.
//!
//! A call goes through: checked → sent with what travels along (version, extensions, credentials, trace, callers, deadline) →
//! made again where that is safe → read. A stream is followed over as many connections as it takes ([`Events`]).

mod address;
mod card;
mod carrier;
mod choose;
mod error;
mod follow;
mod grpc;
mod headers;
mod http;
mod identity;
mod keys;
mod mutual;
mod operations;
mod options;
mod tls;
mod told;

pub use crate::binding::Binding;
pub use card::Fetched;
pub use choose::Interface;
pub use error::{CallError, ConnectError};
pub use follow::Events;
pub use identity::{Identity, IdentityError};
pub use keys::{BadKeys, KeySet};
pub use options::Options;
pub use told::Told;

use crate::extension;
use crate::hop::Hop;
use carrier::Carrier;
use duologue_a2a::call::{Call, Operation, Reply};
use duologue_a2a::model::{Message, Part, Role, Timestamp};
use duologue_a2a::version::Dialect;
use follow::Source;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The pause before the first retry; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// It grows no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A client of one agent; a copy shares its connections.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
    /// The call because of which others are made.
    hop: Hop,
    timeout: Duration,
}

#[derive(Debug)]
struct Inner {
    fetched: Fetched,
    interface: Interface,
    transport: Transport,
    options: Options,
    headers: ::http::HeaderMap,
    is_ours: bool,
}

#[derive(Debug)]
enum Transport {
    Http(http::Http),
    Grpc(grpc::Grpc),
}

impl Client {
    /// Fetches the card of the agent at an address, or the card that is itself at the address, and chooses how to speak.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(url: &str, options: Options) -> Result<Client, ConnectError> {
        Client::of(Fetched::at(url, &options).await?, options)
    }

    /// For a card that was fetched before.
    ///
    /// # Errors
    /// [`ConnectError`], where the options leave no way to speak with the agent.
    pub fn of(fetched: Fetched, options: Options) -> Result<Client, ConnectError> {
        let interface = fetched.interface(&options)?;
        let transport = match interface.binding {
            Binding::Grpc => Transport::Grpc(grpc::Grpc::new(&interface, &options)?),
            _ => Transport::Http(http::Http::new(interface.clone(), &options)?),
        };
        let headers = headers::fixed(&options, interface.dialect)?;
        let mut extensions = fetched.card.capabilities.extensions.iter();
        let is_ours = extensions.any(|extension| extension.uri == extension::IDEMPOTENT_SEND);
        let (hop, timeout) = (options.hop.clone(), options.timeout);
        let inner = Arc::new(Inner { fetched, interface, transport, options, headers, is_ours });
        Ok(Client { inner, hop, timeout })
    }

    /// The same, for the calls that are made because of another one: with its trace, callers and deadline, and with the time that
    /// they may take. Connections and card are shared.
    #[must_use]
    pub fn because_of(&self, hop: Hop, timeout: Duration) -> Client {
        Client { inner: Arc::clone(&self.inner), hop, timeout }
    }

    /// The agent's card, as it was fetched.
    pub fn fetched(&self) -> &Fetched {
        &self.inner.fetched
    }

    /// The interface that is used.
    pub fn interface(&self) -> &Interface {
        &self.inner.interface
    }

    /// Asks whether there is a newer card, by the tag of this one: a client with that, else the same again.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn refreshed(&self) -> Result<Client, ConnectError> {
        let Inner { fetched, options, .. } = &*self.inner;
        let headers = headers::fixed(options, fetched.dialect)?;
        let carrier = Carrier::new(&fetched.url, options)?;
        match card::fetch_newer(&carrier, fetched, headers, options).await? {
            Some(newer) => Ok(Client::of(newer, options.clone())?.because_of(self.hop.clone(), self.timeout)),
            None => Ok(self.clone()),
        }
    }

    /// With other options, and the same card.
    ///
    /// # Errors
    /// [`ConnectError`], where the options leave no way to speak with the agent.
    pub fn with(&self, options: Options) -> Result<Client, ConnectError> {
        Client::of(self.inner.fetched.clone(), options)
    }

    /// Makes a call that is answered at once.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&self, call: Call) -> Result<Reply, CallError> {
        let call = self.prepared(call)?;
        let (limit, deadline) = self.limit();
        let told = if is_for_later(&call) { self.hop.deadline } else { Some(deadline) };
        let attempts = self.repeated(&call, || async {
            let headers = self.headers(told, None);
            match &self.inner.transport {
                Transport::Http(http) => http.unary(&call, headers).await,
                Transport::Grpc(grpc) => grpc.unary(&call, headers).await,
            }
        });
        self.within(limit, attempts).await
    }

    /// Makes a call that is answered by a stream. It lasts as long as the task does; [`Options::timeout`] is for its beginning.
    ///
    /// # Errors
    /// [`CallError`]; what goes wrong later is told in the stream.
    pub async fn stream(&self, call: Call) -> Result<Events, CallError> {
        self.stream_after(call, None).await
    }

    /// The same; of a subscription with an agent of ours, only what follows the event with this number.
    ///
    /// # Errors
    /// As [`Client::stream`].
    pub async fn stream_after(&self, call: Call, seen: Option<u64>) -> Result<Events, CallError> {
        let call = self.prepared(call)?;
        let seen = seen.filter(|_| self.is_ours());
        let source = self.repeated(&call, || self.open(&call, seen)).await?;
        Ok(follow::follow(self.clone(), call, source, seen))
    }

    /// One connection of a stream.
    async fn open(&self, call: &Call, seen: Option<u64>) -> Result<Source, CallError> {
        let (limit, _) = self.limit();
        let mut call = call.clone();
        self.set_tenant(&mut call);
        let headers = self.headers(self.hop.deadline, seen);
        let opened = async {
            Ok(match &self.inner.transport {
                Transport::Http(http) => Source::Sse(Box::new(http.open(&call, headers).await?)),
                Transport::Grpc(grpc) => Source::Grpc(Box::new(grpc.open(&call, headers).await?)),
            })
        };
        self.within(limit, opened).await
    }

    fn prepared(&self, mut call: Call) -> Result<Call, CallError> {
        call.check(self.inner.interface.dialect).map_err(CallError::Invalid)?;
        self.set_tenant(&mut call);
        Ok(call)
    }

    fn set_tenant(&self, call: &mut Call) {
        if call.tenant().is_empty() {
            call.set_tenant(self.inner.interface.tenant.clone());
        }
    }

    /// What may be waited for an answer, and the moment at which that is over.
    fn limit(&self) -> (Duration, Timestamp) {
        let now = headers::now();
        let millis = i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX);
        let own = now.plus_millis(millis);
        let deadline = self.hop.deadline.map_or(own, |deadline| deadline.min(own));
        let left = deadline.as_millis().saturating_sub(now.as_millis());
        (Duration::from_millis(u64::try_from(left).unwrap_or(0)), deadline)
    }

    async fn within<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let late = || CallError::TimedOut { url: self.shown(), after: limit };
        // Nobody waits any more: it is not even asked.
        if limit.is_zero() {
            return Err(late());
        }
        tokio::time::timeout(limit, answer).await.map_err(|_| late())?
    }

    fn headers(&self, deadline: Option<Timestamp>, seen: Option<u64>) -> ::http::HeaderMap {
        let mut headers = self.inner.headers.clone();
        headers::put_hop(&mut headers, &self.hop, deadline);
        headers::put_seen(&mut headers, seen);
        headers
    }

    /// Makes a call again where it did not come through and that is safe.
    async fn repeated<T, F>(&self, call: &Call, attempt: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let may_repeat = self.may_repeat(call.operation());
        let (mut made, most) = (0, self.inner.options.retries);
        loop {
            match attempt().await {
                Err(error) if error.is_passing() && made < most && (may_repeat || error.is_unseen()) => {
                    made += 1;
                    tracing::debug!(operation = call.operation().as_str(), %error, "calling again");
                    self.pause(made).await;
                }
                other => return other,
            }
        }
    }

    /// Reading changes nothing; a message is known by its id where the agent says so. A task that was called off cannot be called
    /// off again, and a webhook would be there twice.
    fn may_repeat(&self, operation: Operation) -> bool {
        match operation {
            Operation::SendMessage | Operation::SendStreamingMessage => self.inner.is_ours,
            Operation::CancelTask | Operation::CreateTaskPushNotificationConfig => false,
            _ => true,
        }
    }

    /// Half of the pause is chance, so that many who were cut off at once do not all come back at once.
    async fn pause(&self, attempt: u32) {
        let longest = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
        let chance = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        tokio::time::sleep_until(Instant::now() + longest.mul_f64(0.5 + chance / 2.0)).await;
    }

    fn shown(&self) -> String {
        address::shown(self.inner.interface.url.as_str())
    }

    fn options(&self) -> &Options {
        &self.inner.options
    }

    /// The agent is served by us, and says so.
    fn is_ours(&self) -> bool {
        self.inner.is_ours
    }
}

impl Fetched {
    /// Fetches the card of the agent at an address, or the card that is itself at the address.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn at(url: &str, options: &Options) -> Result<Fetched, ConnectError> {
        let at = address::parse(url, options)?;
        let headers = headers::fixed(options, Dialect::V1_0)?;
        card::fetch(&Carrier::new(&at, options)?, url, &headers, options).await
    }

    /// The interface that a client with these options uses.
    ///
    /// # Errors
    /// [`ConnectError::NothingInCommon`].
    pub fn interface(&self, options: &Options) -> Result<Interface, ConnectError> {
        choose::choose(self, options)
    }
}

/// A message of the client's, with an id of its own.
pub fn message(parts: Vec<Part>) -> Message {
    Message { message_id: crate::agent::new_id(), role: Role::User, parts, ..Message::default() }
}

/// The answer is not what the caller waits for, so the time that it waits is not the task's.
fn is_for_later(call: &Call) -> bool {
    match call {
        Call::SendMessage(request) => {
            request.configuration.as_ref().is_some_and(|configuration| configuration.return_immediately)
        }
        _ => false,
    }
}
