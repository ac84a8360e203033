//! An agent that answers what it was sent, as its peers in this folder do: `PORT=9401 duologue-a2a-echo`. With `TASK=1` the answer
//! is a completed task; with `STORE=sqlite:echo.db` or a URL of PostgreSQL, tasks are kept there instead of in memory.

use duologue_a2a_echo::Echo;
use duologue_gateway::{Gateway, GatewayConfig, Keeping, bind_loopback, serve};
use duologue_store::{Store, StoreConfig};
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(9401), |port| port.parse())?;
    let mut config = GatewayConfig::loopback(format!("http://127.0.0.1:{port}"));
    if let Ok(url) = std::env::var("STORE") {
        config.keeping = Keeping::Store(Store::open(StoreConfig::new(url)).await?);
    }
    let listener = bind_loopback(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let gateway = Gateway::new(Arc::new(Echo { by_task: std::env::var_os("TASK").is_some() }), config);
    println!("echo: http://127.0.0.1:{port}");
    serve(gateway, listener, async { drop(tokio::signal::ctrl_c().await) }, Duration::from_secs(5)).await;
    Ok(())
}
