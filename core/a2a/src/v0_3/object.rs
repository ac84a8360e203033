use crate::model::Struct;
use crate::wire::camel;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What in a JSON value is not as it should be, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", self.path())]
pub struct Fault {
    /// From the inside out.
    steps: Vec<Cow<'static, str>>,
    /// What is wrong there.
    pub what: Cow<'static, str>,
}

impl Fault {
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Fault {
        Fault { steps: Vec::new(), what: what.into() }
    }

    pub(super) fn at(mut self, step: impl Into<Cow<'static, str>>) -> Fault {
        self.steps.push(step.into());
        self
    }

    /// Where it is: `message.parts[0].file`; empty: the value as a whole.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }
}

/// A JSON object that is taken apart. A null is an absence.
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Names may be those of the definition, as the Python SDK writes them over HTTP+JSON.
    pub(super) fn of(value: Value) -> Result<Object, Fault> {
        let Object(map) = Object::with_names(value)?;
        if map.keys().all(|name| !name.contains('_')) {
            return Ok(Object(map));
        }
        Ok(Object(map.into_iter().map(|(name, value)| (camel(&name).into_owned(), value)).collect()))
    }

    /// One whose names are its author's.
    pub(super) fn with_names(value: Value) -> Result<Object, Fault> {
        match value {
            Value::Object(map) => Ok(Object(map)),
            _ => Err(Fault::new("is not an object")),
        }
    }

    /// What has not been taken.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| !value.is_null())
    }

    pub(super) fn is_object(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(Value::is_object)
    }

    /// A member without a closer look.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.get_mut(key).map(Value::take).filter(|value| !value.is_null())
    }

    pub(super) fn one<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.take(key).map(|value| read(value).map_err(|fault| fault.at(key))).transpose()
    }

    pub(super) fn many<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Value) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.one(key, |value| items(value, read)).map(Option::unwrap_or_default)
    }

    pub(super) fn map<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Value) -> Result<T, Fault>,
    ) -> Result<BTreeMap<String, T>, Fault> {
        let all = self.one(key, |value| {
            let each = |(name, value)| match read(value) {
                Ok(value) => Ok((name, value)),
                Err(fault) => Err(fault.at(name)),
            };
            Object::with_names(value)?.0.into_iter().map(each).collect()
        });
        all.map(Option::unwrap_or_default)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<String, Fault> {
        self.optional_text(key).map(Option::unwrap_or_default)
    }

    pub(super) fn optional_text(&mut self, key: &'static str) -> Result<Option<String>, Fault> {
        self.one(key, text)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, Fault> {
        self.many(key, text)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Fault> {
        self.one(key, |value| value.as_bool().ok_or(Fault::new("is neither true nor false")))
    }

    /// An integer of 32 bits, also as a string.
    pub(super) fn integer(&mut self, key: &'static str) -> Result<Option<i32>, Fault> {
        self.one(key, |value| {
            let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            number.and_then(|number| i32::try_from(number).ok()).ok_or(Fault::new("is no integer of 32 bits"))
        })
    }

    pub(super) fn structure(&mut self, key: &'static str) -> Result<Option<Struct>, Fault> {
        self.one(key, |value| Object::with_names(value).map(|object| object.0))
    }
}

/// The elements of an array.
pub(super) fn items<T>(value: Value, read: impl Fn(Value) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    let Value::Array(values) = value else { return Err(Fault::new("is not an array")) };
    let each = |(at, value)| read(value).map_err(|fault| fault.at(format!("[{at}]")));
    values.into_iter().enumerate().map(each).collect()
}

pub(super) fn text(value: Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Fault::new("is not a string")),
    }
}

/// A JSON object that is put together. What is empty is left out, unless it is put.
#[derive(Default)]
pub(super) struct Writer(Map<String, Value>);

impl Writer {
    pub(super) fn put(mut self, key: &str, value: impl Into<Value>) -> Writer {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn put_if(self, condition: bool, key: &str, value: impl Into<Value>) -> Writer {
        if condition { self.put(key, value) } else { self }
    }

    pub(super) fn text(self, key: &str, text: &str) -> Writer {
        self.put_if(!text.is_empty(), key, text)
    }

    pub(super) fn optional(self, key: &str, value: Option<impl Into<Value>>) -> Writer {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    pub(super) fn texts(self, key: &str, texts: &[String]) -> Writer {
        self.put_if(!texts.is_empty(), key, texts)
    }

    pub(super) fn many<T>(self, key: &str, all: &[T], write: impl Fn(&T) -> Value) -> Writer {
        self.put_if(!all.is_empty(), key, all.iter().map(write).collect::<Vec<_>>())
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}
