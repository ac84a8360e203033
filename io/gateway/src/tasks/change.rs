//! What a caller changes about a task.

use super::begin::with_id;
use super::store::StoreError;
use super::{Caller, Tasks};
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{
    DeleteTaskPushNotificationConfigRequest, GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest, ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig,
};
use duologue_a2a::task::{Event, TaskRecord, Webhook, apply};
use std::sync::Arc;

impl Tasks {
    /// Calls a task off, wherever it is being worked at.
    pub(crate) async fn cancel(&self, caller: &Caller, id: &str) -> Result<Arc<TaskRecord>, A2aError> {
        self.change(caller, id, &Event::Cancel).await
    }

    /// Adds a webhook, or changes the one with the same id.
    pub(crate) async fn set_push(
        &self,
        caller: &Caller,
        config: TaskPushNotificationConfig,
    ) -> Result<TaskPushNotificationConfig, A2aError> {
        let config = with_id(config);
        let (task, id) = (config.task_id.clone(), config.id.clone());
        let webhook = Box::new(Webhook { config, dialect: caller.dialect });
        let record = self.change(caller, &task, &Event::SetPush(webhook)).await?;
        record.push().get(&id).map(|webhook| webhook.config.clone()).ok_or_else(|| no_such_config(&id))
    }

    /// A webhook; any, where the request names none, as 0.3 allows.
    pub(crate) async fn get_push(
        &self,
        caller: &Caller,
        request: &GetTaskPushNotificationConfigRequest,
    ) -> Result<TaskPushNotificationConfig, A2aError> {
        let record = self.get(&caller.owner, &request.task_id).await?.record;
        let all = record.push();
        let found = if request.id.is_empty() { all.values().next() } else { all.get(&request.id) };
        found.map(|webhook| webhook.config.clone()).ok_or_else(|| no_such_config(&request.id))
    }

    pub(crate) async fn list_push(
        &self,
        caller: &Caller,
        request: &ListTaskPushNotificationConfigsRequest,
    ) -> Result<ListTaskPushNotificationConfigsResponse, A2aError> {
        let record = self.get(&caller.owner, &request.task_id).await?.record;
        let most = request.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        let all = record.push().values().map(|webhook| &webhook.config);
        let mut after = all.filter(|config| config.id.as_str() > request.page_token.as_str());
        let configs: Vec<_> = after.by_ref().take(most.unwrap_or(usize::MAX)).cloned().collect();
        let next = after.next().and(configs.last()).map(|last| last.id.clone());
        Ok(ListTaskPushNotificationConfigsResponse { configs, next_page_token: next.unwrap_or_default() })
    }

    pub(crate) async fn delete_push(
        &self,
        caller: &Caller,
        request: &DeleteTaskPushNotificationConfigRequest,
    ) -> Result<(), A2aError> {
        self.change(caller, &request.task_id, &Event::DeletePush(request.id.clone())).await.map(drop)
    }

    async fn change(&self, caller: &Caller, id: &str, event: &Event) -> Result<Arc<TaskRecord>, A2aError> {
        loop {
            let stored = self.get(&caller.owner, id).await?;
            let mut record = Arc::clone(&stored.record);
            let actions = apply(Arc::make_mut(&mut record), event.clone(), self.now())?;
            if record == stored.record {
                return Ok(record);
            }
            let run = stored.run.filter(|_| !record.state().is_terminal());
            let step = self.step(stored.version, Arc::clone(&record), run, actions);
            match self.commit(step).await {
                Ok(()) => {
                    self.moved(id);
                    return Ok(record);
                }
                Err(StoreError::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Told as a task that does not exist is: the protocol has no error of its own for it.
fn no_such_config(id: &str) -> A2aError {
    let mut error = A2aError::task_not_found("");
    error.message = "The task has no webhook with this id".to_owned();
    error.metadata.clear();
    error.with("pushNotificationConfigId", id)
}
