use super::Struct;
use super::names::names;
use crate::wire::{self, Name, bytes, proto};
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

names! {
    /// Who a message is from.
    pub enum Role {
        /// Not said.
        Unspecified = "ROLE_UNSPECIFIED",
        /// From the client.
        User = "ROLE_USER",
        /// From the agent.
        Agent = "ROLE_AGENT",
    }
}

proto! {
    /// One unit of communication between a client and an agent.
    pub struct Message {
        /// Made by whoever wrote the message; a second one with the same id is the same message.
        required message_id: String,
        /// The conversation that it belongs to.
        implicit context_id: String,
        /// The task that it belongs to.
        implicit task_id: String,
        /// Who wrote it.
        required role: Role,
        /// What it says, at least one part.
        required parts: Vec<Part>,
        /// What extensions add.
        optional metadata: Struct,
        /// URIs of the extensions that contributed to it.
        implicit extensions: Vec<String>,
        /// Other tasks that it refers to.
        implicit reference_task_ids: Vec<String>,
    }
}

/// What a part holds: exactly one of the four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// The bytes of a file.
    Raw(Vec<u8>),
    /// Where a file is.
    Url(String),
    /// Any JSON value, null included.
    Data(Value),
}

/// A piece of a message or of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it holds.
    pub content: Content,
    /// What extensions add.
    pub metadata: Option<Struct>,
    /// Name of the file; empty: none.
    pub filename: String,
    /// Media type of the content; empty: not said.
    pub media_type: String,
}

impl Part {
    /// A part without name, type and metadata.
    pub fn new(content: Content) -> Part {
        Part { content, metadata: None, filename: String::new(), media_type: String::new() }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Part {
        Part::new(Content::Text(text.into()))
    }

    /// A JSON value.
    pub fn data(value: Value) -> Part {
        Part::new(Content::Data(value))
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Message {
    /// All its text, a line for each part that is one.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect::<Vec<_>>().join("\n")
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.content {
            Content::Text(text) => map.serialize_entry("text", text)?,
            Content::Raw(raw) => map.serialize_entry("raw", &bytes::write(raw))?,
            Content::Url(url) => map.serialize_entry("url", url)?,
            Content::Data(value) => map.serialize_entry("data", value)?,
        }
        if let Some(metadata) = &self.metadata {
            map.serialize_entry("metadata", metadata)?;
        }
        if !self.filename.is_empty() {
            map.serialize_entry("filename", &self.filename)?;
        }
        if !self.media_type.is_empty() {
            map.serialize_entry("mediaType", &self.media_type)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartReader)
    }
}

struct PartReader;

const MEMBERS: &[&str] = &["text", "raw", "url", "data", "metadata", "filename", "mediaType"];

impl<'de> Visitor<'de> for PartReader {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part: an object with one of `text`, `raw`, `url`, `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        let mut content = None;
        let mut part = Part::text("");
        while let Some(name) = map.next_key_seed(Name(MEMBERS))? {
            let one = match name {
                Some("text") => map.next_value::<Option<String>>()?.map(Content::Text),
                Some("url") => map.next_value::<Option<String>>()?.map(Content::Url),
                Some("raw") => map.next_value::<Raw>()?.0.map(Content::Raw),
                // A null is a value here, not an absence.
                Some("data") => Some(Content::Data(map.next_value()?)),
                Some("metadata") => set(&mut part.metadata, map.next_value()?),
                Some("filename") => set(&mut part.filename, map.next_value::<Lenient<String>>()?.0),
                Some("mediaType") => set(&mut part.media_type, map.next_value::<Lenient<String>>()?.0),
                _ => map.next_value::<IgnoredAny>().map(|_| None)?,
            };
            let Some(one) = one else { continue };
            if content.replace(one).is_some() {
                return Err(de::Error::custom("more than one of `text`, `raw`, `url`, `data`"));
            }
        }
        part.content = content.ok_or_else(|| de::Error::custom("none of `text`, `raw`, `url`, `data`"))?;
        Ok(part)
    }
}

fn set<T>(field: &mut T, value: T) -> Option<Content> {
    *field = value;
    None
}

#[derive(Deserialize)]
#[serde(transparent, bound = "T: Deserialize<'de> + Default")]
struct Lenient<T>(#[serde(deserialize_with = "wire::lenient")] T);

struct Raw(Option<Vec<u8>>);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let read = |text: &str| bytes::read(text).ok_or_else(|| de::Error::custom("`raw` is not base64"));
        text.map(|text| read(&text)).transpose().map(Raw)
    }
}
