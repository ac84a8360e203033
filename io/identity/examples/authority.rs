//! An authority for tests against clients by others: `authority FOLDER TRUST-DOMAIN PROGRAM [ROOT SVID]`, lives in seconds. Gives
//! `/program` to what runs PROGRAM, says where its Workload API is, and ends with its input.

use duologue_identity::{Authority, AuthorityConfig, Entry, Executable, Order, Timings};
use std::time::Duration;
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, domain, program, lives @ ..] = &arguments[..] else {
        return Err("give FOLDER TRUST-DOMAIN PROGRAM [ROOT SVID]".into());
    };
    let mut config = AuthorityConfig::new(folder, domain.parse()?);
    if let [root, svid] = lives {
        let [root, svid] = [root.parse()?, svid.parse()?].map(Duration::from_secs);
        config.timings = Timings { root, svid, jwt: svid, ..Timings::default() };
    }
    let authority = Authority::start(config.clone()).await?;
    let executable = Executable { path: program.clone(), sha256: None };
    let uid = rustix::process::geteuid().as_raw();
    authority.perform(Order::AddEntry(Entry { spiffe_id: config.domain.member("/program")?, uid, executable })).await?;
    println!("{}", authority.socket());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
