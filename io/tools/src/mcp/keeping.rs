//! The task that keeps the connection to a server: connects, lists, looks after it, and begins anew when it broke.

use super::child::Ties;
use super::connection::{Connection, list};
use super::error::ConnectError;
use super::listing::{Foreign, understood};
use super::plan::Plan;
use super::server::is_alive;
use crate::pins::{Pins, Seen};
use crate::toolbox::Standing;
use rmcp::RoleClient;
use rmcp::service::Peer;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How soon a broken connection is made again: the first time, and at the latest.
const AGAIN: Duration = Duration::from_millis(200);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// A connection that held for so long was none that breaks at once.
const HELD: Duration = Duration::from_secs(60);
/// A server that says again and again that its list changed is not asked more often.
const LIST_AGAIN: Duration = Duration::from_secs(1);
/// How long the end of a server may take.
pub(super) const END_WITHIN: Duration = Duration::from_secs(8);

/// What is known of a server, and the bells by which its task is rung.
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) pins: Pins,
    pub(super) state: watch::Sender<Arc<State>>,
    pub(super) ties: Ties,
    pub(super) stop: CancellationToken,
    /// Somebody waits for a connection.
    pub(super) nudge: Notify,
    /// A call was not answered in time.
    pub(super) doubt: Notify,
}

/// How a server stands.
#[derive(Clone, Default)]
pub(super) struct State {
    /// The connection, and its number.
    pub(super) peer: Option<(Peer<RoleClient>, u64)>,
    pub(super) tools: Arc<[(Arc<Foreign>, Standing)]>,
    pub(super) refused: Arc<[(String, String)]>,
    /// Whether it was tried once.
    pub(super) tried: bool,
    /// Why there is no connection.
    pub(super) trouble: Option<ConnectError>,
    /// It was ended.
    pub(super) over: bool,
}

