//! What is done for which first words: those of a2a-tck stand in the message's id, those of ACTS in its text.

use async_trait::async_trait;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{
    AgentCapabilities, AgentCard, AgentExtension, AgentSkill, Artifact, Content, Message, Part, TaskState,
};
use duologue_a2a::task::Event;
use duologue_gateway::{Agent, Answer, Failure, Turn};
use std::time::Duration;

/// How long a2a-tck waits for a stream to move (`TCK_STREAMING_TIMEOUT`).
const STREAMING_TIMEOUT: Duration = Duration::from_secs(2);

/// The agent.
pub(crate) struct Conformance {
    /// Streaming, push notifications and the extended card, or none of them.
    pub(crate) push: bool,
    /// Whether the kit's own extension is required.
    pub(crate) requires_extension: bool,
}

#[async_trait]
impl Agent for Conformance {
    fn card(&self) -> AgentCard {
        let extension = AgentExtension {
            uri: "urn:a2a:tck:required-extension".into(),
            description: "Calls without it are refused".into(),
            required: true,
            params: None,
        };
        AgentCard {
            name: "Conformance agent".into(),
            description: "Does what conformance kits ask for by the first words of a message".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            capabilities: AgentCapabilities {
                streaming: Some(self.push),
                push_notifications: Some(self.push),
                extended_agent_card: Some(self.push),
                extensions: if self.requires_extension { vec![extension] } else { Vec::new() },
            },
            default_input_modes: vec!["text/plain".into(), "application/json".into()],
            default_output_modes: vec!["text/plain".into(), "application/json".into()],
            skills: vec![AgentSkill {
                id: "conformance".into(),
                name: "Conformance".into(),
                description: "Follows the scenarios of a2a-tck and ACTS".into(),
                tags: vec!["conformance".into()],
                examples: vec!["tck-complete-task".into()],
                ..AgentSkill::default()
            }],
            ..AgentCard::default()
        }
    }

    fn extended_card(&self, _caller: &str) -> Option<AgentCard> {
        let mut card = self.card();
        card.skills.push(AgentSkill {
            id: "extended".into(),
            name: "Extended".into(),
            description: "Seen by those who are authenticated".into(),
            tags: vec!["conformance".into()],
            ..AgentSkill::default()
        });
        Some(card)
    }

    /// a2a-tck gives many messages of a run the same id and the same words, and expects a task for each.
    fn knows_again(&self, message: &Message) -> bool {
        !message.message_id.starts_with("tck-")
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        if turn.task().is_some() && turn.attempt() == 1 {
            return follow_up(turn).await;
        }
        behave(turn, &words(turn.message())).await
    }
}

/// The words that say what to do.
fn words(message: &Message) -> String {
    let text = message.text();
    if message.message_id.starts_with("tck-") || message.message_id.starts_with("test-") {
        message.message_id.clone()
    } else {
        text
    }
}

async fn follow_up(turn: &Turn) -> Result<Answer, Failure> {
    if turn.message().message_id.starts_with("tck-") {
        return behave(turn, &turn.message().message_id).await;
    }
    let first = turn.task().and_then(|record| record.task().history.first()).map(words).unwrap_or_default();
    let is_done = turn.message().text().to_lowercase().contains("done");
    if first.starts_with("tck-multi-turn") && !is_done {
        let more = turn.says("Tell me more, or say that we are done");
        turn.status(TaskState::InputRequired, Some(more)).await?;
        return Ok(Answer::Done);
    }
    Ok(Answer::Message(turn.says("Hello from TCK")))
}

