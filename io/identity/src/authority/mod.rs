//! An authority that issues identities and serves the SPIFFE Workload API: for development.

mod admin;
mod attest;
mod federation;
mod folder;
mod office;
mod order;
mod root;
mod serve;
mod service;

pub use admin::AuthorityClient;
pub use folder::FolderError;
pub use office::OfficeError;
pub use order::{Answer, AuthorityStatus, FederatedStatus, Order, OrderError, SecretToken, TokenStatus};
pub use root::CryptoError;

use crate::clock;
use crate::endpoint::Endpoint;
use crate::source::{Desk, IdentitySource};
use crate::svid::Svid;
use crate::trust::Trust;
use duologue_ids::{Redacted, SpiffeId, TrustDomain};
use duologue_trust::roots::{BadTimings, Timings};
use duologue_trust::{BadEntry, Entry, Executable, Moment};
use federation::Reading;
use folder::Folder;
use office::Office;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The Workload API's socket in the folder, unless another is given.
const WORKLOAD_SOCKET: &str = "workload.sock";
/// The socket for orders.
const ORDERS_SOCKET: &str = "orders.sock";
/// Longest path of a socket, by the kernel.
const SOCKET_PATH_MAX: usize = 107;
/// Longest life of a join token.
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often tokens are looked through.
const TIDY_EVERY: Duration = Duration::from_secs(30);

/// How an authority is set up.
#[derive(Clone, Debug)]
pub struct AuthorityConfig {
    /// Where roots and entries are kept. Nobody else may read it.
    pub folder: PathBuf,
    /// Whose authority it is.
    pub domain: TrustDomain,
    /// How long things live.
    pub timings: Timings,
    /// Where the Workload API is; none: `workload.sock` in the folder, which only this user reaches. Elsewhere all users of the machine
    /// that reach the socket may ask; what they get is decided by entries.
    pub socket: Option<PathBuf>,
    /// Whether processes of this user that run this program get `/cli/USER`, without an entry.
    pub own_program: bool,
    /// A file that the own bundle is written to whenever it changes, for other trust domains.
    pub publish: Option<PathBuf>,
    /// Who vouches for servers of other trust domains' bundles, in PEM; none: the system's authorities.
    pub web_authorities: Option<Vec<u8>>,
}

impl AuthorityConfig {
    /// The usual one.
    pub fn new(folder: impl Into<PathBuf>, domain: TrustDomain) -> AuthorityConfig {
        AuthorityConfig {
            folder: folder.into(),
            domain,
            timings: Timings::default(),
            socket: None,
            own_program: true,
            publish: None,
            web_authorities: None,
        }
    }
}

/// Why there is no authority.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// It would not work.
    #[error(transparent)]
    Timings(#[from] BadTimings),
    /// Its folder, or its keys.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// A socket cannot be made.
    #[error("the socket {} cannot be made ({error}): see that its folder is there and that its path has at most 107 bytes", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// An authority that runs. Clones are the same; with the last one it ends, and what it issued lasts as long as it lasts.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Inner>,
    _end: Arc<DropGuard>,
}

struct Inner {
    office: Mutex<Office>,
    readings: Mutex<BTreeMap<TrustDomain, Reading>>,
    changed: watch::Sender<u64>,
    socket: Endpoint,
    publish: Option<PathBuf>,
    web: Result<reqwest::Client, String>,
}

impl Authority {
    /// Opens its folder, and serves, in whatever runtime this is called.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub async fn start(config: AuthorityConfig) -> Result<Authority, AuthorityError> {
        config.timings.check()?;
        let now = clock::now();
        let folder = Folder::open(&config.folder).map_err(OfficeError::from)?;
        let mut office = Office::open(folder, config.domain.clone(), config.timings, now)?;
        if config.own_program {
            office.own = own_entry(&config.domain);
            office.registry.entries.extend(office.own.clone());
        }
        let socket = config.socket.clone().unwrap_or_else(|| config.folder.join(WORKLOAD_SOCKET));
        let mode = if config.socket.is_some() { 0o666 } else { 0o600 };
        let workload = listen(&socket, mode)?;
        let orders = listen(&config.folder.join(ORDERS_SOCKET), 0o600)?;
        let web = federation::web_client(config.web_authorities.as_deref()).map_err(|error| error.to_string());
        let inner = Arc::new(Inner {
            office: Mutex::new(office),
            readings: Mutex::default(),
            changed: watch::Sender::new(0),
            socket: Endpoint::Unix(socket),
            publish: config.publish,
            web,
        });
        let first = Arc::clone(&inner);
        tokio::task::spawn_blocking(move || first.turn(now)).await.unwrap_or(Err(OfficeError::NoRoot))?;
        inner.publish();
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(serve::workload(workload, Arc::clone(&inner))));
        tokio::spawn(end.clone().run_until_cancelled_owned(serve::orders(orders, Arc::clone(&inner))));
        tokio::spawn(end.clone().run_until_cancelled_owned(federation::follow(Arc::clone(&inner))));
        tokio::spawn(end.clone().run_until_cancelled_owned(turn(Arc::clone(&inner))));
        tracing::warn!(
            domain = %config.domain, socket = %inner.socket, folder = %config.folder.display(),
            "this authority is for development: its keys lie in a file; for production, run SPIRE"
        );
        Ok(Authority { inner, _end: Arc::new(end.drop_guard()) })
    }

    /// Where its Workload API is.
    pub fn socket(&self) -> &Endpoint {
        &self.inner.socket
    }

    /// Carries an order out.
    ///
    /// # Errors
    /// [`OrderError::Refused`].
    pub async fn perform(&self, order: Order) -> Result<Answer, OrderError> {
        Arc::clone(&self.inner).perform(order).await
    }

    /// An identity of this authority for the process that it runs in, without its socket.
    pub fn source(&self, id: SpiffeId) -> IdentitySource {
        let (source, desk, end) = IdentitySource::new();
        tokio::spawn(end.run_until_cancelled_owned(embedded(
            Arc::downgrade(&self.inner),
            self.inner.changes(),
            id,
            desk,
        )));
        source
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("socket", &self.inner.socket).finish_non_exhaustive()
    }
}

