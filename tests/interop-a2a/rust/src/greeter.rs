//! The agent of `servers/server.py`: what it does is told by the message's first word.

use a2a::{
    A2AError, Artifact, Message, Part, Role, StreamResponse, Task, TaskArtifactUpdateEvent, TaskState, TaskStatus,
    TaskStatusUpdateEvent,
};
use a2a_server::{AgentExecutor, ExecutorContext};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{pending, ready};
use futures::stream::{BoxStream, once, select};
use futures::{FutureExt as _, StreamExt as _};
use std::time::Duration;
use tokio::time::interval;

type Events = BoxStream<'static, Result<StreamResponse, A2AError>>;

/// `message` answers at once, `task` makes a task, `stream N` tells N pieces, `ask` waits for more, `slow` waits to be called
/// off; anything else, and what comes after the question, is greeted.
pub struct Greeter;

impl AgentExecutor for Greeter {
    fn execute(&self, context: ExecutorContext) -> Events {
        told_by(context, |teller, context| greet(teller, context).boxed())
    }

    fn cancel(&self, context: ExecutorContext) -> Events {
        told_by(context, |teller, _| async move { teller.status(TaskState::Canceled, None) }.boxed())
    }
}

type Work = fn(Teller, ExecutorContext) -> futures::future::BoxFuture<'static, ()>;

/// What is told while the work is done, which whoever reads it drives.
fn told_by(context: ExecutorContext, work: Work) -> Events {
    let (events, told) = unbounded();
    let teller = Teller { task: context.task_id.clone(), context: context.context_id.clone(), events };
    select(told, once(work(teller, context)).filter_map(|()| ready(None))).boxed()
}

struct Teller {
    task: String,
    context: String,
    events: UnboundedSender<Result<StreamResponse, A2AError>>,
}

impl Teller {
    /// Nobody listens any more once the task is over.
    fn tell(&self, event: StreamResponse) {
        drop(self.events.unbounded_send(Ok(event)));
    }

    fn says(&self, text: impl Into<String>) -> Message {
        let mut message = Message::new(Role::Agent, vec![Part::text(text)]);
        message.context_id = Some(self.context.clone());
        message
    }

    fn status(&self, state: TaskState, message: Option<Message>) {
        let status = TaskStatus { state, message, timestamp: None };
        let (task_id, context_id) = (self.task.clone(), self.context.clone());
        self.tell(StreamResponse::StatusUpdate(TaskStatusUpdateEvent { task_id, context_id, status, metadata: None }));
    }

    fn artifact(&self, id: &str, text: String, append: bool, last: bool) {
        self.tell(StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
            task_id: self.task.clone(),
            context_id: self.context.clone(),
            artifact: Artifact {
                artifact_id: id.into(),
                name: None,
                description: None,
                parts: vec![Part::text(text)],
                metadata: None,
                extensions: None,
            },
            append: Some(append),
            last_chunk: Some(last),
            metadata: None,
        }));
    }

    fn begun(&self, message: Message) {
        self.tell(StreamResponse::Task(Task {
            id: self.task.clone(),
            context_id: self.context.clone(),
            status: TaskStatus { state: TaskState::Submitted, message: None, timestamp: None },
            artifacts: None,
            history: Some(vec![message]),
            metadata: None,
        }));
    }
}

async fn greet(teller: Teller, context: ExecutorContext) {
    let Some(message) = context.message else { return };
    let text = message.text().unwrap_or_default().to_owned();
    let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
    if word == "message" {
        return teller.tell(StreamResponse::Message(teller.says(format!("hello {rest}"))));
    }
    // The SDK has made the task already when a message is not streamed; only a question was in another state before.
    let is_answer = context.stored_task.is_some_and(|task| task.status.state == TaskState::InputRequired);
    if !is_answer {
        teller.begun(message);
    }
    teller.status(TaskState::Working, None);
    match word {
        "ask" if !is_answer => return teller.status(TaskState::InputRequired, Some(teller.says("who?"))),
        "slow" if !is_answer => pending().await,
        "stream" if !is_answer => stream(&teller, rest.parse().unwrap_or(0)).await,
        "task" if !is_answer => teller.artifact("greeting", format!("hello {rest}"), false, true),
        _ => teller.artifact("greeting", format!("hello {text}"), false, true),
    }
    teller.status(TaskState::Completed, None);
}

async fn stream(teller: &Teller, count: usize) {
    let mut pace = interval(Duration::from_millis(100));
    pace.tick().await;
    for number in 0..count {
        pace.tick().await;
        teller.artifact("pieces", format!("{number} "), number > 0, number + 1 == count);
    }
}
