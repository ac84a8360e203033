//! One connection to a server, from its beginning until it breaks.

use super::child::{Process, Ties};
use super::error::ConnectError;
use super::plan::{Plan, Reach};
use super::{child, http};
use crate::text::one_line;
use rmcp::RoleClient;
use rmcp::model::{
    ClientCapabilities, ClientConfig, Implementation, PaginatedRequestParams, ProtocolVersion, ServerNotification,
    SubscriptionFilter, Tool as Raw,
};
use rmcp::service::{
    ClientCacheConfig, ClientInitializeError, ClientLifecycleMode, NotificationContext, Peer, RunningService,
    ServiceError, serve_client_with_lifecycle,
};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ClientHandler, transport::IntoTransport};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Pages of a list, and tools of a server; what is behind them is left out.
const PAGES_MAX: usize = 50;
const TOOLS_MAX: usize = 256;
/// How long the words of others may be in a message of ours.
const WORDS_MAX: usize = 300;
/// How long a goodbye may take.
const END_WITHIN: Duration = Duration::from_secs(2);

/// A server that answers.
pub(super) struct Connection {
    peer: Peer<RoleClient>,
    stop: CancellationToken,
    /// Ends when the server is gone; `None` once that was seen.
    running: Option<JoinHandle<()>>,
    process: Option<Process>,
}

/// What a server may tell us without being asked: that its list changed. It gets nothing else done by us.
pub(super) struct Ear {
    changed: Arc<Notify>,
}

impl ClientHandler for Ear {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("duologue", env!("CARGO_PKG_VERSION"));
        // The newest version that begins with a handshake, which nearly all servers know.
        ClientConfig::new(ClientCapabilities::default(), us).with_protocol_version(ProtocolVersion::V_2025_11_25)
    }
}

impl Connection {
    /// Connects, in a bounded time. A server that knows no handshake is spoken with in the newer way, on a new connection.
    pub(super) async fn open(plan: &Plan, ties: &Ties) -> Result<Connection, ConnectError> {
        let slow = |_| ConnectError::Slow { server: plan.name.clone(), after: plan.connect_within };
        let opened = async {
            match Connection::by(plan, ties, ClientLifecycleMode::Initialize).await? {
                Ok(connection) => Ok(connection),
                Err(ClientInitializeError::JsonRpcError(_)) => {
                    let newer = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] };
                    Connection::by(plan, ties, newer).await?.map_err(|error| unspoken(plan, &error))
                }
                Err(error) => Err(unspoken(plan, &error)),
            }
        };
        let connection = timeout(plan.connect_within, opened).await.map_err(slow)??;
        // What there is is asked for when it is needed, not taken from memory.
        connection.peer.set_response_cache_config(ClientCacheConfig::disabled()).await;
        if connection.peer.peer_info().is_some_and(|info| !info.protocol_version.has_initialize()) {
            tokio::spawn(listen(connection.peer.clone(), ties.changed.clone()));
        }
        Ok(connection)
    }

    async fn by(
        plan: &Plan,
        ties: &Ties,
        mode: ClientLifecycleMode,
    ) -> Result<Result<Connection, ClientInitializeError>, ConnectError> {
        let ear = Ear { changed: ties.changed.clone() };
        Ok(match &plan.reach {
            Reach::Child(child) => {
                let (process, pipes) = Process::start((&plan.name, child), ties)?;
                let lines = AsyncRwTransport::new_client(pipes.stdout, pipes.stdin);
                // Longer lines end before they get there.
                let lines = lines.with_max_line_length(child::MESSAGE_MAX + 2);
                begin(ear, lines, mode).await.map(|service| Connection::of(service, Some(process)))
            }
            Reach::Http(http) => {
                let transport = http::transport((&plan.name, http), plan.connect_within)?;
                begin(ear, transport, mode).await.map(|service| Connection::of(service, None))
            }
        })
    }

    fn of(service: RunningService<RoleClient, Ear>, process: Option<Process>) -> Connection {
        let (peer, stop) = (service.peer().clone(), CancellationToken::new());
        let (cancel, stopped) = (service.cancellation_token(), stop.clone());
        let running = tokio::spawn(async move {
            let waiting = service.waiting();
            tokio::pin!(waiting);
            tokio::select! {
                _ = &mut waiting => {}
                () = stopped.cancelled() => {
                    cancel.cancel();
                    // With it the pipes are closed.
                    let _ = waiting.await;
                }
            }
        });
        Connection { peer, stop, running: Some(running), process }
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        &self.peer
    }

    /// Returns when the server is gone.
    pub(super) async fn gone(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.await;
            self.running = None;
        }
    }

    /// Ends it, and with it a process that stands behind it.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            let _ = timeout(END_WITHIN, running).await;
        }
        if let Some(process) = self.process.take() {
            process.end().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn begin<T, E, A>(
    ear: Ear,
    transport: T,
    mode: ClientLifecycleMode,
) -> Result<RunningService<RoleClient, Ear>, ClientInitializeError>
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    serve_client_with_lifecycle(ear, transport, mode).await
}

fn unspoken(plan: &Plan, error: &ClientInitializeError) -> ConnectError {
    if error.is_authorization_required() {
        return ConnectError::Unauthorized { server: plan.name.clone() };
    }
    ConnectError::Speak { server: plan.name.clone(), why: in_words(error) }
}

/// An error with its causes. It may quote what the server sent.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let words = causes.fold(error.to_string(), |words, cause| {
        let cause = cause.to_string();
        if words.contains(&cause) { words } else { format!("{words}: {cause}") }
    });
    one_line(&words, WORDS_MAX)
}

/// Hears of changes from servers that tell only who asked for it.
async fn listen(peer: Peer<RoleClient>, changed: Arc<Notify>) {
    let wanted = SubscriptionFilter::builder().tools_list_changed().build();
    let Ok(mut subscription) = peer.listen(wanted).await else { return };
    while let Ok(Some(told)) = subscription.next().await {
        if matches!(told, ServerNotification::ToolListChangedNotification(_)) {
            changed.notify_one();
        }
    }
}

/// All tools that a server has, page by page, and whether there are more than are taken.
pub(super) async fn list(peer: &Peer<RoleClient>) -> Result<(Vec<Raw>, bool), ServiceError> {
    let (mut tools, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let before = cursor.clone();
        let page = peer.list_tools(Some(PaginatedRequestParams::default().with_cursor(cursor))).await?;
        tools.extend(page.tools);
        if tools.len() > TOOLS_MAX {
            tools.truncate(TOOLS_MAX);
            return Ok((tools, true));
        }
        match page.next_cursor {
            // One that leads back to where it stands leads nowhere.
            Some(next) if Some(&next) != before.as_ref() => cursor = Some(next),
            _ => return Ok((tools, false)),
        }
    }
    Ok((tools, true))
}