fn listen(path: &Path, mode: u32) -> Result<tokio::net::UnixListener, AuthorityError> {
    let failed = |error| AuthorityError::Socket { path: path.to_owned(), error };
    if path.as_os_str().len() > SOCKET_PATH_MAX {
        return Err(failed(std::io::Error::other("its path is too long")));
    }
    serve::bind(path, mode).map_err(failed)
}

/// What processes of this user get that run this program.
fn own_entry(domain: &TrustDomain) -> Option<Entry> {
    let uid = rustix::process::geteuid().as_raw();
    let path = std::env::current_exe().ok()?.to_str()?.to_owned();
    let spiffe_id = domain.member(&format!("/cli/{}", user_name(uid))).ok()?;
    Some(Entry { spiffe_id, uid, executable: Executable { path, sha256: None } })
}

/// The name of a user in a form that ids can have; of one without, the number.
fn user_name(uid: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    let is_plain = |name: &&str| {
        !name.is_empty()
            && *name != "."
            && *name != ".."
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    named.filter(is_plain).map_or_else(|| uid.to_string(), str::to_owned)
}

/// Turns roots, and tidies up.
async fn turn(inner: Arc<Inner>) {
    loop {
        let now = clock::now();
        let turning = Arc::clone(&inner);
        // Disks may take their time.
        let turned = tokio::task::spawn_blocking(move || {
            let turned = turning.turn(now);
            turning.tidy(now);
            turned
        });
        let next = match turned.await.unwrap_or(Err(OfficeError::NoRoot)) {
            Ok(changed) => {
                if changed {
                    inner.tell();
                }
                inner.office().next_look(now).since(now)
            }
            Err(error) => {
                tracing::error!(%error, "no root could be made: what is there goes on being used");
                Duration::from_secs(1)
            }
        };
        // A moment later, since clocks tell milliseconds.
        tokio::time::sleep(next.min(TIDY_EVERY) + Duration::from_millis(1)).await;
    }
}

/// Feeds a source in this process.
async fn embedded(inner: Weak<Inner>, mut changes: watch::Receiver<u64>, id: SpiffeId, desk: Arc<Desk>) {
    loop {
        changes.mark_unchanged();
        let Some(inner) = inner.upgrade() else { return desk.failed("its authority has ended".to_owned()) };
        let whose = id.clone();
        let own = tokio::task::spawn_blocking(move || inner.own(&whose)).await;
        let again = match own.unwrap_or_else(|_| Err("its authority is ending".to_owned())) {
            Ok((svid, trust, again)) => {
                desk.put(svid, trust);
                again
            }
            Err(why) => {
                desk.failed(why);
                clock::now().plus(Duration::from_secs(1))
            }
        };
        let wait = again.since(clock::now()).clamp(Duration::from_millis(50), Duration::from_secs(24 * 3600));
        tokio::select! {
            // Also when the authority ends.
            _ = changes.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

impl Inner {
    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readings(&self) -> MutexGuard<'_, BTreeMap<TrustDomain, Reading>> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Everybody looks again.
    fn tell(&self) {
        self.publish();
        self.changed.send_modify(|count| *count += 1);
    }

    fn publish(&self) {
        let Some(path) = &self.publish else { return };
        let text = self.office().document_text();
        let fresh = path.with_extension("new");
        if let Err(error) = std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, path)) {
            tracing::error!(path = %path.display(), %error, "the bundle was not written for others");
        }
    }

    fn own(&self, id: &SpiffeId) -> Result<(Svid, Trust, Moment), String> {
        let mut office = self.office();
        if office.registry.revoked.contains(id) {
            return Err(format!("{id} is revoked"));
        }
        let issued = office.svid(id, clock::now()).map_err(|error| error.to_string())?;
        let again = issued.renewal();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key));
        let svid = Svid::of(vec![issued.certificate], &key).map_err(|error| error.to_string())?;
        let foreign = office.foreign.iter().map(|(domain, document)| {
            (domain.clone(), document.x509.iter().cloned().map(CertificateDer::from).collect())
        });
        let bundles = foreign.chain([(office.domain.clone(), office.bundle())]).collect::<Vec<_>>();
        let trust = Trust::of(bundles, office.lists().to_vec()).map_err(|error| error.to_string())?;
        Ok((svid, trust, again))
    }

    async fn perform(self: Arc<Inner>, order: Order) -> Result<Answer, OrderError> {
        let performed = tokio::task::spawn_blocking(move || self.perform_now(order)).await;
        performed.unwrap_or_else(|_| Err(OrderError::Refused("the authority is ending".to_owned())))
    }

    /// Makes and forgets roots as is due; see [`Office::turn`]. Whether anything changed.
    fn turn(&self, now: Moment) -> Result<bool, OfficeError> {
        let mut changed = false;
        loop {
            let Some(turn) = self.office().turn(now)? else { return Ok(changed) };
            let written = turn.write();
            self.office().turned(now, written)?;
            changed = true;
        }
    }

    /// Forgets tokens that are over.
    fn tidy(&self, now: Moment) {
        let mut office = self.office();
        if office.registry.forget(now, attest::is_alive)
            && let Err(error) = office.save()
        {
            tracing::error!(%error, "tokens that are over could not be forgotten");
        }
    }

    fn perform_now(&self, order: Order) -> Result<Answer, OrderError> {
        let refused = |error: &dyn std::error::Error| OrderError::Refused(error.to_string());
        match order {
            Order::Show => Ok(Answer::Status(Box::new(self.status()))),
            Order::Bundle => Ok(Answer::Bundle(self.office().document_text())),
            Order::AddEntry(entry) => self.change(|office| office.registry.add(entry, &office.domain)),
            Order::RemoveEntry(entry) => self.change(|office| office.registry.remove(&entry)),
            Order::Federate { domain, from } => {
                if let duologue_trust::FederatedFrom::Web(address) = &from
                    && !address.starts_with("https://")
                {
                    return Err(OrderError::Refused("a bundle's address begins with https://".to_owned()));
                }
                self.change(|office| office.registry.federate(domain, from, &office.domain))
            }
            Order::Defederate { domain } => self.change(|office| match office.registry.federated.remove(&domain) {
                Some(_) => {
                    office.foreign.remove(&domain);
                    Ok(())
                }
                None => Err(BadEntry::Unknown),
            }),
            Order::Revoke { spiffe_id } => {
                self.change(|office| office.registry.revoke(spiffe_id, &office.domain).map(drop))
            }
            Order::Readmit { spiffe_id } => self.change(|office| match office.registry.revoked.remove(&spiffe_id) {
                true => Ok(()),
                false => Err(BadEntry::Unknown),
            }),
            Order::NewToken { spiffe_id, life } => {
                let token = new_token().map_err(|error| refused(&error))?;
                let until = clock::now().plus(life.min(TOKEN_LIFE_MAX));
                let digest = service::digest(token.as_bytes());
                self.change(|office| office.registry.add_token(digest, spiffe_id, until, &office.domain))?;
                Ok(Answer::Token(SecretToken(Redacted::new(token))))
            }
        }
    }

    /// Changes the registry, whole or not at all.
    fn change(&self, change: impl FnOnce(&mut Office) -> Result<(), BadEntry>) -> Result<Answer, OrderError> {
        let mut office = self.office();
        let before = (office.registry.clone(), office.foreign.clone());
        let changed = change(&mut office).map_err(|error| error.to_string()).and_then(|()| {
            office.save().map_err(|error| error.to_string())?;
            office.list_revoked(clock::now()).map_err(|error| error.to_string())
        });
        if let Err(why) = changed {
            (office.registry, office.foreign) = before;
            return Err(OrderError::Refused(why));
        }
        drop(office);
        self.tell();
        Ok(Answer::Done)
    }

    fn status(&self) -> AuthorityStatus {
        let errors: BTreeMap<TrustDomain, Option<String>> =
            self.readings().iter().map(|(domain, reading)| (domain.clone(), reading.error.clone())).collect();
        let office = self.office();
        let registry = &office.registry;
        AuthorityStatus {
            for_development: true,
            domain: office.domain.clone(),
            socket: self.socket.to_string(),
            timings: office.timings,
            sequence: office.sequence(),
            roots: office.root_times(),
            entries: registry.entries.iter().cloned().collect(),
            tokens: registry.tokens.values().map(token_status).collect(),
            issued: office.issued().map(|issued| (issued.id.clone(), issued.record.until)).collect(),
            revoked: registry.revoked.iter().cloned().collect(),
            federated: registry
                .federated
                .iter()
                .map(|(domain, from)| FederatedStatus {
                    domain: domain.clone(),
                    from: from.clone(),
                    is_there: office.foreign.contains_key(domain),
                    error: errors.get(domain).cloned().flatten(),
                })
                .collect(),
        }
    }
}

fn token_status(token: &duologue_trust::JoinToken) -> TokenStatus {
    TokenStatus {
        spiffe_id: token.spiffe_id.clone(),
        until: token.until,
        shown_by: token.shown_by.as_ref().map(|process| process.pid),
    }
}

fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