async fn behave(turn: &Turn, words: &str) -> Result<Answer, Failure> {
    let is = |prefix: &str| words.starts_with(prefix);
    match () {
        () if is("tck-message-response") => Ok(Answer::Message(turn.says("Direct message response"))),
        () if is("tck-artifact-text") => artifact(turn, vec![Part::text("Generated text content")]).await,
        () if is("tck-artifact-file-url") => {
            let url = Content::Url("https://example.com/output.txt".into());
            artifact(turn, vec![file(url)]).await
        }
        () if is("tck-artifact-file") => {
            artifact(turn, vec![file(Content::Raw(b"Generated file content".to_vec()))]).await
        }
        () if is("tck-artifact-data") => {
            artifact(turn, vec![Part::data(serde_json::json!({"key": "value", "count": 42}))]).await
        }
        () if is("tck-input-required") || is("tck-multi-turn") => {
            turn.status(TaskState::InputRequired, Some(turn.says("What else?"))).await?;
            Ok(Answer::Done)
        }
        () if is("tck-auth-required") => {
            turn.status(TaskState::AuthRequired, Some(turn.says("Credentials are needed"))).await?;
            Ok(Answer::Done)
        }
        () if is("tck-reject-task") => {
            turn.status(TaskState::Rejected, Some(turn.says("rejected"))).await?;
            Ok(Answer::Done)
        }
        () if is("tck-task-failure") => Err(Failure::Failed("The task failed, as was asked for".into())),
        () if is("tck-cancel") => {
            turn.status(TaskState::Working, None).await?;
            turn.over().await;
            Err(Failure::Over)
        }
        () if is("tck-stream") => stream(turn, words).await,
        () if is("tck-long-running") => {
            slow(turn, Duration::from_secs(5)).await?;
            artifact(turn, vec![Part::text("Generated after a while")]).await
        }
        () if is("tck-delayed-complete") => {
            slow(turn, STREAMING_TIMEOUT).await?;
            complete(turn).await
        }
        () if is("test-resubscribe-message-id") => {
            slow(turn, 2 * STREAMING_TIMEOUT).await?;
            complete(turn).await
        }
        () if is("duologue-count") => count(turn, words).await,
        () if is("duologue-fail-request") => {
            Err(A2aError::new(ErrorKind::UnsupportedOperation, "refused, as was asked for").into())
        }
        () => complete(turn).await,
    }
}

async fn complete(turn: &Turn) -> Result<Answer, Failure> {
    turn.status(TaskState::Completed, Some(turn.says("Hello from TCK"))).await?;
    Ok(Answer::Done)
}

async fn artifact(turn: &Turn, parts: Vec<Part>) -> Result<Answer, Failure> {
    turn.artifact(named("artifact-1", parts)).await?;
    complete(turn).await
}

async fn stream(turn: &Turn, words: &str) -> Result<Answer, Failure> {
    if words.starts_with("tck-stream-002") {
        return complete(turn).await;
    }
    turn.status(TaskState::Working, None).await?;
    if words.starts_with("tck-stream-artifact-chunked") || words.starts_with("tck-stream-chunked") {
        for (n, text) in ["chunk-1 ", "chunk-2"].into_iter().enumerate() {
            chunk(turn, text, n, n == 1).await?;
        }
        return complete(turn).await;
    }
    let part = match words {
        _ if words.starts_with("tck-stream-003") => Part::text("Stream task lifecycle"),
        _ if words.starts_with("tck-stream-ordering-001") => Part::text("Ordered output"),
        _ if words.starts_with("tck-stream-artifact-text") => Part::text("Streamed text content"),
        _ if words.starts_with("tck-stream-artifact-file") => file(Content::Raw(b"Streamed file content".to_vec())),
        _ => Part::text("Stream hello from TCK"),
    };
    turn.artifact(named("artifact-1", vec![part])).await?;
    complete(turn).await
}

async fn slow(turn: &Turn, time: Duration) -> Result<(), Failure> {
    turn.status(TaskState::Working, None).await?;
    tokio::time::sleep(time).await;
    Ok(())
}

/// `duologue-count N MS`: tells the numbers from 1 to N, one each MS milliseconds, and goes on where a process ended.
async fn count(turn: &Turn, words: &str) -> Result<Answer, Failure> {
    let mut numbers = words.split_whitespace().skip(1).map(|word| word.parse::<u64>().unwrap_or(1));
    let (most, millis) = (numbers.next().unwrap_or(10), numbers.next().unwrap_or(10));
    let told =
        turn.task().and_then(|record| record.task().artifacts.first()).map_or(0, |artifact| artifact.parts.len());
    if turn.task().is_none() {
        turn.status(TaskState::Working, None).await?;
    }
    for n in told..usize::try_from(most).unwrap_or(usize::MAX) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        chunk(turn, &(n + 1).to_string(), n, false).await?;
    }
    complete(turn).await
}

async fn chunk(turn: &Turn, text: &str, n: usize, is_last: bool) -> Result<(), Failure> {
    let artifact = Box::new(named("artifact-1", vec![Part::text(text)]));
    turn.tell(Event::Artifact { artifact, append: n > 0, last_chunk: is_last, metadata: None }).await
}

fn named(id: &str, parts: Vec<Part>) -> Artifact {
    Artifact { artifact_id: id.into(), name: "output".into(), parts, ..Artifact::default() }
}

fn file(content: Content) -> Part {
    Part { filename: "output.txt".into(), media_type: "text/plain".into(), ..Part::new(content) }
}
