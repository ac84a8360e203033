//! Messages and their parts.

use super::Form;
use super::object::{Fault, Object, Writer};
use crate::model::{Content, Message, Part, Role, Struct};
use crate::wire::bytes;
use serde_json::{Value, json};

/// In the metadata of a data part whose data is no object, which 0.3 cannot say: it then stands in `value` of an object. The
/// SDKs have agreed on this word.
const WRAPPED: &str = "data_part_compat";

pub(super) fn read_message(value: Value) -> Result<Message, Fault> {
    let mut object = Object::of(value)?;
    let parts = if object.has("content") { "content" } else { "parts" };
    Ok(Message {
        message_id: object.text("messageId")?,
        context_id: object.text("contextId")?,
        task_id: object.text("taskId")?,
        role: object.one("role", read_role)?.unwrap_or_default(),
        parts: object.many(parts, read_part)?,
        metadata: object.structure("metadata")?,
        extensions: object.texts("extensions")?,
        reference_task_ids: object.texts("referenceTaskIds")?,
    })
}

pub(super) fn write_message(message: &Message, form: Form) -> Value {
    let (parts, role) = match (form, message.role) {
        (Form::Schema, Role::User) => ("parts", "user"),
        (Form::Schema, _) => ("parts", "agent"),
        (Form::Proto, role) => ("content", role.as_str()),
    };
    Writer::default()
        .put_if(form == Form::Schema, "kind", "message")
        .put("messageId", message.message_id.as_str())
        .put("role", role)
        .put(parts, message.parts.iter().map(|part| write_part(part, form)).collect::<Vec<_>>())
        .text("contextId", &message.context_id)
        .text("taskId", &message.task_id)
        .optional("metadata", message.metadata.clone())
        .texts("extensions", &message.extensions)
        .texts("referenceTaskIds", &message.reference_task_ids)
        .done()
}

fn read_role(value: Value) -> Result<Role, Fault> {
    match value.as_str() {
        Some("user") => Ok(Role::User),
        Some("agent") => Ok(Role::Agent),
        Some(name) => Role::named(name).ok_or(Fault::new("is neither `user` nor `agent`")),
        None => Err(Fault::new("is not a string")),
    }
}

pub(super) fn read_part(value: Value) -> Result<Part, Fault> {
    let mut object = Object::of(value)?;
    let kind = object.optional_text("kind")?;
    let metadata = object.structure("metadata")?;
    let mut part = Part { metadata, ..Part::text("") };
    if object.has("file") {
        let (content, filename, media_type) = object.one("file", read_file)?.unwrap_or_default();
        part.content = content.ok_or(Fault::new("has neither `bytes` nor `uri`").at("file"))?;
        (part.filename, part.media_type) = (filename, media_type);
    } else if object.has("data") {
        let data = object.one("data", |value| read_data(value, kind.is_some()))?.unwrap_or_default();
        part.content = Content::Data(unwrap(data, &mut part.metadata));
    } else if object.has("text") {
        part.content = Content::Text(object.text("text")?);
    } else {
        return Err(Fault::new("has none of `text`, `file`, `data`"));
    }
    Ok(part)
}

type File = (Option<Content>, String, String);

fn read_file(value: Value) -> Result<File, Fault> {
    let mut object = Object::of(value)?;
    let mut content = None;
    for key in ["bytes", "fileWithBytes"] {
        if let Some(text) = object.optional_text(key)? {
            let raw = bytes::read(&text).ok_or(Fault::new("is not base64").at(key))?;
            content = Some(Content::Raw(raw));
        }
    }
    for key in ["uri", "fileWithUri"] {
        if let Some(uri) = object.optional_text(key)? {
            content = content.or(Some(Content::Url(uri)));
        }
    }
    Ok((content, object.text("name")?, object.text("mimeType")?))
}

/// The proto's form has an object of its own around the data, and no kind.
fn read_data(value: Value, has_kind: bool) -> Result<Struct, Fault> {
    match value {
        Value::Object(mut data) if !has_kind && data.len() == 1 && data.get("data").is_some_and(Value::is_object) => {
            match data.get_mut("data").map(Value::take) {
                Some(Value::Object(inner)) => Ok(inner),
                _ => Ok(data),
            }
        }
        Value::Object(data) => Ok(data),
        _ => Err(Fault::new("is not an object")),
    }
}

fn unwrap(mut data: Struct, metadata: &mut Option<Struct>) -> Value {
    let is_wrapped = |metadata: &Struct| metadata.get(WRAPPED) == Some(&Value::Bool(true));
    let Some(around) = metadata.as_mut().filter(|metadata| is_wrapped(metadata) && data.contains_key("value")) else {
        return Value::Object(data);
    };
    around.remove(WRAPPED);
    if around.is_empty() {
        *metadata = None;
    }
    data.remove("value").unwrap_or_default()
}

pub(super) fn write_part(part: &Part, form: Form) -> Value {
    let mut metadata = part.metadata.clone();
    let (kind, member, content) = match &part.content {
        Content::Text(text) => ("text", "text", json!(text)),
        Content::Raw(raw) => ("file", "file", write_file(part, ["bytes", "fileWithBytes"], bytes::write(raw), form)),
        Content::Url(url) => ("file", "file", write_file(part, ["uri", "fileWithUri"], url.clone(), form)),
        Content::Data(data) => {
            let data = match data {
                Value::Object(_) => data.clone(),
                other => {
                    metadata.get_or_insert_default().insert(WRAPPED.to_owned(), true.into());
                    json!({ "value": other })
                }
            };
            ("data", "data", if form == Form::Proto { json!({ "data": data }) } else { data })
        }
    };
    Writer::default()
        .put_if(form == Form::Schema, "kind", kind)
        .put(member, content)
        .optional("metadata", metadata)
        .done()
}

fn write_file(part: &Part, [schema, proto]: [&str; 2], content: String, form: Form) -> Value {
    Writer::default()
        .put(if form == Form::Schema { schema } else { proto }, content)
        .text("mimeType", &part.media_type)
        .text("name", &part.filename)
        .done()
}
