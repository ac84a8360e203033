//! A stream that outlives the connections that carry it.

use super::Client;
use super::error::CallError;
use super::grpc::MessageStream;
use super::http::Sse;
use super::told::Told;
use duologue_a2a::call::{Call, Reply};
use duologue_a2a::model::{
    Artifact, GetTaskRequest, Message, StreamResponse, SubscribeToTaskRequest, Task, TaskState, TaskStatus,
};
use futures::Stream;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;

/// A stream of a task's events, or of one message.
pub type Events = Pin<Box<dyn Stream<Item = Result<Told, CallError>> + Send>>;

/// What carries a stream.
pub(super) enum Source {
    Sse(Box<Sse>),
    Grpc(Box<MessageStream>),
    /// Nothing more comes.
    Ended,
}

impl Source {
    async fn next(&mut self) -> Option<Result<Told, CallError>> {
        match self {
            Source::Sse(stream) => stream.next().await,
            Source::Grpc(stream) => stream.next().await,
            Source::Ended => None,
        }
    }
}

/// What is known of a task: enough to tell whether a snapshot says more, in bounded memory.
#[derive(Debug, Default, PartialEq)]
struct Known {
    state: TaskState,
    message: Option<u64>,
    artifacts: BTreeMap<String, u64>,
}

/// Artifacts of a task that are told apart; of a task with more, each snapshot says something new.
const MOST_ARTIFACTS: usize = 4_096;

impl Known {
    fn of(task: &Task) -> Known {
        let mut known = Known::default();
        known.status(&task.status);
        task.artifacts.iter().for_each(|artifact| known.artifact(artifact, false));
        known
    }

    fn status(&mut self, status: &TaskStatus) {
        self.state = status.state;
        self.message = status.message.as_ref().map(|message: &Message| digest(0, message));
    }

    fn artifact(&mut self, artifact: &Artifact, append: bool) {
        let before = self.artifacts.get(&artifact.artifact_id).filter(|_| append).copied();
        // Parts one by one: appended ones are those of the whole.
        let after = artifact.parts.iter().fold(before.unwrap_or_default(), digest);
        if self.artifacts.len() < MOST_ARTIFACTS || self.artifacts.contains_key(&artifact.artifact_id) {
            self.artifacts.insert(artifact.artifact_id.clone(), after);
        }
    }
}

fn digest(before: u64, value: &impl serde::Serialize) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    // Of types whose keys are all strings: cannot fail.
    serde_json::to_vec(value).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

/// Follows a task over as many connections as it takes.
struct Follower {
    client: Client,
    /// What began the stream.
    call: Call,
    source: Source,
    /// The task, once it is known which.
    task: String,
    known: Known,
    /// The number of the last event that was given.
    seen: Option<u64>,
    /// The stream was just taken up again: it begins with what may be known.
    is_fresh: bool,
    attempts: u32,
    is_over: bool,
}

