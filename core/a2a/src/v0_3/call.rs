//! Requests and answers.

use super::Form;
use super::content::{read_message, write_message};
use super::object::{Fault, Object, Writer, items};
use super::push::{read_config, read_webhook, write_config, write_create, write_webhook};
use super::task::{read_event, read_task, write_event, write_task};
use super::{read_card, write_card};
use crate::call::{Call, Operation, Reply};
use crate::model::{
    CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, SendMessageConfiguration, SendMessageRequest, SendMessageResponse,
    StreamResponse, SubscribeToTaskRequest,
};
use serde_json::{Value, json};

/// Reads a request. What HTTP has in its path stands in the value under the names of the schema.
///
/// # Errors
/// [`Fault`]: where it is none, or where 0.3 has no such operation.
pub fn read_request(operation: Operation, value: Value, form: Form) -> Result<Call, Fault> {
    if operation == Operation::CreateTaskPushNotificationConfig {
        return Ok(Call::CreateTaskPushNotificationConfig(Box::new(read_config(value)?)));
    }
    let mut object = Object::of(value)?;
    let tenant = String::new();
    Ok(match operation {
        Operation::SendMessage => Call::SendMessage(Box::new(read_send(object, form)?)),
        Operation::SendStreamingMessage => Call::SendStreamingMessage(Box::new(read_send(object, form)?)),
        Operation::GetTask => {
            let history_length = read_history_length(&mut object)?;
            Call::GetTask(GetTaskRequest { tenant, id: object.text("id")?, history_length })
        }
        Operation::CancelTask => {
            let metadata = object.structure("metadata")?;
            Call::CancelTask(CancelTaskRequest { tenant, id: object.text("id")?, metadata })
        }
        Operation::SubscribeToTask => Call::SubscribeToTask(SubscribeToTaskRequest { tenant, id: object.text("id")? }),
        Operation::GetTaskPushNotificationConfig => {
            let (task_id, id) = (object.text("id")?, object.text("pushNotificationConfigId")?);
            Call::GetTaskPushNotificationConfig(GetTaskPushNotificationConfigRequest { tenant, task_id, id })
        }
        Operation::ListTaskPushNotificationConfigs => {
            let task_id = object.text("id")?;
            let request = ListTaskPushNotificationConfigsRequest { task_id, ..Default::default() };
            Call::ListTaskPushNotificationConfigs(request)
        }
        Operation::DeleteTaskPushNotificationConfig => {
            let (task_id, id) = (object.text("id")?, object.text("pushNotificationConfigId")?);
            Call::DeleteTaskPushNotificationConfig(DeleteTaskPushNotificationConfigRequest { tenant, task_id, id })
        }
        Operation::GetExtendedAgentCard => Call::GetExtendedAgentCard(GetExtendedAgentCardRequest { tenant }),
        Operation::ListTasks | Operation::CreateTaskPushNotificationConfig => {
            return Err(Fault::new("0.3 has no such operation"));
        }
    })
}

fn read_send(mut object: Object, form: Form) -> Result<SendMessageRequest, Fault> {
    // The proto's own name of the field, where a client does not know the one for JSON.
    let message = if object.has("request") && !object.has("message") { "request" } else { "message" };
    Ok(SendMessageRequest {
        tenant: String::new(),
        message: object.one(message, read_message)?.unwrap_or_default(),
        configuration: object.one("configuration", |value| read_configuration(value, form))?,
        metadata: object.structure("metadata")?,
    })
}

fn read_configuration(value: Value, form: Form) -> Result<SendMessageConfiguration, Fault> {
    let mut object = Object::of(value)?;
    let push = if object.has("pushNotification") { "pushNotification" } else { "pushNotificationConfig" };
    // In the proto's form a `false` is left out; in the schema's an absence leaves it to the agent, and ours waits.
    let blocking = object.flag("blocking")?.unwrap_or(form == Form::Schema);
    Ok(SendMessageConfiguration {
        accepted_output_modes: object.texts("acceptedOutputModes")?,
        task_push_notification_config: object.one(push, read_webhook)?,
        history_length: read_history_length(&mut object)?,
        return_immediately: !blocking,
    })
}

/// In 0.3 a 0 means no limit.
fn read_history_length(object: &mut Object) -> Result<Option<i32>, Fault> {
    Ok(object.integer("historyLength")?.filter(|length| *length != 0))
}

