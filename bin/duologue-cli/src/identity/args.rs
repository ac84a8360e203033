//! The command line of identities.

use crate::keeping_args::lasting;
use clap::{Args, Subcommand};
use duologue_ids::{SpiffeId, TrustDomain};
use std::path::PathBuf;
use std::time::Duration;

/// Identities of agents, for development.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue identity authority
  duologue identity entry add spiffe://example.org/worker --program /usr/local/bin/worker
  duologue identity token spiffe://example.org/worker
  duologue identity revoke spiffe://example.org/worker

An authority issues X.509-SVIDs and JWT-SVIDs, and serves the SPIFFE Workload API to clients of any make. It is for development:
its keys lie in a file. In production run SPIRE; agents find either by SPIFFE_ENDPOINT_SOCKET.")]
pub(crate) struct IdentityArgs {
    /// The authority's folder [default: authority in the data directory].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Run an authority until Ctrl-C, and say what to export for its clients.
    Authority(AuthorityArgs),
    /// Who this program is here, by whichever Workload API it finds; and how the authority stands.
    Show,
    /// Who gets which identity, by user and program.
    #[command(subcommand)]
    Entry(EntryCommand),
    /// Make a join token: the first process that shows it gets the identity (DUOLOGUE_JOIN_TOKEN).
    Token(TokenArgs),
    /// Believe another trust domain, and hand out its bundle.
    Federate(FederateArgs),
    /// Believe it no more: connections with it end.
    Defederate {
        /// Its name, such as example.com.
        trust_domain: TrustDomain,
    },
    /// Give an identity to nobody any more, and have its certificates refused: connections with it end.
    Revoke {
        /// The identity.
        spiffe_id: SpiffeId,
    },
    /// Give a revoked identity again; certificates that were revoked remain so.
    Readmit {
        /// The identity.
        spiffe_id: SpiffeId,
    },
    /// Print the authority's bundle, as other trust domains read it (a SPIFFE bundle document).
    Bundle,
}

/// Run an authority.
#[derive(Debug, Args)]
pub(crate) struct AuthorityArgs {
    /// Whose authority it is.
    #[arg(long, value_name = "NAME", default_value = "example.org")]
    pub(crate) trust_domain: TrustDomain,
    /// Where its Workload API is; all users of the machine that reach it may ask [default: workload.sock in its folder, for this
    /// user alone].
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Write its bundle to this file whenever it changes, for other trust domains.
    #[arg(long, value_name = "FILE")]
    pub(crate) publish: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EntryCommand {
    /// Give an identity to processes of a user that run a program.
    Add(EntryArgs),
    /// Give it no more; what was given goes on until it runs out, which `identity revoke` ends at once.
    Remove(EntryArgs),
    /// All of them.
    List,
}

/// Who gets an identity.
#[derive(Debug, Args)]
pub(crate) struct EntryArgs {
    /// The identity, such as spiffe://example.org/worker.
    pub(crate) spiffe_id: SpiffeId,
    /// The program, as a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Only with these bytes: the file's SHA-256 in hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// The number of the user [default: this one's].
    #[arg(long, value_name = "UID")]
    pub(crate) user: Option<u32>,
}

/// Make a join token.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// The identity that it gives.
    pub(crate) spiffe_id: SpiffeId,
    /// It is to be shown within this time: `30s`, `10m`, `2h`; a week at most.
    #[arg(long, value_name = "TIME", value_parser = within_a_week, default_value = "10m")]
    pub(crate) ttl: Duration,
}

/// What the authority gives at most.
fn within_a_week(text: &str) -> Result<Duration, String> {
    let time = lasting(text)?;
    if time > Duration::from_secs(7 * 86_400) { Err("a token lasts for a week at most".to_owned()) } else { Ok(time) }
}

/// Believe another trust domain.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("from").required(true))]
pub(crate) struct FederateArgs {
    /// Its name, such as example.com.
    pub(crate) trust_domain: TrustDomain,
    /// Its bundle is in this file, a SPIFFE bundle document or PEM, and is read again when it changes.
    #[arg(long, value_name = "FILE", group = "from")]
    pub(crate) file: Option<PathBuf>,
    /// Its bundle is at this address (https), and is read again as it says.
    #[arg(long, value_name = "URL", group = "from")]
    pub(crate) url: Option<String>,
}