/// Events from a source, and from those that take its place.
pub(super) fn follow(client: Client, call: Call, source: Source, seen: Option<u64>) -> Events {
    let task = match &call {
        Call::SubscribeToTask(request) => request.id.clone(),
        _ => String::new(),
    };
    let known = Known::default();
    let follower = Follower { client, call, source, task, known, seen, is_fresh: false, attempts: 0, is_over: false };
    Box::pin(futures::stream::unfold(follower, |mut follower| async move {
        let next = follower.next().await?;
        Some((next, follower))
    }))
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Told, CallError>> {
        while !self.is_over {
            let trouble = match self.source.next().await {
                Some(Ok(told)) => match self.take(told) {
                    Some(told) => return Some(Ok(told)),
                    None => continue,
                },
                Some(Err(error)) if error.is_passing() && self.has_told_all() => break,
                Some(Err(error)) => error,
                None if self.has_ended() => break,
                None => CallError::Unreachable {
                    url: self.client.shown(),
                    why: "the stream ended before the task did".to_owned(),
                },
            };
            // A task that ended meanwhile is not there to be subscribed to.
            let may_be_over = self.is_fresh && matches!(trouble, CallError::Refused(_));
            let mended = match trouble {
                trouble if may_be_over => self.look(trouble).await,
                trouble if trouble.is_passing() && self.can_take_up() => self.take_up(trouble).await,
                trouble => Err(trouble),
            };
            match mended {
                Ok(None) => {}
                Ok(Some(told)) => return Some(Ok(told)),
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        self.is_over = true;
        None
    }

    /// The stream may end here: a message is all there is, or the task is over or waits for somebody.
    fn has_ended(&self) -> bool {
        self.known.state.is_terminal() || self.known.state.is_interrupted()
    }

    /// That the line is cut matters no more. A subscription to a task that waits is for how it goes on.
    fn has_told_all(&self) -> bool {
        let state = self.known.state;
        state.is_terminal() || state.is_interrupted() && !matches!(self.call, Call::SubscribeToTask(_))
    }

    /// Where it is not known yet which task it is, the message may be sent again, to an agent that knows messages by their id.
    fn can_take_up(&self) -> bool {
        !self.task.is_empty() || self.client.is_ours()
    }

    /// An event, where it says something new.
    fn take(&mut self, told: Told) -> Option<Told> {
        let is_fresh = std::mem::replace(&mut self.is_fresh, false);
        let numbered = told.sequence.filter(|_| self.client.is_ours());
        if let (Some(number), Some(seen)) = (numbered, self.seen)
            && number <= seen
        {
            return None;
        }
        self.seen = numbered.or(self.seen);
        match &told.event {
            StreamResponse::Message(_) => {
                self.source = Source::Ended;
                self.is_over = true;
            }
            StreamResponse::Task(task) => {
                self.task.clone_from(&task.id);
                let now = Known::of(task);
                if is_fresh && numbered.is_none() && now == self.known {
                    return None;
                }
                self.known = now;
            }
            StreamResponse::StatusUpdate(update) => {
                self.task.clone_from(&update.task_id);
                self.known.status(&update.status);
            }
            StreamResponse::ArtifactUpdate(update) => {
                self.task.clone_from(&update.task_id);
                self.known.artifact(&update.artifact, update.append);
            }
        }
        self.attempts = 0;
        Some(told)
    }

    /// Takes the stream up again where it was cut.
    async fn take_up(&mut self, mut why: CallError) -> Result<Option<Told>, CallError> {
        self.source = Source::Ended;
        while self.attempts < self.client.options().resumptions {
            self.attempts += 1;
            self.client.pause(self.attempts).await;
            let request = SubscribeToTaskRequest { id: self.task.clone(), tenant: String::new() };
            let call = if self.task.is_empty() { self.call.clone() } else { Call::SubscribeToTask(request) };
            let seen = self.seen.filter(|_| self.client.is_ours());
            match self.client.open(&call, seen).await {
                Ok(source) => {
                    (self.source, self.is_fresh) = (source, true);
                    return Ok(None);
                }
                Err(error) if error.is_passing() || matches!(error, CallError::TimedOut { .. }) => why = error,
                Err(error @ CallError::Refused(_)) if !self.task.is_empty() => return self.look(error).await,
                Err(error) => return Err(error),
            }
        }
        Err(CallError::Cut { task: self.task.clone(), attempts: self.attempts, why: why.to_string() })
    }

    /// Asks for the task that cannot be subscribed to: it may be over.
    async fn look(&mut self, refused: CallError) -> Result<Option<Told>, CallError> {
        self.source = Source::Ended;
        let request = GetTaskRequest { id: self.task.clone(), ..GetTaskRequest::default() };
        let Ok(Reply::Task(task)) = self.client.call(Call::GetTask(request)).await else { return Err(refused) };
        if !task.status.state.is_terminal() && !task.status.state.is_interrupted() {
            return Err(refused);
        }
        self.is_fresh = true;
        Ok(self.take(Told { sequence: None, event: StreamResponse::Task(*task) }))
    }
}
