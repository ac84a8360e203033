//! What the handlers stand on: rooms, kept conversations, agents, and who may come in.

use crate::access::Access;
use crate::calls::Calls;
use crate::live::Watches;
use crate::problem::{FAULT, Problem};
use duologue_conversation::Archive;
use duologue_ids::Redacted;
use duologue_livekit_wire::token::{self, Claims};
use duologue_worker::{Api, Server};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use utoipa::ToSchema;

/// A LiveKit server and the key pair by which it is asked.
#[derive(Clone, Debug)]
pub struct Rooms {
    /// Where it is asked from here.
    pub server: Server,
    /// Where a browser finds it: `ws://…` or `wss://…`.
    pub address: String,
    /// The API key.
    pub key: String,
    /// Its secret.
    pub secret: Redacted<String>,
    /// Whether it is the one inside this process.
    pub embedded: bool,
}

impl Rooms {
    pub(crate) fn api(&self) -> Api {
        self.server.api(&self.key, self.secret.expose())
    }

    /// A token for `identity`, valid for `ttl`, with what `grant` writes into its claims.
    pub(crate) fn token(
        &self,
        identity: &str,
        ttl: Duration,
        grant: impl FnOnce(&mut Claims),
    ) -> Result<String, Problem> {
        let mut claims = token::claims(&self.key, identity, unix_seconds(), ttl);
        grant(&mut claims);
        token::sign(&claims, self.secret.expose()).map_err(|error| Problem::of(&FAULT, error.to_string()))
    }
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// An agent that this platform runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Agent {
    /// The name by which it is dispatched.
    #[schema(example = "support-agent")]
    pub agent_name: String,
    /// What it is, for people.
    pub title: String,
    /// Whether it can be dispatched now.
    pub ready: bool,
    /// What it waits for, and what to do about that; empty once it is ready.
    pub note: String,
}

/// What there is to serve.
#[derive(Debug)]
pub struct Parts {
    /// Where rooms are.
    pub rooms: Rooms,
    /// Conversations that were kept, and those that are being held.
    pub archive: Archive,
    /// Agents that run in this process, as they become ready.
    pub agents: watch::Receiver<Vec<Agent>>,
    /// Who may come in.
    pub access: Access,
}

/// The parts, and who is watching what. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Platform(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) watches: Watches,
    pub(crate) calls: Calls,
}

impl Platform {
    /// A platform of these parts. Nothing is joined or asked before somebody watches.
    pub fn new(parts: Parts) -> Platform {
        Platform(Arc::new(Inner { parts, watches: Watches::default(), calls: Calls::default() }))
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.parts.rooms
    }

    pub(crate) fn archive(&self) -> &Archive {
        &self.0.parts.archive
    }

    pub(crate) fn agents(&self) -> Vec<Agent> {
        self.0.parts.agents.borrow().clone()
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.parts.access
    }

    pub(crate) fn watches(&self) -> &Watches {
        &self.0.watches
    }

    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    /// Does what reads the disk on a thread that may wait for it.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Archive) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let archive = self.archive().clone();
        tokio::task::spawn_blocking(move || read(&archive))
            .await
            .unwrap_or_else(|_| Err(Problem::of(&FAULT, "reading the data directory failed half-way")))
    }
}
