//! The command line.

use crate::a2a::{AgentsArgs, CallArgs, CardArgs};
use crate::identity::IdentityArgs;
use crate::keeping_args::{BackupArgs, DeleteArgs, DoctorArgs, PruneArgs, RestoreArgs};
use crate::livekit::{DispatchArgs, RoomArgs, ServerArgs, TokenArgs};
use crate::policy::PolicyCommand;
use crate::tools::ToolsCommand;
use crate::up::UpArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use duologue_conversation::scenario::Side;
use duologue_providers::Wishes;
use std::path::PathBuf;

/// Agents that find each other, call each other and talk to each other.
#[derive(Debug, Parser)]
#[command(name = "duologue", version, max_term_width = 110, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Print one compact JSON object as the last line, and nothing else on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where conversations are kept [env: DUOLOGUE_HOME].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Where local models are kept [env: DUOLOGUE_MODELS].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) models_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0    done
  1    it failed; the message says why and what to do
  2    the command line is wrong
  3    the conversation ended in order, but its goal was not reached (with --require-goal)
  130  stopped by Ctrl-C; what was recorded is kept";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole platform: rooms, API, agents and the page.
    Up(UpArgs),
    /// Hold one voice conversation between two agents.
    Converse(Box<ConverseArgs>),
    /// Serve an agent to a LiveKit server: a worker that is dispatched into rooms.
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Hold a suite of conversations in virtual time, many times as fast as real time, and judge them.
    Simulate(Box<SimulateArgs>),
    /// Compare two runs of a suite: what got better and worse, with intervals over seeds.
    Compare(CompareArgs),
    /// Hold one side of a kept conversation again, with the logic of this version, and show what it decides differently.
    Replay(ReplayArgs),
    /// What was kept of conversations.
    #[command(subcommand)]
    Conversation(ConversationCommand),
    /// Scenarios that come with Duologue, and the first lines of your own.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Personas that come with Duologue.
    #[command(subcommand)]
    Persona(PersonaCommand),
    /// Show the card of an A2A agent: what it can do, where and how it is spoken with, who signed it.
    Card(CardArgs),
    /// Call an A2A agent.
    Call(Box<CallArgs>),
    /// Agents that an agent's file knows: who they are, where, and whether they answer.
    Agents(AgentsArgs),
    /// Policies about who may call what: run their tests, look what they decide, verify the log of their decisions.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Identities of agents: an authority for development, who gets which, revocation, federation.
    Identity(IdentityArgs),
    /// Tools of an agent: functions of servers that its language model may call.
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// Rooms of a LiveKit server: list, create, see who is there, watch, delete.
    Room(RoomArgs),
    /// Agents asked for in rooms of a LiveKit server: create, list, delete.
    Dispatch(DispatchArgs),
    /// Access tokens of a LiveKit server: make one, see what one grants.
    Token(TokenArgs),
    /// Local models: size, licence, checksum, where from.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Settings in force, and where each comes from.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Find what is wrong with the set-up, or with one conversation, and how to mend it.
    Doctor(DoctorArgs),
    /// Copy all kept conversations to one file.
    Backup(BackupArgs),
    /// Bring back the conversations of a backup.
    Restore(RestoreArgs),
    /// Completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Which LiveKit server it is about, where it is about one.
    pub(crate) fn server(&self) -> Option<&ServerArgs> {
        match self {
            Command::Room(args) => Some(&args.server),
            Command::Dispatch(args) => Some(&args.server),
            Command::Token(args) => Some(&args.server),
            _ => None,
        }
    }
}

/// Hold one voice conversation between two agents.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue converse --scenario internet-outage
  duologue converse --scenario my/scenario.yaml --duration 120 --out call-1 --json
  duologue converse --scenario internet-outage --llm openai/gpt-4o-mini --customer-tts openai/tts-1
  duologue converse --scenario internet-outage --llm anthropic --support-stt deepgram/nova-3 --record call.jsonl
  duologue converse --scenario internet-outage --support-llm openai-realtime
  duologue converse --scenario internet-outage --replay call.jsonl
  duologue converse --scenario internet-outage --llm scripted --dialogue lines.yaml

A provider is `local`, `scripted`, or one of openai, openai-realtime, deepgram, elevenlabs, minimax, anthropic and
gemini: alone, as PROVIDER/MODEL, or for any server that speaks its protocol as PROVIDER/MODEL@URL#KEY_VARIABLE. Keys
come from OPENAI_API_KEY, DEEPGRAM_API_KEY and so on: `duologue config show` names all of them. openai-realtime is
chosen as language model, and hears and speaks too.")]
pub(crate) struct ConverseArgs {
    /// A scenario file, or the name of one that comes with Duologue.
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) scenario: String,
    /// End after so many seconds, whatever the scenario says.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) duration: Option<f64>,
    /// Keep the conversation in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// All randomness; the same seed gives the same words with scripted and, on one machine, with local models.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Exit with 3 unless all success criteria hold.
    #[arg(long)]
    pub(crate) require_goal: bool,
    /// Let the recognisers listen to the recorded voices when the call is over: the word error rate of the voices.
    #[arg(long)]
    pub(crate) listen_back: bool,
    /// Lines for the provider `scripted`.
    #[arg(long, value_name = "FILE")]
    pub(crate) dialogue: Option<PathBuf>,
    /// Another persona for the customer: a file or a name.
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) customer: Option<String>,
    /// Another persona for the support agent: a file or a name.
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) support: Option<String>,
    /// Record what the providers answer, with timings, in this new file.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Answer from such a file, without network or key; models and providers are those of the recording.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stt", "llm", "tts", "support_stt", "support_llm",
        "support_tts", "customer_stt", "customer_llm", "customer_tts", "dialogue"])]
    pub(crate) replay: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rooms: MeetingArgs,
    #[command(flatten)]
    pub(crate) providers: ProviderArgs,
}

