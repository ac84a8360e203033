//! What a message sets going: a turn of the agent, once for each message.

use super::follow::{Until, snapshot};
use super::runner::{Asked, Begun, First, Runner, Want};
use super::store::{MessageKey, Numbered, Order, Remembered, Run, Step, StoreError, Stored};
use super::{Caller, Events, Sent, Tasks};
use crate::agent::new_id;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{
    Content, Message, SendMessageConfiguration, SendMessageRequest, Struct, TaskPushNotificationConfig,
};
use duologue_a2a::task::{Action, Event, TaskRecord, Webhook, apply};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::{Arc, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

impl Tasks {
    /// Sends a message, and waits until the task is over or waits for somebody; or, where the client does not wait, until
    /// there is a task.
    pub(crate) async fn send(&self, caller: Caller, request: SendMessageRequest) -> Result<Sent, A2aError> {
        let at_once = request.configuration.as_ref().is_some_and(|configuration| configuration.return_immediately);
        let want = if at_once { Want::Task } else { Want::End };
        match self.begin(caller, request, want).await? {
            Begun::Message(message) => Ok(Sent::Message(message)),
            Begun::Task(record) | Begun::Known(record) if at_once || has_settled(&record) => Ok(Sent::Task(record)),
            Begun::Task(record) | Begun::Known(record) => self.settled(&record).await.map(Sent::Task),
        }
    }

    /// Sends a message, and streams what comes of it. A client that has seen some of it, and sends the same message again, gets
    /// the rest. A number that is of no event of the task, as of one that the message begins, is another stream's: it counts for
    /// nothing.
    pub(crate) async fn stream(
        &self,
        caller: Caller,
        request: SendMessageRequest,
        seen: Option<u64>,
    ) -> Result<Events, A2aError> {
        let continues = !request.message.task_id.is_empty();
        let (record, seen) = match self.begin(caller, request, Want::Open).await? {
            Begun::Message(message) => return Ok(Events::only(message)),
            Begun::Task(record) if !continues => (record, None),
            Begun::Task(record) | Begun::Known(record) => {
                let seen = seen.filter(|seen| *seen <= record.sequence());
                (record, seen)
            }
        };
        let id = &record.task().id;
        match seen {
            None if continues => self.follow(id, record.sequence(), Some(snapshot(&record)), Until::Pause),
            seen => self.follow(id, seen.unwrap_or(0), None, Until::Pause),
        }
    }

    /// Waits until a task is over or waits for somebody, in whichever process that happens.
    async fn settled(&self, record: &TaskRecord) -> Result<Arc<TaskRecord>, A2aError> {
        use futures::StreamExt;
        let id = &record.task().id;
        let mut events = self.follow(id, record.sequence(), None, Until::Pause)?;
        while let Some(event) = events.next().await {
            event?;
        }
        let stored = self.get(record.owner(), id).await?;
        if has_settled(&stored.record) || !self.0.stop.is_cancelled() {
            return Ok(stored.record);
        }
        Err(A2aError::new(ErrorKind::Unavailable, "The agent is being restarted: ask for the task, or send again")
            .with("taskId", id))
    }

    async fn begin(&self, caller: Caller, request: SendMessageRequest, want: Want) -> Result<Begun, A2aError> {
        if request.message.task_id.is_empty() {
            self.open(caller, request, want).await
        } else {
            self.go_on(caller, request).await
        }
    }

    /// A message without a task. One that was sent before is answered as before.
    async fn open(&self, caller: Caller, request: SendMessageRequest, want: Want) -> Result<Begun, A2aError> {
        let key = self.0.agent.knows_again(&request.message).then(|| MessageKey::of(&caller, &request.message));
        let landing = match key {
            Some(key) => match self.land(&caller, key).await? {
                Ok(landing) => Some(landing),
                Err(answer) => return Ok(answer),
            },
            None => None,
        };
        let turn = self.room()?;
        let (first, begun) = oneshot::channel();
        let SendMessageRequest { message, configuration, .. } = request;
        let push = webhook(configuration, &caller);
        let context_id = if message.context_id.is_empty() { new_id() } else { message.context_id.clone() };
        let first = First { tell: first, want, _landing: landing };
        let runner = Runner::opening(self.clone(), caller, Asked { message, context_id, push, key }, first);
        self.0.tracker.spawn(async move {
            let _turn = turn;
            runner.run().await;
        });
        begun.await.map_err(|_| A2aError::from(ErrorKind::Unavailable))?
    }

    /// The answer that a message had before; else it is being answered from now on.
    async fn land(&self, caller: &Caller, key: MessageKey) -> Result<Result<Landing, Begun>, A2aError> {
        loop {
            if let Some(answer) = self.answered(caller, key).await? {
                return Ok(Err(answer));
            }
            match self.take_off(key) {
                Ok(landing) => return Ok(Ok(landing)),
                // The same message is being answered: what comes of it is for both. It ends by the sender's being dropped.
                Err(mut flight) => drop(flight.changed().await),
            }
        }
    }

    async fn answered(&self, caller: &Caller, key: MessageKey) -> Result<Option<Begun>, A2aError> {
        match self.0.store.remembered(key).await? {
            None => Ok(None),
            Some(Remembered::Message(message)) => Ok(Some(Begun::Message(message))),
            Some(Remembered::Task(id)) => Ok(Some(Begun::Known(self.get(&caller.owner, &id).await?.record))),
        }
    }

    /// Says that a message is being answered, until what is returned is dropped; or who says so already.
    fn take_off(&self, key: MessageKey) -> Result<Landing, watch::Receiver<()>> {
        let mut flights = self.0.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key) {
            return Err(flight.clone());
        }
        let (sender, receiver) = watch::channel(());
        flights.insert(key, receiver);
        Ok(Landing { tasks: self.clone(), key, _sender: sender })
    }

    /// A message to a task that exists.
    async fn go_on(&self, caller: Caller, request: SendMessageRequest) -> Result<Begun, A2aError> {
        let SendMessageRequest { message, configuration, .. } = request;
        let push = webhook(configuration, &caller);
        loop {
            let stored = self.get(&caller.owner, &message.task_id).await?;
            let mut record = Arc::clone(&stored.record);
            let event = Event::Message {
                message: Box::new(message.clone()),
                push: push.clone().map(Box::new),
                deadline: caller.hop.deadline,
            };
            let actions = apply(Arc::make_mut(&mut record), event, self.now())?;
            if actions.is_empty() {
                return Ok(Begun::Task(stored.record));
            }
            match self.take_message(&stored, Arc::clone(&record), actions, &caller).await {
                Ok(()) => return Ok(Begun::Task(record)),
                Err(StoreError::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whoever works at the task gets the message; where nobody does, a turn begins here.
    async fn take_message(
        &self,
        stored: &Stored,
        record: Arc<TaskRecord>,
        actions: Vec<Action>,
        caller: &Caller,
    ) -> Result<(), StoreError> {
        let id = record.task().id.clone();
        let begins = stored.run.is_none();
        let run = match &stored.run {
            Some(run) => run.clone(),
            None => self.new_run(stored.version, 1),
        };
        let turn = if begins { Some(self.room()?) } else { None };
        self.commit(self.step(stored.version, Arc::clone(&record), Some(run.clone()), actions)).await?;
        self.moved(&id);
        if begins {
            let now = Stored { record, version: stored.version + 1, run: Some(run) };
            let runner = Runner::going_on(self.clone(), caller.clone(), now);
            self.0.tracker.spawn(async move {
                let _turn = turn;
                runner.run().await;
            });
        }
        Ok(())
    }

    /// Room for a turn.
    pub(super) fn room(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let turn = Arc::clone(&self.0.turns).try_acquire_owned();
        turn.map_err(|_| StoreError::Full("Too many messages are being answered: try again later"))
    }

    pub(super) fn new_run(&self, version: u64, attempt: u32) -> Run {
        let (by, until) = (self.0.instance.clone(), self.lease_from(self.now()));
        Run { by, epoch: version + 1, attempt, fruitless: 0, until }
    }

    /// A step with what a reducer's actions ask for.
    pub(super) fn step(&self, before: u64, record: Arc<TaskRecord>, run: Option<Run>, actions: Vec<Action>) -> Step {
        let wake_at = self.wake_at(&record, run.as_ref());
        let at = self.now();
        let mut step = Step { before, record, run, events: Vec::new(), pushes: Vec::new(), wake_at, opens: None };
        for action in actions {
            match action {
                Action::Tell { sequence, event } => {
                    step.events.push(Numbered { sequence: Some(sequence), event: event.into() });
                }
                Action::Push { config_id, sequence } => step.pushes.push(Order { config_id, sequence, at }),
                // The deadline stands in the record, from which `wake_at` is; who is at work sees that the task is over.
                Action::Wake(_) | Action::Cancelled => {}
            }
        }
        step
    }
}

/// Over, or waiting for somebody.
pub(super) fn has_settled(record: &TaskRecord) -> bool {
    record.state().is_terminal() || record.state().is_interrupted()
}

fn webhook(configuration: Option<SendMessageConfiguration>, caller: &Caller) -> Option<Webhook> {
    let config = configuration?.task_push_notification_config?;
    Some(Webhook { config: with_id(config), dialect: caller.dialect })
}

/// A webhook needs an id within its task.
pub(super) fn with_id(mut config: TaskPushNotificationConfig) -> TaskPushNotificationConfig {
    if config.id.is_empty() {
        config.id = new_id();
    }
    config
}

/// A message that is being answered, until this is dropped.
pub(super) struct Landing {
    tasks: Tasks,
    key: MessageKey,
    _sender: watch::Sender<()>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.tasks.0.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl MessageKey {
    /// The same message of the same owner. Some clients give several messages one id: what they say tells them apart.
    fn of(caller: &Caller, message: &Message) -> MessageKey {
        let mut hash = Sha256::new();
        hash.update(caller.owner.0.len().to_le_bytes());
        hash.update(&caller.owner.0);
        write_message(&mut hash, message);
        let digest = hash.finalize();
        let mut key = [0; 16];
        key.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        MessageKey(key)
    }
}

/// What a message says, the same however it is written: some clients put the members of an object in another order each time (protobuf
/// has none), and empty metadata is none.
fn write_message(hash: &mut Sha256, message: &Message) {
    let is_empty = |metadata: &Option<Struct>| metadata.as_ref().is_some_and(Struct::is_empty);
    let mut message = Cow::Borrowed(message);
    if is_empty(&message.metadata) || message.parts.iter().any(|part| is_empty(&part.metadata)) {
        let message = message.to_mut();
        let parts = message.parts.iter_mut().map(|part| &mut part.metadata);
        parts
            .chain([&mut message.metadata])
            .for_each(|metadata| *metadata = metadata.take().filter(|all| !all.is_empty()));
    }
    let has_objects = message.metadata.is_some()
        || message.parts.iter().any(|part| part.metadata.is_some() || matches!(part.content, Content::Data(_)));
    // RFC 8785 has no form for numbers that no double has: such a message is hashed as it is.
    let canonical = has_objects.then(|| serde_json_canonicalizer::to_vec(&*message).ok()).flatten();
    match canonical {
        Some(canonical) => hash.update(canonical),
        // Of types whose keys are all strings, into a hash: cannot fail.
        None => drop(serde_json::to_writer(HashWriter(hash), &*message)),
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
