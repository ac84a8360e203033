//! What is measured by `compare.py`, in one program: the agent (`serve`), who calls it (`load`), and the authority that both have
//! their identities from (`authority`).

mod authority;
mod load;
mod serve;

use clap::Parser;
use duologue_identity::{Endpoint, IdentitySource, WorkloadClient};
use duologue_policy_engine::FileLog;
use std::path::PathBuf;
use std::time::Duration;

/// As `duologue` has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The trust domain of all three.
const DOMAIN: &str = "bench.test";
/// Our agent.
const AGENT: &str = "spiffe://bench.test/echo";
/// Who calls.
const CALLER: &str = "spiffe://bench.test/load";
/// The agent on Python's SDK.
const PYTHON: &str = "spiffe://bench.test/python";

#[derive(Parser)]
#[command(about)]
enum Command {
    /// Issues the identities, says where its Workload API is, and ends with its input
    Authority {
        /// Keeps its roots here, and Python's identity in files
        folder: PathBuf,
    },
    /// The agent, until interrupted
    Serve(serve::Settings),
    /// Calls an agent, and says as JSON how it went
    Load(load::Settings),
    /// Looks through a decision log, and says how many decisions are in it
    Verify {
        /// The log
        file: PathBuf,
    },
}

/// The identity that the authority has for one of us.
async fn source(socket: &Endpoint, id: &str) -> Result<IdentitySource, Failed> {
    let source = IdentitySource::workload_api(WorkloadClient::new(socket.clone(), None), Some(id.parse()?));
    source.ready(Duration::from_secs(30)).await?;
    Ok(source)
}

fn main() -> Result<(), Failed> {
    let command = Command::parse();
    let mut runtime = match &command {
        // The load has one core. More threads would only wait for each other there.
        Command::Load(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(async {
        match command {
            Command::Authority { folder } => authority::run(folder).await,
            Command::Serve(settings) => serve::run(settings).await,
            Command::Load(settings) => load::run(settings).await,
            Command::Verify { file } => {
                println!("{}", FileLog::verify(&file)?.seq);
                Ok(())
            }
        }
    })
}