impl Shared {
    pub(super) fn new(plan: Plan, pins: Pins) -> Shared {
        Shared {
            plan,
            pins,
            state: watch::Sender::new(Arc::default()),
            ties: Ties::default(),
            stop: CancellationToken::new(),
            nudge: Notify::new(),
            doubt: Notify::new(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| change(Arc::make_mut(state)));
    }

    /// The connection of this number is no longer one.
    pub(super) fn lost(&self, number: u64) {
        self.state.send_if_modified(|state| {
            let present = state.peer.as_ref().is_some_and(|(_, present)| *present == number);
            if present {
                Arc::make_mut(state).peer = None;
            }
            present
        });
    }

    /// Whether models may call each tool, by what is known now.
    pub(super) fn judge_again(&self) {
        self.change(|state| {
            state.tools = state.tools.iter().map(|(tool, _)| (tool.clone(), self.standing(tool))).collect();
        });
    }

    fn standing(&self, tool: &Foreign) -> Standing {
        let plan = &self.plan;
        if plan.listed.as_ref().is_some_and(|listed| !listed.contains(&tool.original)) {
            return Standing::NotListed;
        }
        if !plan.pins.is_empty() {
            return match plan.pins.get(&tool.original) {
                None => Standing::NotListed,
                Some(pin) if *pin == tool.pin => Standing::Offered,
                Some(_) => Standing::Quarantined,
            };
        }
        match self.pins.see(&plan.key, &tool.original, &tool.pin) {
            Seen::First | Seen::Same => Standing::Offered,
            Seen::Changed => {
                let (server, tool) = (&plan.name, &tool.original);
                tracing::warn!(
                    server,
                    tool,
                    "a tool changed since it was allowed; it is not offered before it is again"
                );
                Standing::Quarantined
            }
        }
    }

    /// Takes in what a server has now.
    async fn list(&self, peer: &Peer<RoleClient>) -> Result<(), ConnectError> {
        let server = || self.plan.name.clone();
        let listed = timeout(self.plan.connect_within, list(peer)).await;
        let listed = listed.map_err(|_| ConnectError::Slow { server: server(), after: self.plan.connect_within })?;
        let (raw, more) = listed
            .map_err(|_| ConnectError::Speak { server: server(), why: "it does not list its tools".to_owned() })?;
        if more {
            tracing::warn!(server = self.plan.name, "a server has more tools than are taken; the rest is left out");
        }
        let (mut tools, mut refused): (Vec<(Arc<Foreign>, Standing)>, Vec<_>) = (Vec::new(), Vec::new());
        for raw in &raw {
            match understood(raw, self.plan.prefix.as_deref()) {
                Ok(tool) if tools.iter().any(|(known, _)| known.name == tool.name) => {
                    refused.push((tool.original, "the server has two tools of this name".to_owned()));
                }
                Ok(tool) => {
                    let standing = self.standing(&tool);
                    tools.push((Arc::new(tool), standing));
                }
                Err(tool) => {
                    tracing::warn!(server = self.plan.name, tool = tool.original, why = tool.why, "a tool is refused");
                    refused.push((tool.original, tool.why));
                }
            }
        }
        self.change(|state| (state.tools, state.refused) = (tools.into(), refused.into()));
        Ok(())
    }
}

/// Keeps the connection until it is told to stop.
pub(super) async fn keep(shared: Arc<Shared>) {
    let (mut pause, mut number) = (AGAIN, 0);
    while !shared.stop.is_cancelled() {
        number += 1;
        let begun = Instant::now();
        let opened = tokio::select! {
            opened = open(&shared, number) => opened,
            () = shared.stop.cancelled() => break,
        };
        match opened {
            Ok(mut connection) => {
                tokio::select! {
                    () = hold(&shared, &mut connection) => {}
                    () = shared.stop.cancelled() => {}
                }
                shared.lost(number);
                connection.end().await;
                if begun.elapsed() >= HELD {
                    pause = AGAIN;
                }
                if !shared.stop.is_cancelled() {
                    tracing::warn!(server = shared.plan.name, "the connection to a server of tools broke");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a server of tools is not there");
                shared.ties.group.kill();
                shared.change(|state| (state.tried, state.trouble) = (true, Some(error)));
            }
        }
        let next = begun + pause;
        pause = (pause * 2).min(AGAIN_MAX);
        tokio::select! {
            () = sleep_until(next) => {}
            // Somebody waits for it; but who breaks at once is not begun at once again.
            () = async { shared.nudge.notified().await; sleep_until(begun + AGAIN).await } => {}
            () = shared.stop.cancelled() => break,
        }
    }
    shared.ties.group.kill();
    shared.change(|state| (state.peer, state.over, state.tried) = (None, true, true));
}

async fn open(shared: &Shared, number: u64) -> Result<Connection, ConnectError> {
    let connection = Connection::open(&shared.plan, &shared.ties).await?;
    shared.list(connection.peer()).await?;
    let peer = Some((connection.peer().clone(), number));
    shared.ties.too_large.store(false, Ordering::Relaxed);
    shared.change(|state| (state.peer, state.tried, state.trouble) = (peer, true, None));
    tracing::info!(server = shared.plan.name, tools = shared.state.borrow().tools.len(), "a server of tools is there");
    Ok(connection)
}

/// Returns when the connection is none any more.
async fn hold(shared: &Shared, connection: &mut Connection) {
    let peer = connection.peer().clone();
    let mut states = shared.state.subscribe();
    let (mut changed, mut list_at) = (false, Instant::now());
    loop {
        tokio::select! {
            () = connection.gone() => return,
            // Whoever called found out first.
            () = async { drop(states.wait_for(|state| state.peer.is_none()).await) } => return,
            () = shared.doubt.notified() => {
                let state = shared.state.borrow().clone();
                if !is_alive(&state).await {
                    tracing::warn!(server = shared.plan.name, "a server of tools shows no sign of life");
                    return;
                }
            }
            () = shared.ties.changed.notified(), if !changed => changed = true,
            () = sleep_until(list_at), if changed => {
                if let Err(error) = shared.list(&peer).await {
                    tracing::warn!(%error, "the list of a server of tools changed, and could not be read");
                    return;
                }
                (changed, list_at) = (false, Instant::now() + LIST_AGAIN);
            }
        }
    }
}
