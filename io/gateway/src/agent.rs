//! What the author of an agent writes: [`Agent`].

use crate::hop::Hop;
use async_trait::async_trait;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{AgentCard, Artifact, Message, Part, Role, TaskState, Timestamp};
use duologue_a2a::task::{Event, TaskRecord};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Something that answers messages.
#[async_trait]
pub trait Agent: Send + Sync + 'static {
    /// What it says of itself. Interfaces and signatures are filled in by whoever serves it.
    fn card(&self) -> AgentCard;

    /// The card for a caller who is authenticated; none: there is no other card.
    fn extended_card(&self, _caller: &str) -> Option<AgentCard> {
        None
    }

    /// Answers one message. An answer that comes without anything told through the turn is a plain message; as soon as
    /// something is told, there is a task, which outlives the caller's connection.
    ///
    /// # Errors
    /// [`Failure`]: told to the caller, or, where there is a task, the end of the task.
    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure>;

    /// Whether the same message, sent again by the same caller without a task, is answered as before instead of anew, so that a
    /// client whose answer was lost can ask for it again.
    fn knows_again(&self, _message: &Message) -> bool {
        true
    }

    /// Whether a message is answered anew where the process that was at it ended in the middle: [`Turn::attempt`] and
    /// [`Turn::task`] say what is there already. Else the task fails.
    fn takes_up_again(&self) -> bool {
        true
    }
}

/// How an agent ends its turn.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one of these a turn, moved once or twice; how large it is depends on the features of serde_json"
)]
pub enum Answer {
    /// With a message: the whole answer, or the last word of the task.
    Message(Message),
    /// All is told. A task that does not wait for anybody is completed.
    Done,
}

/// Why an agent could not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The caller's request cannot be served.
    #[error("{0}")]
    Refused(#[from] A2aError),
    /// Something went wrong; the words are for the caller.
    #[error("{0}")]
    Failed(String),
    /// Nobody waits any more: the task was called off, is over, or somebody else goes on with it.
    #[error("the task is over")]
    Over,
}

/// One message to be answered, and the means to do so.
#[derive(Debug)]
pub struct Turn {
    pub(crate) message: Message,
    pub(crate) task_id: String,
    pub(crate) context_id: String,
    pub(crate) task: Option<Arc<TaskRecord>>,
    pub(crate) caller: String,
    pub(crate) hop: Hop,
    pub(crate) attempt: u32,
    pub(crate) told: mpsc::Sender<Event>,
    pub(crate) inbox: Mutex<mpsc::Receiver<Message>>,
    pub(crate) over: CancellationToken,
}

impl Turn {
    /// The message. Its task and context are filled in.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Id of the task that this is, or will be as soon as something is told.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// The conversation that it belongs to.
    pub fn context_id(&self) -> &str {
        &self.context_id
    }

    /// The task as it was when the turn began, where there was one: a message that continues it, or a turn that is taken
    /// up again.
    pub fn task(&self) -> Option<&TaskRecord> {
        self.task.as_deref()
    }

    /// Who sent the message.
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// Trace, callers before, and deadline.
    pub fn hop(&self) -> &Hop {
        &self.hop
    }

    /// What the calls bring with them that are made because of this one.
    pub fn onward(&self) -> Hop {
        self.hop.onward(&self.caller)
    }

    /// When nobody waits any more.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.hop.deadline
    }

    /// How often this message is being answered: 2 or more, where a process ended in the middle of it.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Ends once nobody waits any more. Whoever does not look at it is stopped a little later.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    /// The next message that the caller sends to the task while this turn goes on. What is not taken here is answered by a
    /// turn of its own.
    pub async fn next_message(&self) -> Option<Message> {
        self.inbox.lock().await.recv().await
    }

    /// Tells where the task stands.
    ///
    /// # Errors
    /// [`Failure::Over`].
    pub async fn status(&self, state: TaskState, message: Option<Message>) -> Result<(), Failure> {
        self.tell(Event::Status { state, message: message.map(Box::new), metadata: None }).await
    }

    /// Tells a whole artifact.
    ///
    /// # Errors
    /// [`Failure::Over`].
    pub async fn artifact(&self, artifact: Artifact) -> Result<(), Failure> {
        self.tell(Event::Artifact { artifact: Box::new(artifact), append: false, last_chunk: true, metadata: None })
            .await
    }

    /// Tells anything that can happen to a task.
    ///
    /// # Errors
    /// [`Failure::Over`].
    pub async fn tell(&self, event: Event) -> Result<(), Failure> {
        self.told.send(event).await.map_err(|_| Failure::Over)
    }

    /// A message of the agent's with some text.
    pub fn says(&self, text: impl Into<String>) -> Message {
        self.says_parts(vec![Part::text(text)])
    }

    /// A message of the agent's.
    pub fn says_parts(&self, parts: Vec<Part>) -> Message {
        let (message_id, context_id) = (new_id(), self.context_id.clone());
        Message { message_id, context_id, role: Role::Agent, parts, ..Message::default() }
    }
}

/// A new id: 74 random bits behind the time, so that what begins together lies together in a store.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

impl From<Failure> for A2aError {
    fn from(failure: Failure) -> A2aError {
        match failure {
            Failure::Refused(error) => error,
            Failure::Failed(words) => A2aError::new(ErrorKind::Internal, words),
            Failure::Over => ErrorKind::DeadlineExceeded.into(),
        }
    }
}
