//! The sixth stage: the operation.

use super::Gateway;
use super::authorize::Permit;
use super::decode::Decoded;
use crate::tasks::{Caller, Events, Sent};
use duologue_a2a::call::{Call, Reply};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{SendMessageRequest, SendMessageResponse, StreamResponse};
use duologue_a2a::task::{Owner, view};
use duologue_a2a::version::Dialect;
use std::sync::Arc;

/// What comes of a call.
pub(super) enum Performed {
    Reply(Reply),
    Stream(Events),
}

pub(super) async fn perform(gateway: &Gateway, dialect: Dialect, permit: Permit) -> Result<Performed, A2aError> {
    let Permit { peer, decoded: Decoded { call, hop, seen }, .. } = permit;
    let caller = Caller { owner: Owner(peer.principal), hop, dialect };
    let tasks = gateway.tasks();
    let reply = match call {
        Call::SendMessage(request) => send(gateway, caller, *request).await?,
        Call::SendStreamingMessage(request) => {
            let history = history_length(&request);
            let events = tasks.stream(caller, *request, seen).await?;
            return Ok(Performed::Stream(match history {
                Some(most) => events.map_each(move |event| shortened(event, most)),
                None => events,
            }));
        }
        Call::SubscribeToTask(request) => {
            return tasks.subscribe(&caller, &request.id, seen).await.map(Performed::Stream);
        }
        Call::GetTask(request) => {
            let record = tasks.get(&caller.owner, &request.id).await?.record;
            Reply::Task(Box::new(view(record.task(), request.history_length, true)))
        }
        Call::ListTasks(request) => Reply::Tasks(tasks.list(&caller.owner, &request).await?),
        Call::CancelTask(request) => {
            let record = tasks.cancel(&caller, &request.id).await?;
            Reply::Task(Box::new(record.task().clone()))
        }
        Call::CreateTaskPushNotificationConfig(config) => {
            gateway.check_webhook(&config)?;
            Reply::PushConfig(Box::new(tasks.set_push(&caller, *config).await?))
        }
        Call::GetTaskPushNotificationConfig(request) => {
            Reply::PushConfig(Box::new(tasks.get_push(&caller, &request).await?))
        }
        Call::ListTaskPushNotificationConfigs(request) => Reply::PushConfigs(tasks.list_push(&caller, &request).await?),
        Call::DeleteTaskPushNotificationConfig(request) => {
            tasks.delete_push(&caller, &request).await?;
            Reply::Deleted
        }
        Call::GetExtendedAgentCard(_) => Reply::Card(Box::new(
            gateway.extended_card(&caller.owner.0).ok_or(ErrorKind::ExtendedAgentCardNotConfigured)?,
        )),
    };
    Ok(Performed::Reply(reply))
}

async fn send(gateway: &Gateway, caller: Caller, request: SendMessageRequest) -> Result<Reply, A2aError> {
    let history = history_length(&request);
    let response = match gateway.tasks().send(caller, request).await? {
        Sent::Message(message) => SendMessageResponse::Message(message),
        Sent::Task(record) => SendMessageResponse::Task(view(record.task(), history, true)),
    };
    Ok(Reply::Sent(Box::new(response)))
}

fn history_length(request: &SendMessageRequest) -> Option<i32> {
    request.configuration.as_ref().and_then(|configuration| configuration.history_length)
}

/// The task at the beginning of a stream has as much of its history as was asked for.
fn shortened(mut numbered: crate::tasks::Numbered, most: i32) -> crate::tasks::Numbered {
    if let StreamResponse::Task(task) = &*numbered.event {
        numbered.event = Arc::new(StreamResponse::Task(view(task, Some(most), true)));
    }
    numbered
}
