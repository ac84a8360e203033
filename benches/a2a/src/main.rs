//! An agent that answers what it was sent, as its peers in this folder do: `PORT=9401 duologue-a2a-echo`. With `TASK=1` the answer
//! is a completed task; with `STORE=sqlite:echo.db` or a URL of PostgreSQL, tasks are kept there instead of in memory.

use async_trait::async_trait;
use duologue_a2a::model::{AgentCapabilities, AgentCard, AgentSkill, TaskState};
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Keeping, Turn, bind_loopback, serve};
use duologue_store::{Store, StoreConfig};
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

struct Echo {
    /// Whether the answer is a task.
    by_task: bool,
}

#[async_trait]
impl Agent for Echo {
    fn card(&self) -> AgentCard {
        let skill = AgentSkill {
            id: "echo".into(),
            name: "Echo".into(),
            description: "Says what it was told".into(),
            tags: vec!["echo".into()],
            ..AgentSkill::default()
        };
        AgentCard {
            name: "Echo".into(),
            description: "Says what it was told".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            capabilities: AgentCapabilities { streaming: Some(true), ..AgentCapabilities::default() },
            default_input_modes: vec!["text/plain".into()],
            default_output_modes: vec!["text/plain".into()],
            skills: vec![skill],
            ..AgentCard::default()
        }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        let answer = turn.says(turn.message().text());
        if !self.by_task {
            return Ok(Answer::Message(answer));
        }
        turn.status(TaskState::Completed, Some(answer)).await?;
        Ok(Answer::Done)
    }
}

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
