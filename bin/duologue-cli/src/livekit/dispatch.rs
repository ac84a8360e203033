//! `duologue dispatch …`

use super::args::{AskArgs, DispatchArgs, DispatchCommand};
use super::{moment, plain};
use crate::output::{Exit, Failure, note, print, print_json, table};
use duologue_agents::Venue;
use duologue_livekit_wire::proto::{AgentDispatch, CreateAgentDispatchRequest, Job};
use duologue_providers::Settings;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks at a dispatch.
const LOOK: Duration = Duration::from_millis(250);

/// Why no agent comes.
#[derive(Debug, thiserror::Error)]
enum DispatchError {
    #[error(
        "no worker has begun the job within {seconds} s\n  help: start a worker that registers as `{agent}`, then see `duologue dispatch list {room}`: {dispatch} is still there. Duologue's own room server looks for a worker until 60 s after the dispatch was created; livekit-server looked once, so create the dispatch again there"
    )]
    Nobody { agent: String, room: String, dispatch: String, seconds: u64 },
    #[error("the job of `{agent}` failed: {why}\n  help: the worker's log says more; job {job}")]
    JobFailed { agent: String, why: String, job: String },
}

pub(crate) async fn run(args: &DispatchArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let venue = Venue::of(settings)?;
    match &args.command {
        DispatchCommand::Create(args) => create(&venue, args, json).await?,
        DispatchCommand::List { room } => list(&venue, room, json).await?,
        DispatchCommand::Delete { room, dispatch } => {
            let gone = venue.api().delete_dispatch(room, dispatch).await?;
            match json {
                true => print_json(&as_json(&gone)),
                false => print(format!("Removed {}: {} is called back.", plain(&gone.id), named(&gone))),
            }
        }
    }
    Ok(Exit::Done)
}

async fn create(venue: &Venue, args: &AskArgs, json: bool) -> Result<(), Failure> {
    let request = CreateAgentDispatchRequest {
        agent_name: args.agent.clone(),
        room: args.room.clone(),
        metadata: args.metadata.clone().unwrap_or_default(),
        attributes: args.attributes.iter().cloned().collect(),
        ..Default::default()
    };
    let mut dispatch = venue.api().create_dispatch(request).await?;
    if let Some(seconds) = args.wait {
        dispatch = begun(venue, dispatch, seconds).await?;
    }
    if json {
        print_json(&as_json(&dispatch));
        return Ok(());
    }
    print(format!(
        "{}: {} is asked for in {}; {}",
        plain(&dispatch.id),
        named(&dispatch),
        plain(&args.room),
        standing(&dispatch)
    ));
    if args.wait.is_none() {
        note(format!("`duologue dispatch list {}` shows whether a worker took the job.", plain(&args.room)));
    }
    Ok(())
}

/// Waits until a job of the dispatch has begun.
async fn begun(venue: &Venue, created: AgentDispatch, seconds: u64) -> Result<AgentDispatch, Failure> {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        let known = venue.api().list_dispatches(&created.room).await?;
        let dispatch = known.into_iter().find(|dispatch| dispatch.id == created.id).unwrap_or_else(|| created.clone());
        if jobs(&dispatch).any(|job| matches!(status(job), "running" | "success")) {
            return Ok(dispatch);
        }
        if let Some(job) = jobs(&dispatch).find(|job| matches!(status(job), "failed" | "cancelled")) {
            let why = job.state.as_ref().map(|state| plain(&state.error)).unwrap_or_default();
            return Err(DispatchError::JobFailed { agent: plain(&created.agent_name), why, job: plain(&job.id) }.into());
        }
        if Instant::now() >= until {
            let (agent, room, dispatch) = (plain(&created.agent_name), plain(&created.room), plain(&created.id));
            return Err(DispatchError::Nobody { agent, room, dispatch, seconds }.into());
        }
        sleep(LOOK).await;
    }
}

async fn list(venue: &Venue, room: &str, json: bool) -> Result<(), Failure> {
    let known = venue.api().list_dispatches(room).await?;
    if json {
        print_json(&json!({ "room": room, "dispatches": known.iter().map(as_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    if known.is_empty() {
        print(format!("No agent was asked for in {}. `duologue dispatch create` asks for one.", plain(room)));
        return Ok(());
    }
    let row = |dispatch: &AgentDispatch| {
        let created = dispatch.state.as_ref().map_or(0, |state| seconds(state.created_at));
        [plain(&dispatch.id), named(dispatch), moment(created), standing(dispatch)]
    };
    let rows: Vec<[String; 4]> = known.iter().map(row).collect();
    print(table(["DISPATCH", "AGENT", "CREATED", "JOBS"], &rows));
    Ok(())
}

fn named(dispatch: &AgentDispatch) -> String {
    if dispatch.agent_name.is_empty() { "(any unnamed agent)".to_owned() } else { plain(&dispatch.agent_name) }
}

fn jobs(dispatch: &AgentDispatch) -> impl Iterator<Item = &Job> {
    dispatch.state.iter().flat_map(|state| &state.jobs)
}

/// How far a job is, in a word. Newer servers know states that the messages here do not.
fn status(job: &Job) -> &'static str {
    match job.state.as_ref().map_or(0, |state| state.status) {
        0 => "pending",
        1 => "running",
        2 => "success",
        3 => "failed",
        4 => "cancelled",
        _ => "unknown",
    }
}

fn standing(dispatch: &AgentDispatch) -> String {
    let job = |job: &Job| {
        let who = job.state.as_ref().map(|state| plain(&state.participant_identity)).filter(|who| !who.is_empty());
        let why = job.state.as_ref().map(|state| plain(&state.error)).filter(|why| !why.is_empty());
        let [who, why] = [who.map(|who| format!(" as {who}")), why.map(|why| format!(": {why}"))];
        format!("{} {}{}{}", plain(&job.id), status(job), who.unwrap_or_default(), why.unwrap_or_default())
    };
    let jobs: Vec<String> = jobs(dispatch).map(job).collect();
    if jobs.is_empty() { "no worker has taken it".to_owned() } else { jobs.join(", ") }
}

fn as_json(dispatch: &AgentDispatch) -> Value {
    let job = |job: &Job| {
        let state = job.state.clone().unwrap_or_default();
        json!({
            "job": job.id, "status": status(job), "error": state.error, "worker": state.worker_id,
            "identity": state.participant_identity, "started_at": (state.started_at > 0).then(|| moment(seconds(state.started_at))),
            "ended_at": (state.ended_at > 0).then(|| moment(seconds(state.ended_at))),
        })
    };
    let created = dispatch.state.as_ref().map_or(0, |state| state.created_at);
    json!({
        "dispatch": dispatch.id, "agent": dispatch.agent_name, "room": dispatch.room, "metadata": dispatch.metadata,
        "attributes": dispatch.attributes, "created_at": (created > 0).then(|| moment(seconds(created))),
        "jobs": jobs(dispatch).map(job).collect::<Vec<_>>(),
    })
}

/// Of nanoseconds since 1970, which dispatches and jobs count in.
fn seconds(nanos: i64) -> u64 {
    u64::try_from(nanos / 1_000_000_000).unwrap_or(0)
}
