//! Live connections, and their ends.

use crate::clock;
use crate::connection::HandshakeRefusal;
use crate::peer::Peer;
use crate::source::IdentitySource;
use crate::trust::{Refusal, Role, Trust};
use duologue_ids::{Mono, SpiffeId};
use duologue_trust::{ConnectionId, Ended, Input, Ledger, LedgerRules, Moment, Output};
use rustls::pki_types::CertificateDer;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

/// All connections of a process. When it changes whom to believe (a bundle withdrawn, an identity revoked), each peer is looked
/// at again as at the handshake, and connections to those who are refused now end at once; each connection ends when it, or its
/// peer's certificate, is too old. Clones are the same.
#[derive(Clone)]
pub struct Connections {
    registry: Arc<Registry>,
    watch: Arc<DropGuard>,
}

struct Registry {
    source: IdentitySource,
    start: Instant,
    books: Mutex<Books>,
    changed: Notify,
}

struct Books {
    ledger: Ledger,
    live: BTreeMap<ConnectionId, Live>,
    next: u64,
}

struct Live {
    peer: Peer,
    chain: Arc<Vec<CertificateDer<'static>>>,
    role: Role,
    since: Mono,
    signal: Arc<Signal>,
}

/// What is told to the owner of a connection.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    pub(crate) wind_up: CancellationToken,
    pub(crate) end: CancellationToken,
    pub(crate) why: OnceLock<Ended>,
    pub(crate) refusal: OnceLock<HandshakeRefusal>,
}

/// A place among the live connections, for as long as it is held.
pub(crate) struct Place {
    registry: Arc<Registry>,
    /// The watch goes on for as long as there are connections.
    _watch: Arc<DropGuard>,
    id: ConnectionId,
    pub(crate) signal: Arc<Signal>,
}

/// A live connection, for those who look.
#[derive(Clone, Debug)]
pub struct LiveConnection {
    /// Who is at the other end.
    pub peer: SpiffeId,
    /// Whether the other end called.
    pub is_caller: bool,
    /// How long it has lasted.
    pub age: Duration,
}

impl Connections {
    /// None yet. Watches them in whatever runtime this is called.
    pub fn new(source: &IdentitySource, rules: LedgerRules) -> Connections {
        let books = Books { ledger: Ledger::new(rules), live: BTreeMap::new(), next: 0 };
        let registry = Arc::new(Registry {
            source: source.clone(),
            start: Instant::now(),
            books: Mutex::new(books),
            changed: Notify::new(),
        });
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(watch(Arc::clone(&registry))));
        Connections { registry, watch: Arc::new(end.drop_guard()) }
    }

    /// Those that there are.
    pub fn live(&self) -> Vec<LiveConnection> {
        let now = self.registry.now();
        let live = |live: &Live| LiveConnection {
            peer: live.peer.id().clone(),
            is_caller: live.role == Role::Client,
            age: now - live.since,
        };
        self.registry.books().live.values().map(live).collect()
    }

    /// How often it has changed whom to believe; see [`Connections::admit`].
    pub(crate) fn trusted(&self) -> u64 {
        self.registry.source.material().trusted
    }

    /// Takes in a connection whose handshake began when `trusted` was current.
    pub(crate) fn admit(
        &self,
        chain: Vec<CertificateDer<'static>>,
        role: Role,
        trusted: u64,
    ) -> Result<(Peer, Place), Refusal> {
        let now = clock::now();
        let leaf = crate::leaf::read(chain.first().ok_or(Refusal::NoCertificate)?)?;
        let peer = Peer::new(leaf.id);
        let registry = &self.registry;
        let signal = Arc::new(Signal::default());
        let mut books = registry.books();
        let id = ConnectionId(books.next);
        books.next += 1;
        let at = registry.now();
        // A certificate is good until its last second is over.
        let good_for = leaf.until.plus(Duration::from_secs(1)).since(now);
        books.ledger.handle(at, Input::Made(id, good_for));
        let chain = Arc::new(chain);
        let live = Live { peer: peer.clone(), chain: Arc::clone(&chain), role, since: at, signal: Arc::clone(&signal) };
        books.live.insert(id, live);
        drop(books);
        registry.changed.notify_one();
        let place = Place { registry: Arc::clone(registry), _watch: Arc::clone(&self.watch), id, signal };
        // What changed since the handshake began was not told to this connection.
        let material = registry.source.material();
        if material.trusted != trusted {
            material.trust.judge(&chain, role, now)?;
        }
        Ok((peer, place))
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("live", &self.registry.books().live.len()).finish_non_exhaustive()
    }
}

impl Registry {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Mono {
        Mono::ZERO + self.start.elapsed()
    }

    /// Does what the ledger says is due, and tells when to look again.
    fn settle(&self) -> Mono {
        let mut books = self.books();
        let now = self.now();
        loop {
            match books.ledger.poll(now) {
                Output::Timeout(next) => return next,
                Output::WindUp(id) => {
                    if let Some(live) = books.live.get(&id) {
                        live.signal.wind_up.cancel();
                    }
                }
                Output::End(id, why) => {
                    if let Some(live) = books.live.remove(&id) {
                        tracing::info!(peer = %live.peer.id(), reason = %why, "a connection ends");
                        // It is set once.
                        let _ = live.signal.why.set(why);
                        live.signal.wind_up.cancel();
                        live.signal.end.cancel();
                    }
                }
            }
        }
    }

    /// Looks at all peers again.
    async fn judge(&self, trust: Arc<Trust>) {
        let all: Vec<_> = {
            let books = self.books();
            books.live.iter().map(|(id, live)| (*id, Arc::clone(&live.chain), live.role)).collect()
        };
        let now = clock::now();
        let judged = tokio::task::spawn_blocking(move || refused(&trust, all, now)).await;
        let mut books = self.books();
        let at = self.now();
        for (id, why) in judged.unwrap_or_default() {
            books.ledger.handle(at, Input::Refused(id, why));
        }
    }
}

type Chain = Arc<Vec<CertificateDer<'static>>>;

/// Many connections show one certificate, which is looked at once.
fn refused(trust: &Trust, all: Vec<(ConnectionId, Chain, Role)>, now: Moment) -> Vec<(ConnectionId, Ended)> {
    let mut known: HashMap<(Vec<u8>, bool), Option<Ended>> = HashMap::new();
    let judge = |(id, chain, role): (ConnectionId, Chain, Role)| {
        let key = (chain.first().map(|leaf| leaf.to_vec()).unwrap_or_default(), role == Role::Client);
        let judged = known.entry(key);
        let why = judged.or_insert_with(|| trust.judge(&chain, role, now).err().map(|refusal| refusal.ends()));
        why.map(|why| (id, why))
    };
    all.into_iter().filter_map(judge).collect()
}

async fn watch(registry: Arc<Registry>) {
    let mut trusted = registry.source.trust_changes();
    loop {
        let next = registry.settle();
        // Timers reach some years.
        let wait = (next - registry.now()).min(Duration::from_secs(24 * 3600));
        tokio::select! {
            changed = trusted.changed() => {
                // The sender is the source's own, which the registry holds.
                drop(changed);
                registry.judge(registry.source.trust()).await;
            }
            () = registry.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut books = self.registry.books();
        books.live.remove(&self.id);
        let now = self.registry.now();
        books.ledger.handle(now, Input::Gone(self.id));
    }
}
