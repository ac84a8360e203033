//! What a platform says once everything is ready.

use super::authority::RunningAuthority;
use crate::output::{Failure, note, print, try_print};
use duologue_api::{Agent, Rooms, page_is_built};
use duologue_identity::ENDPOINT_VARIABLE;
use duologue_ids::Redacted;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that is served, and where.
pub(crate) struct Announcement<'a> {
    /// Scheme, host and port of page and API.
    pub(crate) page: String,
    pub(crate) admin_token: Option<Redacted<String>>,
    pub(crate) rooms: Rooms,
    /// Where their media goes, of those in this process.
    pub(crate) media: Vec<SocketAddr>,
    /// Where generated keys are kept.
    pub(crate) keys: Option<PathBuf>,
    pub(crate) home: PathBuf,
    /// Who gives identities, where somebody does.
    pub(crate) authority: Option<&'a RunningAuthority>,
    pub(crate) agents: Vec<Agent>,
}

impl Announcement<'_> {
    /// Says it: one line of JSON, or lines for people.
    pub(crate) fn make(&self, json: bool) -> Result<(), Failure> {
        if let Some(token) = &self.admin_token {
            note(format!("admin token, shown this once: {}", token.expose()));
        }
        if let Some(keys) = &self.keys {
            note(format!(
                "The key pair of the rooms was made for development and is kept in {}; set LIVEKIT_API_KEY and \
                 LIVEKIT_API_SECRET to use your own.",
                keys.display()
            ));
        }
        if json {
            return Ok(try_print(json!({
                "page": format!("{}/", self.page),
                "api": format!("{}/api/v1", self.page),
                "openapi": format!("{}/openapi.json", self.page),
                "events": format!("{}/api/v1/events", self.page),
                "traces": format!("{}/v1/traces", self.page),
                "ready": format!("{}/ready", self.page),
                "rooms": { "url": self.rooms.address, "embedded": self.rooms.embedded, "api_key": self.rooms.key,
                    "media": self.media },
                "identity": self.authority.map(|authority| json!({ "trust_domain": authority.trust_domain,
                    "socket": authority.socket, "for_development": true })),
                "keys": self.keys,
                "home": self.home,
                "agents": self.agents.iter().map(|agent| &agent.agent_name).collect::<Vec<_>>(),
                "page_built": page_is_built(),
            }))?);
        }
        let inside = if self.rooms.embedded { "in this process" } else { "a LiveKit server of its own" };
        print(format!(
            "Page   {}/{}",
            self.page,
            if page_is_built() { "" } else { "  (not built: `make page`, then build again)" }
        ));
        print(format!("API    {}/api/v1  (contract: {}/openapi.json)", self.page, self.page));
        print(format!("Traces {}/v1/traces  (OpenTelemetry, of agents that are to be seen under Calls)", self.page));
        print(format!("Rooms  {}  ({inside}, API key {})", self.rooms.address, self.rooms.key));
        if let Some(RunningAuthority { trust_domain, socket, .. }) = self.authority {
            print(format!("Agents' identities  {trust_domain}, for development  ({ENDPOINT_VARIABLE}={socket})"));
        }
        print(format!("Data   {}", self.home.display()));
        for agent in &self.agents {
            let ready = if agent.ready { "ready".to_owned() } else { agent.note.clone() };
            print(format!("Agent  {}: {ready}", agent.agent_name));
        }
        note("Ctrl-C ends it.");
        Ok(())
    }
}
