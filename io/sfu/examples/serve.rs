//! A room server by itself, for clients that are tried by hand:
//! `cargo run --release --example serve -- 127.0.0.1:7880 0.0.0.0:7882`. Its key is `devkey`; the secret is read from
//! `LIVEKIT_API_SECRET`.

use duologue_ids::Redacted;
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let secret = std::env::var("LIVEKIT_API_SECRET")?;
    let mut config = RoomServerConfig::local(ApiKey { key: "devkey".into(), secret: Redacted::new(secret) });
    let mut addresses = std::env::args().skip(1);
    if let Some(signalling) = addresses.next() {
        config.signalling = signalling.parse()?;
    }
    if let Some(media) = addresses.next() {
        config.media = media.parse()?;
    }
    let server = RoomServer::start(config).await?;
    println!("ws://{}, media at {:?}", server.signalling(), server.media());
    let mut events = server.events();
    loop {
        tokio::select! {
            event = events.recv() => println!("{:?}", event?),
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    server.stop().await;
    Ok(())
}
