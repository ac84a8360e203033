//! Configurations of push notifications: the webhook stands in an object of its own.

use super::Form;
use super::object::{Fault, Object, Writer};
use crate::model::{AuthenticationInfo, Secret, TaskPushNotificationConfig};
use serde_json::Value;

/// Reads a webhook without its task.
pub(super) fn read_webhook(value: Value) -> Result<TaskPushNotificationConfig, Fault> {
    let mut object = Object::of(value)?;
    Ok(TaskPushNotificationConfig {
        id: object.text("id")?,
        url: object.text("url")?,
        token: Secret::new(object.text("token")?),
        authentication: object.one("authentication", read_authentication)?,
        ..Default::default()
    })
}

pub(super) fn write_webhook(config: &TaskPushNotificationConfig) -> Value {
    let authentication = config.authentication.as_ref().map(|authentication| {
        Writer::default()
            .put("schemes", vec![authentication.scheme.as_str()])
            .text("credentials", authentication.credentials.expose())
            .done()
    });
    Writer::default()
        .text("id", &config.id)
        .put("url", config.url.as_str())
        .text("token", config.token.expose())
        .optional("authentication", authentication)
        .done()
}

/// Of several schemes the first, since the model has one.
fn read_authentication(value: Value) -> Result<AuthenticationInfo, Fault> {
    let mut object = Object::of(value)?;
    Ok(AuthenticationInfo {
        scheme: object.texts("schemes")?.into_iter().next().unwrap_or_default(),
        credentials: Secret::new(object.text("credentials")?),
    })
}

/// Reads a configuration with its task, which the proto's form has in a resource name.
pub(super) fn read_config(value: Value) -> Result<TaskPushNotificationConfig, Fault> {
    let mut object = Object::of(value)?;
    // Some clients put what is created into `config`.
    if object.has("config") && !object.has("pushNotificationConfig") {
        object = object.one("config", Object::of)?.unwrap_or(object);
    }
    let mut config = object.one("pushNotificationConfig", read_webhook)?.unwrap_or_default();
    config.task_id = object.text("taskId")?;
    let name = object.text("name")?;
    if let Some((task, id)) = name.strip_prefix("tasks/").and_then(|rest| rest.split_once("/pushNotificationConfigs/"))
    {
        config.task_id = task.to_owned();
        if config.id.is_empty() {
            config.id = id.to_owned();
        }
    }
    Ok(config)
}

pub(super) fn write_config(config: &TaskPushNotificationConfig, form: Form) -> Value {
    let whose = match form {
        Form::Schema => Writer::default().put("taskId", config.task_id.as_str()),
        Form::Proto => {
            Writer::default().put("name", format!("tasks/{}/pushNotificationConfigs/{}", config.task_id, config.id))
        }
    };
    whose.put("pushNotificationConfig", write_webhook(config)).done()
}

/// Writes a request to create one. In the proto's form the SDKs disagree: one (JavaScript) reads the configuration itself, the
/// other (Python) looks for it in `config`, as the proto's message for gRPC has it. Each passes over what is the other's.
pub(super) fn write_create(config: &TaskPushNotificationConfig, form: Form) -> Value {
    let mut written = write_config(config, form);
    if let (Form::Proto, Value::Object(object)) = (form, &mut written) {
        let inner = Value::Object(object.clone());
        object.insert("parent".into(), format!("tasks/{}", config.task_id).into());
        object.insert("configId".into(), config.id.as_str().into());
        object.insert("config".into(), inner);
    }
    written
}
