//! Streams: of a message, of a task, and of one that runs already.

use super::{Client, Ended, Outcome, asking, at_once, check, expect, failed, numbers, refused, task_of, texts};
use a2a::{A2AError, StreamResponse, SubscribeToTaskRequest, TaskState, error_code};
use a2a_client::BoxStream;
use futures::StreamExt as _;

pub(super) async fn all(client: &Client) {
    check("stream", stream(client)).await;
    check("stream_message", stream_message(client)).await;
    check("subscribe", subscribe(client)).await;
    check("subscribe_to_what_is_over", subscribe_to_what_is_over(client)).await;
}

/// What the events of a stream add up to.
#[derive(Default)]
pub(super) struct Told {
    /// Whether the first event was a task.
    begins_with_task: Option<bool>,
    pub(super) pieces: Vec<String>,
    pub(super) state: TaskState,
}

impl Told {
    pub(super) fn hear(&mut self, event: StreamResponse) {
        let is_task = matches!(event, StreamResponse::Task(_));
        self.begins_with_task.get_or_insert(is_task);
        match event {
            StreamResponse::Task(task) => {
                self.state = task.status.state;
                let artifacts = task.artifacts.unwrap_or_default();
                self.pieces = owned(texts(artifacts.iter().flat_map(|artifact| &artifact.parts)));
            }
            StreamResponse::StatusUpdate(update) => self.state = update.status.state,
            StreamResponse::ArtifactUpdate(update) => {
                if update.append != Some(true) {
                    self.pieces.clear();
                }
                self.pieces.extend(owned(texts(&update.artifact.parts)));
            }
            StreamResponse::Message(_) => {}
        }
    }

    fn is_whole(self, count: usize) -> Outcome {
        expect("the first event is a task", self.begins_with_task, Some(true))?;
        expect("the pieces", self.pieces, numbers(count))?;
        expect("the state", self.state, TaskState::Completed)
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

async fn drain(mut events: BoxStream<'static, Result<StreamResponse, A2AError>>) -> Result<Told, Ended> {
    let mut told = Told::default();
    while let Some(event) = events.next().await {
        told.hear(event?);
    }
    Ok(told)
}

async fn stream(client: &Client) -> Outcome {
    let events = client.send_streaming_message(&asking("duologue-count 20 5", None)).await?;
    drain(events).await?.is_whole(20)
}

async fn stream_message(client: &Client) -> Outcome {
    let events = client.send_streaming_message(&asking("tck-message-response", None)).await?;
    match events.collect::<Vec<_>>().await.as_slice() {
        [Ok(StreamResponse::Message(message))] => expect("its text", message.text(), Some("Direct message response")),
        other => failed(format!("{other:?} came instead of a message")),
    }
}

async fn subscribe(client: &Client) -> Outcome {
    let id = task_of(client, at_once(asking("duologue-count 40 50", None), None)).await?.id;
    let events = client.subscribe_to_task(&SubscribeToTaskRequest { id, tenant: None }).await?;
    drain(events).await?.is_whole(40)
}

async fn subscribe_to_what_is_over(client: &Client) -> Outcome {
    let id = task_of(client, asking("hello", None)).await?.id;
    let answer = match client.subscribe_to_task(&SubscribeToTaskRequest { id, tenant: None }).await {
        Ok(mut events) => events.next().await.unwrap_or_else(|| Err(A2AError::internal("the stream was empty"))),
        Err(error) => Err(error),
    };
    refused(answer, error_code::UNSUPPORTED_OPERATION)
}
