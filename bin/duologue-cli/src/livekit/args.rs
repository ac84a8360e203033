//! The command line of rooms, dispatches and tokens.

use crate::keeping_args::lasting;
use clap::{Args, Subcommand, ValueEnum};
use std::time::Duration;

/// Which LiveKit server. Its secret is never given on the command line, where every user of the machine can read it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// Address of the LiveKit server [env: LIVEKIT_URL].
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// API key, whose secret is in LIVEKIT_API_SECRET [env: LIVEKIT_API_KEY].
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
}

const SERVER: &str = "The server is that of LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, in the environment, in .env.local or in .env.";

/// Rooms of a LiveKit server.
#[derive(Debug, Args)]
#[command(after_help = SERVER)]
pub(crate) struct RoomArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: RoomCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// All rooms there are.
    List,
    /// Create a room, or find the one of that name.
    Create(CreateArgs),
    /// Who is in a room: kind, state, agent state, tracks.
    Participants {
        /// Its name.
        room: String,
    },
    /// Follow what happens in a room, seen by nobody: who comes and goes, tracks, attributes, speakers, texts.
    Watch(WatchArgs),
    /// Remove a room and everybody in it.
    Delete {
        /// Its name.
        room: String,
        /// Don't ask, though somebody is in it.
        #[arg(long, short)]
        yes: bool,
    },
}

/// Create a room.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue room create kitchen
  duologue room create kitchen --empty-timeout 1h --agent joe

livekit-server counts a room with nobody but agents in it as empty, and removes it after --empty-timeout.")]
pub(crate) struct CreateArgs {
    /// Its name.
    pub(crate) room: String,
    /// How long it stays when nobody comes: `30s`, `10m`, `2h`; the server says how long where this is left out.
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    pub(crate) empty_timeout: Option<Duration>,
    /// How long it stays after the last one has left: `20s`, `5m`; the server says where this is left out.
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    pub(crate) departure_timeout: Option<Duration>,
    /// How many may be in it; agents do not count.
    #[arg(long, value_name = "N")]
    pub(crate) max_participants: Option<u32>,
    /// A text that everybody in it sees.
    #[arg(long, value_name = "TEXT")]
    pub(crate) metadata: Option<String>,
    /// Dispatch this agent to it, by name; may be given again.
    #[arg(long = "agent", value_name = "NAME")]
    pub(crate) agents: Vec<String>,
}

/// Follow what happens in a room.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue room watch kitchen
  duologue --json room watch kitchen --for 60

With --json each event is an object on a line of its own. Ctrl-C ends it with exit code 130, --for and the end of the room
with 0, a lost connection with 1. Whoever watches does not keep the room open.")]
pub(crate) struct WatchArgs {
    /// Its name.
    pub(crate) room: String,
    /// Stop after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) seconds: Option<u64>,
}

/// Agents that were asked for.
#[derive(Debug, Args)]
#[command(after_help = SERVER)]
pub(crate) struct DispatchArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: DispatchCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DispatchCommand {
    /// Ask for an agent in a room, which is created where there is none.
    Create(AskArgs),
    /// The dispatches of a room, with their jobs.
    List {
        /// The room's name.
        room: String,
    },
    /// End the jobs of a dispatch and remove it.
    Delete {
        /// The room's name.
        room: String,
        /// The dispatch, as `dispatch list` names it (`AD_…`).
        dispatch: String,
    },
}

/// Ask for an agent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue dispatch create kitchen --agent joe
  duologue dispatch create kitchen --agent joe --metadata '{\"topic\":\"router\"}' --wait 20

Exit code 1 where --wait was given and no worker has begun the job by then.")]
pub(crate) struct AskArgs {
    /// The room's name.
    pub(crate) room: String,
    /// The name that the agent's worker registered under.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: String,
    /// A text for the agent.
    #[arg(long, value_name = "TEXT")]
    pub(crate) metadata: Option<String>,
    /// An attribute for the agent; may be given again.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) attributes: Vec<(String, String)>,
    /// Wait so many seconds until a worker has begun the job.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) wait: Option<u64>,
}

/// Access tokens: who may do what.
#[derive(Debug, Args)]
#[command(after_help = SERVER)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token.
    Mint(Box<MintArgs>),
    /// Say what a token grants, to whom and until when, and whether it was made with the configured key.
    Inspect(InspectArgs),
}

/// Make a token.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue token mint --room kitchen --identity anna
  duologue token mint --room kitchen --identity ear --hidden --no-publish --ttl 30m
  duologue token mint --room kitchen --admin
  duologue token mint --create --list

Whoever holds a token can do what it grants until it expires, and nobody can take it back. With --identity it joins the
room; without, it serves requests to the server's API.")]
pub(crate) struct MintArgs {
    /// For which room.
    #[arg(long, value_name = "NAME")]
    pub(crate) room: Option<String>,
    /// Who joins with it; one of each in a room.
    #[arg(long, value_name = "NAME", requires = "room")]
    pub(crate) identity: Option<String>,
    /// What people call it.
    #[arg(long, value_name = "NAME", requires = "identity")]
    pub(crate) name: Option<String>,
    /// What kind of participant it is.
    #[arg(long, value_enum, default_value = "standard", requires = "identity")]
    pub(crate) kind: KindArg,
    /// How long it is valid: `30s`, `30m`, `6h`, `7d`.
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = lasting)]
    pub(crate) ttl: Duration,
    /// A text that everybody in the room sees.
    #[arg(long, value_name = "TEXT", requires = "identity")]
    pub(crate) metadata: Option<String>,
    /// An attribute that everybody in the room sees; may be given again.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = pair, requires = "identity")]
    pub(crate) attributes: Vec<(String, String)>,
    /// Dispatch this agent where the token's holder creates the room by joining it; may be given again.
    #[arg(long = "agent", value_name = "NAME", requires = "identity")]
    pub(crate) agents: Vec<String>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
}

/// What a token grants.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct GrantArgs {
    /// It may not publish.
    #[arg(long, requires = "identity")]
    pub(crate) no_publish: bool,
    /// It may not hear or see others.
    #[arg(long, requires = "identity")]
    pub(crate) no_subscribe: bool,
    /// It may not send data.
    #[arg(long, requires = "identity")]
    pub(crate) no_data: bool,
    /// It may change its own name, metadata and attributes.
    #[arg(long, requires = "identity")]
    pub(crate) update_own: bool,
    /// Nobody sees it.
    #[arg(long, requires = "identity")]
    pub(crate) hidden: bool,
    /// It may see and change who is in the room, and dispatch agents to it.
    #[arg(long, requires = "room")]
    pub(crate) admin: bool,
    /// It may create and remove rooms.
    #[arg(long)]
    pub(crate) create: bool,
    /// It may list rooms.
    #[arg(long)]
    pub(crate) list: bool,
    /// It may register a worker of agents.
    #[arg(long)]
    pub(crate) worker: bool,
}

/// Kinds of participants that a token can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    Standard,
    Agent,
    Sip,
    Ingress,
    Egress,
}

/// Say what a token grants.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue token inspect eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln
  duologue token mint --room kitchen --identity anna | duologue token inspect -

Exit code 1 where the token is malformed, is not valid now, or was not made with the configured key and its secret.
Without a configured secret its signature is not looked at.")]
pub(crate) struct InspectArgs {
    /// The token, or `-` to read it from standard input, where no other user of the machine sees it.
    pub(crate) token: String,
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it takes NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn attributes_have_a_name() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("=b").is_err() && pair("a").is_err());
    }
}
