//! An agent that does what conformance kits ask for by the first words of a message, on a plaintext listener that only this
//! machine reaches. `make conformance-agent PORT=9999`.

mod behaviour;

use behaviour::Conformance;
use duologue_gateway::key::SigningKey;
use duologue_gateway::push::{Dialler, DiallerConfig, PushRules, SenderConfig};
use duologue_gateway::{CardForm, Gateway, GatewayConfig, Keeping, Pushing, TaskSettings, bind_loopback, serve};
use duologue_store::{Store, StoreConfig};
use futures::FutureExt;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// What the environment says.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(log_filter()).init();
    let port: u16 = setting("PORT").map_or(Ok(9999), |port| port.parse())?;
    let next = port.checked_add(1).ok_or("PORT is for HTTP, and the one after it for gRPC: give one below 65535")?;
    let is_on = |name: &str| setting(name).is_none_or(|value| value != "0");
    let agent = Conformance { push: is_on("PUSH"), requires_extension: setting("REQUIRED_EXTENSION").is_some() };
    let mut config = GatewayConfig::loopback(format!("http://localhost:{port}"));
    config.grpc = Some(format!("localhost:{}", next));
    // Kits refuse a card with members that 1.0 does not have.
    config.card = if setting("CARD_0_3").is_some() { CardForm::Combined } else { CardForm::Plain };
    config.key = Some(SigningKey::generate()?);
    let rules = PushRules { allow_loopback: true, ..PushRules::default() };
    let dialler = Dialler::new(DiallerConfig { rules: rules.clone(), ..DiallerConfig::default() })?;
    config.push = Some(Pushing { rules, dialler, sender: SenderConfig::default() });
    if let Some(url) = setting("STORE") {
        let instance = format!("conformance-{port}");
        config.keeping = Keeping::Store(Store::open(StoreConfig { instance, ..StoreConfig::new(url) }).await?);
    }
    if let Some(millis) = setting("LEASE_MS") {
        config.tasks = TaskSettings { lease: Duration::from_millis(millis.parse()?), ..config.tasks };
    }
    let gateway = Gateway::new(Arc::new(agent), config);
    let listen = |port| bind_loopback(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let (listener, grpc) = (listen(port).await?, listen(next).await?);
    println!("A2A agent for conformance kits: http://localhost:{port} (gRPC: {})", next);
    let end = async {
        drop(tokio::signal::ctrl_c().await);
    };
    let end = end.shared();
    let patience = Duration::from_secs(5);
    tokio::join!(serve(gateway.clone(), listener, end.clone(), patience), serve(gateway, grpc, end, patience));
    Ok(())
}

fn log_filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into())
}
