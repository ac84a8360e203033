//! The agent: it answers what it was sent.

use crate::{AGENT, Failed, source};
use clap::Args;
use duologue_a2a_echo::Echo;
use duologue_gateway::{Gateway, GatewayConfig, Policy, bind, bind_loopback, serve, serve_mtls};
use duologue_identity::{Acceptor, Authorizer, Connections, Endpoint, LedgerRules};
use duologue_policy_engine::{DecisionLog, Embedded, Engine, FileLog, Limits, PolicyEngine, PolicyPaths};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Settings {
    /// Listens here on 127.0.0.1
    port: u16,
    /// The Workload API for mutual TLS; none: plaintext
    #[arg(long)]
    socket: Option<Endpoint>,
    /// Has this policy decide about every call
    #[arg(long, requires = "socket")]
    policy: Option<PathBuf>,
    /// Keeps every decision in this file
    #[arg(long, requires = "policy")]
    log: Option<PathBuf>,
    /// Waits for the disk with each decision
    #[arg(long, requires = "log")]
    strict: bool,
}

pub(crate) async fn run(settings: Settings) -> Result<(), Failed> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
    let (end, patience) = (async { drop(tokio::signal::ctrl_c().await) }, Duration::from_secs(5));
    let Some(socket) = &settings.socket else {
        let gateway = Gateway::new(Arc::new(Echo::default()), GatewayConfig::loopback(format!("http://{address}")));
        serve(gateway, bind_loopback(address).await?, end, patience).await;
        return Ok(());
    };
    let source = source(socket, AGENT).await?;
    let mut config = GatewayConfig::mtls(format!("https://{address}"));
    if let Some(folder) = &settings.policy {
        config.authorize = Some(Arc::new(policy(folder, settings.log.as_deref(), settings.strict)?));
    }
    let gateway = Gateway::new(Arc::new(Echo::default()), config);
    let connections = Connections::new(&source, LedgerRules::default());
    let acceptor = Acceptor::new(&source, Authorizer::Local, &connections);
    serve_mtls(gateway, bind(address).await?, acceptor, end, patience).await;
    Ok(())
}

fn policy(folder: &Path, log: Option<&Path>, is_strict: bool) -> Result<Policy, Failed> {
    let embedded = Arc::new(Embedded::load(PolicyPaths::one(folder), Limits::default())?);
    let log = match log {
        Some(path) => DecisionLog::File(FileLog::open(path, is_strict)?),
        None => DecisionLog::Trace,
    };
    Ok(Policy::new(PolicyEngine::new(Engine::Embedded(embedded), log)).of_agent(AGENT))
}
