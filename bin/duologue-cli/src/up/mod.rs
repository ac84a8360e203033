//! `duologue up`: the whole platform in one process, wired as the block diagram has it.
//!
//! ```text
//!  browser ── page, API (HTTP, events) ──┬── archive of conversations
//!     │                                  └── hidden watchers ┐
//!     └────── sound, signalling ──── rooms (LiveKit) ────────┴── agents that run here
//!  agents of this machine ──── identities (Workload API) ──── authority
//! ```

mod agents;
mod announcement;
mod args;
mod authority;
pub(crate) mod keys;
mod lock;
mod plan;
mod rooms;
mod trouble;

use crate::interrupt::interrupted;
use crate::output::{Exit, Failure};
use agents::RunningAgents;
use announcement::Announcement;
pub(crate) use args::UpArgs;
use authority::RunningAuthority;
use duologue_api::{Parts, Platform};
use duologue_conversation::Archive;
use duologue_providers::Settings;
use lock::HomeLock;
use plan::Plan;
use rooms::RunningRooms;

pub(crate) async fn run(args: &UpArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let home = settings.home();
    let plan = Plan::of(settings)?;
    let _lock = HomeLock::take(&home)?;
    let bound = duologue_api::bind(plan.address).await?;
    let rooms = RunningRooms::start(settings, &plan).await?;
    // An admin token that is made now is shown once, so nothing may fail any more.
    let door = plan.door(&home, args.new_admin_token)?;
    let authority = RunningAuthority::start(settings).await;
    let agents = RunningAgents::start(settings, rooms.venue(), args.no_agents);

    let announcement = Announcement {
        page: door.address_of(bound.address),
        admin_token: door.new_token,
        rooms: rooms.access.clone(),
        media: rooms.media(),
        keys: rooms.keys.clone(),
        home: home.clone(),
        authority: authority.as_ref(),
        agents: agents.shown.borrow().clone(),
    };
    let parts = Parts {
        rooms: rooms.access.clone(),
        archive: Archive::new(&home),
        agents: agents.shown.clone(),
        access: door.access,
    };
    let platform = Platform::new(parts);
    announcement.make(json)?;
    let ended = async {
        interrupted().await;
    };
    tokio::select! {
        served = duologue_api::serve(bound, door.identity, platform, ended) => served?,
        () = trouble::watch(&rooms.access) => {}
    }
    agents.end().await;
    rooms.stop().await;
    drop(authority);
    Ok(Exit::Done)
}