/// Where a conversation is held.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Rooms")]
pub(crate) struct MeetingArgs {
    /// Name of the room on the LiveKit server; the conversation's id where this is left out.
    #[arg(long, value_name = "NAME", conflicts_with = "in_process")]
    pub(crate) room: Option<String>,
    /// Whose agents talk: those that this command runs itself, or those of workers that were started elsewhere under the
    /// names that the scenario says (`duologue agent start`, or any other LiveKit agent).
    #[arg(long, value_enum, default_value = "own", value_name = "WHOSE", conflicts_with = "in_process")]
    pub(crate) workers: Workers,
    /// How long both agents may take to come.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "30")]
    pub(crate) join_timeout: f64,
    /// Join both agents by packets within this process, without a room.
    #[arg(long)]
    pub(crate) in_process: bool,
}

/// Whose agents talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workers {
    /// This command's.
    #[default]
    Own,
    /// Somebody else's.
    External,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  duologue agent dev my-agent.yaml
  duologue agent start support-agent

The server is that of LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, of the environment, .env.local or .env.")]
pub(crate) enum AgentCommand {
    /// Serve it until Ctrl-C, and serve it anew whenever its file changes.
    Dev {
        /// A file, or the name of one that comes with Duologue: support-agent, customer-agent.
        agent: String,
    },
    /// Serve it until SIGTERM or Ctrl-C; conversations that are under way then are held to their end.
    Start {
        /// A file, or the name of one that comes with Duologue: support-agent, customer-agent.
        agent: String,
    },
    /// Print the file of an agent that comes with Duologue, to begin your own with.
    Show {
        /// support-agent or customer-agent.
        agent: String,
    },
    /// Print the JSON Schema of an agent's file, for editors.
    Schema,
}

/// Hold a suite of conversations in virtual time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue simulate suites/turn-taking.yaml --seeds 20
  duologue simulate my/suite.yaml --jobs 4 --out run-1 --json
  duologue simulate turn-taking --only interruption --from 7 --seeds 1
  duologue simulate --explore --for 600

Exit code 1 if a conversation missed its criteria, a case its bounds, or a search found a fault.")]
pub(crate) struct SimulateArgs {
    /// A suite's file, or the name of one that comes with Duologue: support, turn-taking.
    #[arg(value_name = "SUITE", required_unless_present = "explore", conflicts_with = "explore")]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
    /// Hold each case with K seeds; the suite says how many where this is left out. With --explore: as many random cases.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) seeds: Option<u32>,
    /// Conversations at once; as many as there are processors where this is left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(crate) jobs: Option<u32>,
    /// Keep the results in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only cases whose name has this in it.
    #[arg(long, value_name = "TEXT", conflicts_with = "explore")]
    pub(crate) only: Option<String>,
    /// Keep no recordings.
    #[arg(long, conflicts_with = "explore")]
    pub(crate) no_audio: bool,
    /// What crosses between both, whatever the suite says: `plain` samples, heard by their loudness and not recorded, are
    /// ten times as fast.
    #[arg(long, value_enum, conflicts_with = "explore")]
    pub(crate) sound: Option<SoundArg>,
}

/// What crosses between the parties of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SoundArg {
    Opus,
    Plain,
}

/// Largest first seed: what JSON keeps whole everywhere, 2^53 - 1.
const MOST_SEED: u64 = (1 << 53) - 1;

/// Search for faults.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search for faults")]
pub(crate) struct SearchArgs {
    /// Hold random conversations until one hears itself, waits for ever, loses an utterance or keeps words that were not
    /// said; make each such case small, and write it as a suite.
    #[arg(long)]
    pub(crate) explore: bool,
    /// Search for so many seconds; 60 where neither this nor --seeds is given.
    #[arg(long = "for", value_name = "SECONDS", requires = "explore", conflicts_with = "suite", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) seconds: Option<u64>,
    /// Begin with this seed, in a suite too: `--from 7 --seeds 1` holds one conversation of each case again.
    #[arg(long, value_name = "SEED", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    pub(crate) from: u64,
}

