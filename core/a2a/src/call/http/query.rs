//! Fields that GET carries in its query (§11.5): names of the JSON, numbers in decimals, unknown ones passed over.

use crate::call::{Call, percent};
use crate::error::A2aError;
use crate::model::{ListTaskPushNotificationConfigsRequest, ListTasksRequest, TaskState, Timestamp};

pub(super) fn read(call: &mut Call, query: &str) -> Result<(), A2aError> {
    for (name, value) in percent::parameters(query) {
        // As everywhere, empty is absent.
        if value.is_empty() {
            continue;
        }
        match call {
            Call::GetTask(request) if name == "historyLength" => request.history_length = Some(number(&name, &value)?),
            Call::ListTasks(request) => read_list(request, &name, value)?,
            Call::ListTaskPushNotificationConfigs(request) => match name.as_str() {
                "pageSize" => request.page_size = Some(number(&name, &value)?),
                "pageToken" => request.page_token = value,
                _ => {}
            },
            _ => {}
        }
    }
    Ok(())
}

fn read_list(request: &mut ListTasksRequest, name: &str, value: String) -> Result<(), A2aError> {
    match name {
        "contextId" => request.context_id = value,
        "pageToken" => request.page_token = value,
        "pageSize" => request.page_size = Some(number(name, &value)?),
        "historyLength" => request.history_length = Some(number(name, &value)?),
        "status" => {
            let state = TaskState::named(&value);
            request.status = state.ok_or_else(|| A2aError::invalid(name, "is no state of a task"))?;
        }
        "statusTimestampAfter" => {
            // A plus that was not encoded has become a space.
            let at = Timestamp::parse(&value).or_else(|| Timestamp::parse(&value.replace(' ', "+")));
            let at = at.ok_or_else(|| A2aError::invalid(name, "is no moment such as 2026-01-31T12:00:00Z"))?;
            request.status_timestamp_after = Some(at);
        }
        "includeArtifacts" => {
            let flag = value.parse().map_err(|_| A2aError::invalid(name, "is neither true nor false"))?;
            request.include_artifacts = Some(flag);
        }
        _ => {}
    }
    Ok(())
}

fn number(name: &str, value: &str) -> Result<i32, A2aError> {
    value.parse().map_err(|_| A2aError::invalid(name, "is no integer of 32 bits"))
}

/// The query of a request of ours, without its question mark.
pub(super) fn write(call: &Call) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    match call {
        Call::GetTask(request) => push(&mut pairs, "historyLength", request.history_length),
        Call::ListTasks(request) => write_list(&mut pairs, request),
        Call::ListTaskPushNotificationConfigs(ListTaskPushNotificationConfigsRequest {
            page_size, page_token, ..
        }) => {
            push(&mut pairs, "pageSize", *page_size);
            push(&mut pairs, "pageToken", Some(page_token).filter(|token| !token.is_empty()));
        }
        _ => {}
    }
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", percent::encode(value))).collect();
    pairs.join("&")
}

fn write_list(pairs: &mut Vec<(&str, String)>, request: &ListTasksRequest) {
    push(pairs, "contextId", Some(&request.context_id).filter(|id| !id.is_empty()));
    push(pairs, "status", Some(request.status.as_str()).filter(|_| request.status != TaskState::Unspecified));
    push(pairs, "pageSize", request.page_size);
    push(pairs, "pageToken", Some(&request.page_token).filter(|token| !token.is_empty()));
    push(pairs, "historyLength", request.history_length);
    push(pairs, "statusTimestampAfter", request.status_timestamp_after);
    push(pairs, "includeArtifacts", request.include_artifacts);
}

fn push<'a>(pairs: &mut Vec<(&'a str, String)>, name: &'a str, value: Option<impl ToString>) {
    pairs.extend(value.map(|value| (name, value.to_string())));
}
