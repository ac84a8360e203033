//! `duologue room watch`: follows a room as somebody whom nobody sees.

use super::args::WatchArgs;
use super::room::known;
use super::seen::{Seen, Watcher};
use super::{now, plain};
use crate::interrupt::interrupted;
use crate::output::{Exit, Failure, note, try_print};
use duologue_agents::Venue;
use duologue_livekit_wire::token::{self, VideoGrants};
use duologue_worker::{CloseReason, JoinOptions, Kind, Room, RoomEvent};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long the token is valid; the server gives a new one before it is over.
const TOKEN: Duration = Duration::from_secs(600);

/// Why watching ended too soon.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error("{0}\n  help: `duologue room list` shows whether the room is still there")]
    Closed(CloseReason),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}

pub(super) async fn run(venue: &Venue, args: &WatchArgs, json: bool) -> Result<Exit, Failure> {
    // Whoever joins a room that is not there makes it.
    known(venue, &args.room).await?;
    let (room, mut events) = Room::join(&venue.server, &pass(venue, &args.room)?, everybody()).await?;
    if !json {
        note(format!("Watching {}. Ctrl-C ends it.", plain(&args.room)));
    }
    let began = Instant::now();
    let over = tokio::time::sleep(Duration::from_secs(args.seconds.unwrap_or(u64::from(u32::MAX))));
    tokio::pin!(over);
    let stopped = interrupted();
    tokio::pin!(stopped);
    let mut watcher = Watcher::default();
    let exit = loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(RoomEvent::Closed(reason)) => {
                    show(&mut watcher, RoomEvent::Closed(reason.clone()), began, json)?;
                    return end(reason);
                }
                Some(event) => show(&mut watcher, event, began, json)?,
                None => return end(CloseReason::Left),
            },
            () = &mut over => break Exit::Done,
            _ = &mut stopped => break Exit::Cancelled,
        }
    };
    room.leave().await;
    Ok(exit)
}

/// A token of somebody hidden who says nothing. As an agent it does not keep the room open.
fn pass(venue: &Venue, room: &str) -> Result<String, token::SignError> {
    let identity = format!("watcher-{:08x}", std::process::id());
    let mut claims = token::claims(&venue.key, &identity, now(), TOKEN);
    claims.video = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        hidden: true,
        agent: true,
        can_publish: Some(false),
        can_publish_data: Some(false),
        can_subscribe: Some(true),
        ..Default::default()
    };
    token::sign(&claims, venue.secret.expose())
}

/// A server tells who speaks only to those who hear them.
fn everybody() -> JoinOptions {
    let hears = vec![Kind::Standard, Kind::Ingress, Kind::Sip, Kind::Agent, Kind::Connector, Kind::Bridge];
    JoinOptions { hears, redundancy: false, ..Default::default() }
}

fn show(watcher: &mut Watcher, event: RoomEvent, began: Instant, json: bool) -> Result<(), WatchError> {
    let at = began.elapsed().as_secs_f64();
    for seen in watcher.see(event) {
        if json {
            try_print(as_json(at, &seen))?;
        } else if watcher.is_news(&seen) {
            try_print(format!("{at:8.1} s  {seen}"))?;
        }
    }
    Ok(())
}

fn as_json(at: f64, seen: &Seen) -> Value {
    let mut object = serde_json::to_value(seen).unwrap_or_default();
    object["at_s"] = ((at * 1_000.0).round() / 1_000.0).into();
    object
}

/// The end of a room is what was to be seen; all else is not.
fn end(reason: CloseReason) -> Result<Exit, Failure> {
    match reason {
        CloseReason::RoomClosed | CloseReason::Left => Ok(Exit::Done),
        reason => Err(WatchError::Closed(reason).into()),
    }
}