/// Compare two runs of a suite.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The folder of a run, or its run.json.
    pub(crate) a: PathBuf,
    /// The folder of the other.
    pub(crate) b: PathBuf,
    /// Exit with 1 if anything got worse, or was not held in B.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write a page of it to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Hold one side of a kept conversation again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue replay last-night/conversations/interruption.clean/s001
  duologue replay last --side customer --check
  duologue replay c-20261121 --set interruption.min_duration_ms=300 --set preemptive=false

The other side is heard from its recording; models and tools answer what they answered then, after the time they took then.
Settings are those of `turns` in a suite.")]
pub(crate) struct ReplayArgs {
    /// Its id, the beginning of it, its folder, or `last`.
    pub(crate) conversation: String,
    /// Whose decisions.
    #[arg(long, value_enum, default_value = "support")]
    pub(crate) side: SideArg,
    /// Take turns in another way than then.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Let this version's detector say anew when the other side spoke, from the recording, and not the account of then.
    #[arg(long)]
    pub(crate) hear_again: bool,
    /// Show also what is the same.
    #[arg(long)]
    pub(crate) all: bool,
    /// Exit with 1 if anything is not the same.
    #[arg(long)]
    pub(crate) check: bool,
}

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideArg {
    Support,
    Customer,
}

/// Which models speak, for both agents or for one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Providers")]
pub(crate) struct ProviderArgs {
    /// Speech to text of both agents.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) stt: Option<String>,
    /// Language model of both agents.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) llm: Option<String>,
    /// Text to speech of both agents.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) tts: Option<String>,
    /// Speech to text of the support agent.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) support_stt: Option<String>,
    /// Language model of the support agent.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) support_llm: Option<String>,
    /// Text to speech of the support agent.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) support_tts: Option<String>,
    /// Voice of the support agent, in the words of its provider.
    #[arg(long, value_name = "VOICE")]
    pub(crate) support_voice: Option<String>,
    /// Speech to text of the customer.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) customer_stt: Option<String>,
    /// Language model of the customer.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) customer_llm: Option<String>,
    /// Text to speech of the customer.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) customer_tts: Option<String>,
    /// Voice of the customer, in the words of its provider.
    #[arg(long, value_name = "VOICE")]
    pub(crate) customer_voice: Option<String>,
}

impl ProviderArgs {
    /// What they say of a side: its own flags, else those for both.
    pub(crate) fn wishes(&self, side: Side) -> Wishes {
        let (stt, llm, tts, voice) = match side {
            Side::Support => (&self.support_stt, &self.support_llm, &self.support_tts, &self.support_voice),
            Side::Customer => (&self.customer_stt, &self.customer_llm, &self.customer_tts, &self.customer_voice),
        };
        let either = |own: &Option<String>, both: &Option<String>| own.as_ref().or(both.as_ref()).cloned();
        Wishes {
            stt: either(stt, &self.stt),
            llm: either(llm, &self.llm),
            tts: either(tts, &self.tts),
            voice: voice.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConversationCommand {
    /// All that are kept, newest first.
    List,
    /// Transcript and figures of one.
    Show {
        /// Its id, the beginning of it, its folder, or `last`.
        conversation: String,
    },
    /// Open its report in a browser.
    Open {
        /// Its id, the beginning of it, its folder, or `last`.
        conversation: String,
    },
    /// Remove all that is kept of some.
    Delete(DeleteArgs),
    /// Remove old ones.
    Prune(PruneArgs),
    /// Let no rule remove it.
    Pin {
        /// Its id, the beginning of it, or its folder.
        conversation: String,
    },
    /// Let rules remove it again.
    Unpin {
        /// Its id, the beginning of it, or its folder.
        conversation: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioCommand {
    /// All that come with Duologue.
    List,
    /// One in full: who plays, the course, the tools, what makes it a success.
    Show {
        /// Its name, or a file.
        scenario: String,
    },
    /// Write a file to begin your own with, explained line by line.
    New {
        /// Name of the scenario; NAME.yaml is written.
        name: PathBuf,
        /// Begin with a copy of this scenario of the library.
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PersonaCommand {
    /// All that come with Duologue.
    List,
    /// One in full.
    Show {
        /// Its name, or a file.
        persona: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// What there is, what is here, how big it is and under which licence.
    List {
        /// Print the licence texts.
        #[arg(long)]
        licenses: bool,
        /// Check every file against its checksum.
        #[arg(long)]
        verify: bool,
    },
    /// Fetch models; without names, the set that a conversation needs.
    Fetch {
        /// Ids from `models list`.
        models: Vec<String>,
        /// Only say what would be fetched.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove models from this machine.
    Remove {
        /// Ids from `models list`.
        #[arg(required = true)]
        models: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value and its source; secrets are masked.
    Show,
    /// Print the JSON Schema of duologue.yaml, for editors.
    Schema,
}

pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if s.is_finite() && s > 0.0 && s <= 86_400.0 => Ok(s),
        _ => Err("it takes seconds, more than 0 and at most 86400".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_duration_of_nothing_is_refused() {
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("NaN").is_err() && seconds("x").is_err());
        assert_eq!(seconds("1.5"), Ok(1.5));
    }
}
