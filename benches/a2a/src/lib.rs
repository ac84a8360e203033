//! The agent of ours that is measured: it answers what it was sent. `benches/mtls` has it behind mutual TLS.

use async_trait::async_trait;
use duologue_a2a::model::{AgentCapabilities, AgentCard, AgentSkill, TaskState};
use duologue_gateway::{Agent, Answer, Failure, Turn};

/// Says what it was told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo {
    /// Whether the answer is a task.
    pub by_task: bool,
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