fn write_send(request: &SendMessageRequest, form: Form) -> Value {
    let push = if form == Form::Schema { "pushNotificationConfig" } else { "pushNotification" };
    let configuration = request.configuration.as_ref().map(|configuration| {
        Writer::default()
            .texts("acceptedOutputModes", &configuration.accepted_output_modes)
            .optional("historyLength", configuration.history_length)
            .optional(push, configuration.task_push_notification_config.as_ref().map(write_webhook))
            .put("blocking", !configuration.return_immediately)
            .done()
    });
    Writer::default()
        .put("message", write_message(&request.message, form))
        .optional("configuration", configuration)
        .optional("metadata", request.metadata.clone())
        .done()
}

/// Writes a request, or nothing where 0.3 has no such operation. What HTTP has in its path is in the value too.
pub fn write_request(call: &Call, form: Form) -> Option<Value> {
    Some(match call {
        Call::SendMessage(request) | Call::SendStreamingMessage(request) => write_send(request, form),
        Call::GetTask(request) => {
            let of = Writer::default().put("id", request.id.as_str());
            of.optional("historyLength", request.history_length).done()
        }
        Call::CancelTask(request) => {
            let of = Writer::default().put("id", request.id.as_str());
            of.optional("metadata", request.metadata.clone()).done()
        }
        Call::SubscribeToTask(request) => json!({ "id": request.id }),
        Call::CreateTaskPushNotificationConfig(config) => write_create(config, form),
        Call::GetTaskPushNotificationConfig(request) => {
            Writer::default().put("id", request.task_id.as_str()).text("pushNotificationConfigId", &request.id).done()
        }
        Call::ListTaskPushNotificationConfigs(request) => json!({ "id": request.task_id }),
        Call::DeleteTaskPushNotificationConfig(request) => {
            json!({ "id": request.task_id, "pushNotificationConfigId": request.id })
        }
        Call::GetExtendedAgentCard(_) => json!({}),
        Call::ListTasks(_) => return None,
    })
}

/// Reads the answer to an operation.
///
/// # Errors
/// [`Fault`]: where it is none.
pub fn read_response(operation: Operation, value: Value) -> Result<Reply, Fault> {
    Ok(match operation {
        Operation::SendMessage => match read_event(value)? {
            StreamResponse::Task(task) => Reply::Sent(Box::new(SendMessageResponse::Task(task))),
            StreamResponse::Message(message) => Reply::Sent(Box::new(SendMessageResponse::Message(message))),
            _ => return Err(Fault::new("is neither a task nor a message")),
        },
        Operation::GetTask | Operation::CancelTask => Reply::Task(Box::new(read_task(value)?)),
        Operation::CreateTaskPushNotificationConfig | Operation::GetTaskPushNotificationConfig => {
            Reply::PushConfig(Box::new(read_config(value)?))
        }
        Operation::ListTaskPushNotificationConfigs => {
            let configs = match value {
                Value::Array(_) => items(value, read_config)?,
                other => Object::of(other)?.many("configs", read_config)?,
            };
            Reply::PushConfigs(ListTaskPushNotificationConfigsResponse { configs, next_page_token: String::new() })
        }
        Operation::DeleteTaskPushNotificationConfig => Reply::Deleted,
        Operation::GetExtendedAgentCard => Reply::Card(Box::new(read_card(value)?)),
        Operation::ListTasks | Operation::SendStreamingMessage | Operation::SubscribeToTask => {
            return Err(Fault::new("0.3 has no such answer"));
        }
    })
}

/// Writes an answer, or nothing where 0.3 has none such: a list of tasks, a card without an interface of 0.3.
pub fn write_response(reply: &Reply, form: Form) -> Option<Value> {
    Some(match reply {
        Reply::Sent(sent) => write_event(&StreamResponse::from(sent.as_ref().clone()), form),
        Reply::Task(task) => write_task(task, form),
        Reply::PushConfig(config) => write_config(config, form),
        Reply::PushConfigs(all) => {
            let configs: Vec<Value> = all.configs.iter().map(|config| write_config(config, form)).collect();
            if form == Form::Proto { json!({ "configs": configs }) } else { Value::Array(configs) }
        }
        Reply::Deleted if form == Form::Proto => json!({}),
        Reply::Deleted => Value::Null,
        Reply::Card(card) => write_card(card, form)?,
        Reply::Tasks(_) => return None,
    })
}
