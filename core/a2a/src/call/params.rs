//! Requests by their operation, and where in them the trouble is.

use super::reply::unusable;
use super::{Call, Operation};
use crate::error::{A2aError, ErrorKind};
use serde::Deserialize;

/// Reads the request of an operation.
///
/// # Errors
/// [`ErrorKind::InvalidParams`] with the path of the field, [`ErrorKind::Parse`] where it should be JSON and is none.
pub(super) fn read<'de>(operation: Operation, source: impl Source<'de>) -> Result<Call, A2aError> {
    Ok(match operation {
        Operation::SendMessage => Call::SendMessage(source.request()?),
        Operation::SendStreamingMessage => Call::SendStreamingMessage(source.request()?),
        Operation::GetTask => Call::GetTask(source.request()?),
        Operation::ListTasks => Call::ListTasks(source.request()?),
        Operation::CancelTask => Call::CancelTask(source.request()?),
        Operation::SubscribeToTask => Call::SubscribeToTask(source.request()?),
        Operation::CreateTaskPushNotificationConfig => Call::CreateTaskPushNotificationConfig(source.request()?),
        Operation::GetTaskPushNotificationConfig => Call::GetTaskPushNotificationConfig(source.request()?),
        Operation::ListTaskPushNotificationConfigs => Call::ListTaskPushNotificationConfigs(source.request()?),
        Operation::DeleteTaskPushNotificationConfig => Call::DeleteTaskPushNotificationConfig(source.request()?),
        Operation::GetExtendedAgentCard => Call::GetExtendedAgentCard(source.request()?),
    })
}

/// Bytes of a message, in whichever form.
pub(super) trait Source<'de> {
    /// Reads a request.
    fn request<T: Deserialize<'de>>(self) -> Result<T, A2aError>;

    /// Reads an answer to a request of ours.
    fn answer<T: Deserialize<'de>>(self) -> Result<T, A2aError>;
}

/// The JSON of 1.0.
impl<'de> Source<'de> for &'de [u8] {
    fn request<T: Deserialize<'de>>(self) -> Result<T, A2aError> {
        serde_json::from_slice(self).map_err(|error| {
            if !error.is_data() {
                return A2aError::new(ErrorKind::Parse, format!("Invalid JSON payload: {}", words(&error.to_string())));
            }
            // Once more, with a look at where: what is right is read without.
            let mut reader = serde_json::Deserializer::from_slice(self);
            let path = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
                Err(error) => error.path().to_string(),
                Ok(_) => String::new(),
            };
            A2aError::invalid(if path == "." { "" } else { &path }, words(&error.to_string()))
        })
    }

    fn answer<T: Deserialize<'de>>(self) -> Result<T, A2aError> {
        serde_json::from_slice(self).map_err(|error| unusable(&words(&error.to_string())))
    }
}

/// What a reader said, without the place in bytes and without all of what it was given.
pub(super) fn words(error: &str) -> String {
    let words = error.rsplit_once(" at line ").map_or(error, |(words, _)| words);
    if words.chars().count() <= 200 {
        return words.to_owned();
    }
    words.chars().take(200).chain("…".chars()).collect()
}
