//! What has to be refused, and with which error.

use super::{Client, Outcome, asking, check, refused, task_of};
use a2a::{CancelTaskRequest, GetTaskRequest, error_code};

pub(super) async fn all(client: &Client) {
    check("unknown", unknown(client)).await;
    check("over", over(client)).await;
    check("invalid", invalid(client)).await;
}

fn cancelling(id: &str) -> CancelTaskRequest {
    CancelTaskRequest { id: id.into(), metadata: None, tenant: None }
}

async fn unknown(client: &Client) -> Outcome {
    let request = GetTaskRequest { id: "no-such-task".into(), history_length: None, tenant: None };
    refused(client.get_task(&request).await, error_code::TASK_NOT_FOUND)?;
    refused(client.cancel_task(&cancelling("no-such-task")).await, error_code::TASK_NOT_FOUND)
}

async fn over(client: &Client) -> Outcome {
    let task = task_of(client, asking("hello", None)).await?;
    refused(client.cancel_task(&cancelling(&task.id)).await, error_code::TASK_NOT_CANCELABLE)?;
    refused(client.send_message(&asking("again", Some(&task))).await, error_code::UNSUPPORTED_OPERATION)
}

async fn invalid(client: &Client) -> Outcome {
    let mut request = asking("hello", None);
    request.message.parts.clear();
    refused(client.send_message(&request).await, error_code::INVALID_PARAMS)
}
