//! `duologue room …`

use super::args::{CreateArgs, RoomArgs, RoomCommand};
use super::person::{as_json, is_hidden, row};
use super::{moment, now, plain, span, watch};
use crate::output::{Exit, Failure, note, print, print_json, table};
use duologue_agents::Venue;
use duologue_conversation::counted;
use duologue_livekit_wire::proto::{CreateRoomRequest, Room, RoomAgentDispatch};
use duologue_providers::Settings;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

/// Why nothing was done about a room.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoomError {
    #[error(
        "there is no room `{0}` on {1}\n  help: `duologue room list` names those there are, `duologue room create` makes one"
    )]
    Unknown(String, String),
    #[error("`{room}` has {} in it, and there is no terminal to ask on whether it is to be removed\n  help: say `--yes`", counted(*.people, "participant"))]
    NobodyToAsk { room: String, people: usize },
}

pub(crate) async fn run(args: &RoomArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let venue = Venue::of(settings)?;
    match &args.command {
        RoomCommand::List => list(&venue, json).await?,
        RoomCommand::Create(args) => create(&venue, args, json).await?,
        RoomCommand::Participants { room } => participants(&venue, room, json).await?,
        RoomCommand::Watch(args) => return watch::run(&venue, args, json).await,
        RoomCommand::Delete { room, yes } => return delete(&venue, room, *yes, json).await,
    }
    Ok(Exit::Done)
}

/// The room of this name, which has to be there.
pub(super) async fn known(venue: &Venue, room: &str) -> Result<Room, Failure> {
    let found = venue.api().list_rooms(&[room.to_owned()]).await?;
    let unknown = || RoomError::Unknown(plain(room), venue.server.url().to_owned());
    Ok(found.into_iter().find(|found| found.name == room).ok_or_else(unknown)?)
}

async fn list(venue: &Venue, json: bool) -> Result<(), Failure> {
    let mut rooms = venue.api().list_rooms(&[]).await?;
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    if json {
        print_json(&json!({ "rooms": rooms.iter().map(room_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if rooms.is_empty() {
        print(format!(
            "There is no room on {}. `duologue room create` makes one, and so does whoever joins.",
            venue.server.url()
        ));
        return Ok(());
    }
    let row = |room: &Room| {
        let age = now().saturating_sub(u64::try_from(room.creation_time).unwrap_or(0));
        [
            plain(&room.name),
            room.num_participants.to_string(),
            room.num_publishers.to_string(),
            span(age),
            span(room.empty_timeout.into()),
            plain(&room.sid),
        ]
    };
    let rows: Vec<[String; 6]> = rooms.iter().map(row).collect();
    print(table(["ROOM", "PARTICIPANTS", "PUBLISHERS", "AGE", "EMPTY TIMEOUT", "SID"], &rows));
    Ok(())
}

fn room_json(room: &Room) -> Value {
    json!({
        "room": room.name, "sid": room.sid, "participants": room.num_participants, "publishers": room.num_publishers,
        "max_participants": room.max_participants, "created_at": moment(u64::try_from(room.creation_time).unwrap_or(0)),
        "empty_timeout_s": room.empty_timeout, "departure_timeout_s": room.departure_timeout,
        "metadata": room.metadata, "recording": room.active_recording,
    })
}

async fn create(venue: &Venue, args: &CreateArgs, json: bool) -> Result<(), Failure> {
    let seconds = |time: Option<Duration>| u32::try_from(time.unwrap_or_default().as_secs()).unwrap_or(u32::MAX);
    let agent = |name: &String| RoomAgentDispatch { agent_name: name.clone(), ..Default::default() };
    let request = CreateRoomRequest {
        name: args.room.clone(),
        empty_timeout: seconds(args.empty_timeout),
        departure_timeout: seconds(args.departure_timeout),
        max_participants: args.max_participants.unwrap_or(0),
        metadata: args.metadata.clone().unwrap_or_default(),
        agents: args.agents.iter().map(agent).collect(),
        ..Default::default()
    };
    let room = venue.api().create_room(request).await?;
    if json {
        print_json(&room_json(&room));
    } else {
        print(format!(
            "{} ({}) stays {} when nobody comes, and {} after the last one has left.",
            plain(&room.name),
            plain(&room.sid),
            span(room.empty_timeout.into()),
            span(room.departure_timeout.into())
        ));
    }
    Ok(())
}

async fn participants(venue: &Venue, room: &str, json: bool) -> Result<(), Failure> {
    let mut people = venue.api().list_participants(room).await?;
    if people.is_empty() {
        // A server lists nobody, too, where there is no such room.
        known(venue, room).await?;
    }
    people.sort_by(|a, b| (a.joined_at, &a.identity).cmp(&(b.joined_at, &b.identity)));
    if json {
        print_json(&json!({ "room": room, "participants": people.iter().map(as_json).collect::<Vec<_>>() }));
    } else if people.is_empty() {
        print(format!("Nobody is in {}.", plain(room)));
    } else {
        let rows: Vec<[String; 7]> = people.iter().map(|person| row(person, now())).collect();
        print(table(["IDENTITY", "NAME", "KIND", "STATE", "AGENT", "HERE FOR", "TRACKS"], &rows));
    }
    Ok(())
}

async fn delete(venue: &Venue, room: &str, yes: bool, json: bool) -> Result<Exit, Failure> {
    known(venue, room).await?;
    let people = venue.api().list_participants(room).await?.iter().filter(|person| !is_hidden(person)).count();
    if people > 0 && !yes && !confirmed(room, people)? {
        if json {
            print_json(&json!({ "deleted": null }));
        }
        note("Nothing was removed.");
        return Ok(Exit::Failed);
    }
    venue.api().delete_room(room).await?;
    if json {
        print_json(&json!({ "deleted": room, "participants": people }));
    } else {
        print(format!("Removed {}, and {} from it.", plain(room), counted(people, "participant")));
    }
    Ok(Exit::Done)
}

fn confirmed(room: &str, people: usize) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(RoomError::NobodyToAsk { room: plain(room), people }.into());
    }
    eprint!("Remove {} with {} in it? [y/N] ", plain(room), counted(people, "participant"));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
