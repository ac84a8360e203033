//! The command line of agents elsewhere: their cards, and calls of them.

use crate::output::Failure;
use clap::{Args, ValueEnum};
use duologue_a2a::model::Secret;
use duologue_a2a::version::Dialect;
use duologue_gateway::outbound::{Binding, Identity, KeySet, Options};
use duologue_identity::Authorizer;
use duologue_ids::SpiffeId;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable that a token is read from: on the command line every user of the machine could read it.
pub(crate) const TOKEN: &str = "DUOLOGUE_A2A_TOKEN";

/// How to reach an agent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ReachArgs {
    /// Who the agent has to be: over mutual TLS, with your own identity from SPIFFE_ENDPOINT_SOCKET, else from the authority in the
    /// data directory.
    #[arg(long, value_name = "SPIFFE_ID")]
    pub(crate) agent: Option<SpiffeId>,
    /// How to speak with it; the best that both know where this is left out.
    #[arg(long, value_enum)]
    pub(crate) binding: Option<BindingArg>,
    /// Which version of A2A to speak; 1.0 where the agent does, else 0.3.
    #[arg(long, value_enum)]
    pub(crate) a2a_version: Option<VersionArg>,
    /// Wait so long for an answer, or for a stream to begin.
    #[arg(long, value_name = "SECONDS", value_parser = crate::args::seconds, default_value = "30")]
    pub(crate) timeout: f64,
    /// Take only cards that are signed by a key in this file (a JWK set).
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Trust the certificates of the authorities in this file (PEM), not the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Speak without encryption to other machines too.
    #[arg(long)]
    pub(crate) allow_plaintext: bool,
}

/// A binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BindingArg {
    /// JSON-RPC 2.0.
    Jsonrpc,
    /// HTTP+JSON.
    Rest,
    /// gRPC.
    Grpc,
}

/// A version of A2A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VersionArg {
    #[value(name = "1.0")]
    V1_0,
    #[value(name = "0.3")]
    V0_3,
}

/// Show the card of an A2A agent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue card http://127.0.0.1:9999
  duologue card https://agents.example.org/worker --keys keys.json
  duologue card https://agents.example.org/worker --json

A token in DUOLOGUE_A2A_TOKEN is sent along (Authorization: Bearer).")]
pub(crate) struct CardArgs {
    /// Address of the agent, below which its .well-known folder is, or of the card itself.
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// Call an A2A agent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue call http://127.0.0.1:9999 'Sum up the news'
  duologue call http://127.0.0.1:9999 --stream 'Write a poem'
  duologue call http://127.0.0.1:9999 --task 6f1e 'The blue one'
  duologue call http://127.0.0.1:9999 --capability count_words --params '{\"text\": \"one two\"}' --json
  duologue call --agent spiffe://example.org/agent/worker --address https://127.0.0.1:8443 --capability count_words \
    --params '{\"text\": \"one two\"}'

The answer's text goes to standard output; with --json nothing but JSON, with --stream an object a line. Exit code 1 if the
agent refused, failed, or called the task off. A token in DUOLOGUE_A2A_TOKEN is sent along (Authorization: Bearer).")]
pub(crate) struct CallArgs {
    /// Address of the agent (where --address does not give it), and what to say.
    #[arg(value_name = "URL] [TEXT", num_args = 0..)]
    pub(crate) words: Vec<String>,
    /// Address of the agent.
    #[arg(long, value_name = "URL")]
    pub(crate) address: Option<String>,
    /// Call this capability (skill) by name.
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Option<String>,
    /// Send these parameters, any JSON, in place of a text.
    #[arg(long, value_name = "JSON", value_parser = json)]
    pub(crate) params: Option<serde_json::Value>,
    /// Go on with this task.
    #[arg(long, value_name = "ID")]
    pub(crate) task: Option<String>,
    /// Within this conversation.
    #[arg(long, value_name = "ID")]
    pub(crate) context: Option<String>,
    /// Give the message this id: with the same id and words it is the same message, to agents that know messages again.
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) message_id: Option<String>,
    /// Show what comes as it comes.
    #[arg(long)]
    pub(crate) stream: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// Agents that an agent's file knows by a name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue agents --config examples/document-orchestrator/agent.yaml
  duologue agents --json

Each is asked for its card with your own identity. Exit code 1 if one of them did not answer.")]
pub(crate) struct AgentsArgs {
    /// The agent's file.
    #[arg(long, short, value_name = "FILE", default_value = "agent.yaml")]
    pub(crate) config: PathBuf,
    /// Wait so long for each answer.
    #[arg(long, value_name = "SECONDS", value_parser = crate::args::seconds, default_value = "5")]
    pub(crate) timeout: f64,
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}: give JSON, such as '{{\"text\": \"one two\"}}'"))
}

impl ReachArgs {
    /// What the client is to do. `home` is the data directory.
    pub(crate) async fn options(&self, home: &Path) -> Result<Options, Failure> {
        let identity = match &self.agent {
            Some(agent) => {
                Some(Identity::new(super::identity::dialler(home).await?, Authorizer::exactly([agent.clone()])))
            }
            None => None,
        };
        let mut options = Options {
            identity,
            timeout: Duration::from_secs_f64(self.timeout),
            allow_plaintext: self.allow_plaintext,
            bearer: std::env::var(TOKEN).ok().filter(|token| !token.is_empty()).map(Secret::new),
            authorities: self.ca.as_deref().map(read).transpose()?,
            ..Options::default()
        };
        if let Some(binding) = self.binding {
            options.bindings = vec![match binding {
                BindingArg::Jsonrpc => Binding::JsonRpc,
                BindingArg::Rest => Binding::Http,
                BindingArg::Grpc => Binding::Grpc,
            }];
        }
        if let Some(version) = self.a2a_version {
            options.dialects = vec![match version {
                VersionArg::V1_0 => Dialect::V1_0,
                VersionArg::V0_3 => Dialect::V0_3,
            }];
        }
        if let Some(path) = &self.keys {
            let keys = KeySet::from_jwks(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
            options.card_keys = Some(keys);
        }
        Ok(options)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?)
}
