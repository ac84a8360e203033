//! Requests in the JSON of 1.0, and where in them the trouble is.

use super::{Call, Operation};
use crate::error::{A2aError, ErrorKind};
use serde::Deserialize;

/// Reads the request of an operation.
///
/// # Errors
/// [`ErrorKind::InvalidParams`] with the path of the field, [`ErrorKind::Parse`] where it is no JSON.
pub(super) fn read(operation: Operation, json: &[u8]) -> Result<Call, A2aError> {
    Ok(match operation {
        Operation::SendMessage => Call::SendMessage(of(json)?),
        Operation::SendStreamingMessage => Call::SendStreamingMessage(of(json)?),
        Operation::GetTask => Call::GetTask(of(json)?),
        Operation::ListTasks => Call::ListTasks(of(json)?),
        Operation::CancelTask => Call::CancelTask(of(json)?),
        Operation::SubscribeToTask => Call::SubscribeToTask(of(json)?),
        Operation::CreateTaskPushNotificationConfig => Call::CreateTaskPushNotificationConfig(of(json)?),
        Operation::GetTaskPushNotificationConfig => Call::GetTaskPushNotificationConfig(of(json)?),
        Operation::ListTaskPushNotificationConfigs => Call::ListTaskPushNotificationConfigs(of(json)?),
        Operation::DeleteTaskPushNotificationConfig => Call::DeleteTaskPushNotificationConfig(of(json)?),
        Operation::GetExtendedAgentCard => Call::GetExtendedAgentCard(of(json)?),
    })
}

fn of<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, A2aError> {
    serde_json::from_slice(json).map_err(|error| {
        if !error.is_data() {
            return A2aError::new(ErrorKind::Parse, format!("Invalid JSON payload: {}", words(&error.to_string())));
        }
        // Once more, with a look at where: what is right is read without.
        let mut reader = serde_json::Deserializer::from_slice(json);
        let path = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
            Err(error) => error.path().to_string(),
            Ok(_) => String::new(),
        };
        A2aError::invalid(if path == "." { "" } else { &path }, words(&error.to_string()))
    })
}

/// What a reader said, without the place in bytes and without all of what it was given.
pub(super) fn words(error: &str) -> String {
    let words = error.rsplit_once(" at line ").map_or(error, |(words, _)| words);
    if words.chars().count() <= 200 {
        return words.to_owned();
    }
    words.chars().take(200).chain("…".chars()).collect()
}
