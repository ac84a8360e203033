//! What `doctor` looks at where agents meet in rooms: credentials, the server, its workers.

use crate::doctor::{Check, Outcome};
use duologue_agents::{Venue, names};
use duologue_livekit_wire::proto::{CreateAgentDispatchRequest, CreateRoomRequest};
use duologue_providers::Settings;
use duologue_worker::{Api, ApiError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::interval;

const SERVER: &str = "LiveKit server";
const WORKERS: &str = "workers";
/// How long a worker may take to take a job.
const PATIENCE: Duration = Duration::from_secs(4);
const AGAIN: Duration = Duration::from_millis(250);

pub(crate) async fn checks(settings: &Settings) -> Vec<Check> {
    if settings.get("livekit.url").is_none() {
        return vec![Check::ok(SERVER, "LIVEKIT_URL is not set: rooms are on a server of each conversation's own")];
    }
    let venue = match Venue::of(settings) {
        Ok(venue) => venue,
        Err(e) => {
            let help = "see `duologue config show`";
            return vec![Check::bad(SERVER, Outcome::Problem, e.to_string(), help)];
        }
    };
    let api = venue.server.api(&venue.key, venue.secret.expose());
    let asked = Instant::now();
    match api.list_rooms(&[]).await {
        Err(e) => {
            vec![Check::bad(SERVER, Outcome::Problem, e.to_string(), "compare LIVEKIT_URL with where it listens")]
        }
        Ok(rooms) => {
            let (url, ms) = (venue.server.url(), asked.elapsed().as_millis());
            let found = format!("{url} answers and takes the key ({ms} ms), rooms: {}", rooms.len());
            vec![Check::ok(SERVER, found), workers(&venue, &api).await]
        }
    }
}

/// A server does not tell which workers it has, so both agents are asked into a room, which is removed at once.
async fn workers(venue: &Venue, api: &Api) -> Check {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let room = format!("doctor-{now}");
    let served = ask(api, &room).await;
    drop(api.delete_room(&room).await);
    match served {
        Err(e) => Check::bad(WORKERS, Outcome::Warning, e.to_string(), "may the key dispatch agents?"),
        Ok(missing) if missing.is_empty() => {
            Check::ok(WORKERS, format!("all agents are served to {}", venue.server.url()))
        }
        Ok(missing) => Check::ok(
            WORKERS,
            format!(
                "none serves {}; `converse` runs its own, `--workers external` needs `duologue agent start`",
                missing.join(" and ")
            ),
        ),
    }
}

/// The agents that nobody serves.
async fn ask(api: &Api, room: &str) -> Result<Vec<&'static str>, ApiError> {
    let new = CreateRoomRequest { name: room.to_owned(), empty_timeout: 30, ..Default::default() };
    api.create_room(new).await?;
    let mut missing: Vec<&str> = names().collect();
    for agent in names() {
        let dispatch =
            CreateAgentDispatchRequest { agent_name: agent.to_owned(), room: room.to_owned(), ..Default::default() };
        api.create_dispatch(dispatch).await?;
    }
    let (mut again, began) = (interval(AGAIN), Instant::now());
    while !missing.is_empty() && began.elapsed() < PATIENCE {
        again.tick().await;
        let dispatches = api.list_dispatches(room).await?;
        missing.retain(|agent| {
            let of_agent = dispatches.iter().filter(|dispatch| dispatch.agent_name == *agent);
            of_agent.filter_map(|dispatch| dispatch.state.as_ref()).all(|state| state.jobs.is_empty())
        });
    }
    Ok(missing)
}
