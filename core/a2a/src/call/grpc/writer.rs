//! Protobuf, written as if it were JSON.

use super::schema::{Kind, Message, Presence};
use super::wire::{FIXED_64, Fault, VARINT, close, fault, open, put_bytes, put_tag, put_varint};
use crate::model::{Role, TaskState, Timestamp};
use crate::wire::bytes;
use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

/// Where a value goes: a field, an element of a list, the value of a map's entry, or a message that is the whole.
pub(super) struct Slot<'a> {
    out: &'a mut Vec<u8>,
    /// 0: the whole, without a tag and a length.
    number: u32,
    kind: Kind,
    presence: Presence,
}

impl<'a> Slot<'a> {
    /// A message that is the whole.
    pub(super) const fn whole(out: &'a mut Vec<u8>, message: &'static Message) -> Slot<'a> {
        Slot { out, number: 0, kind: Kind::Message(message), presence: Presence::Explicit }
    }

    /// Neither empty nor to be left out when it is.
    fn is_written(&self, is_empty: bool) -> bool {
        !is_empty || self.presence != Presence::Implicit
    }

    fn put_varint(self, value: u64) {
        if self.is_written(value == 0) {
            put_tag(self.out, self.number, VARINT);
            put_varint(self.out, value);
        }
    }

    fn put_bytes(self, bytes: &[u8]) {
        if self.number == 0 {
            self.out.extend_from_slice(bytes);
        } else if self.is_written(bytes.is_empty()) {
            put_bytes(self.out, self.number, bytes);
        }
    }

    /// A `google.protobuf.Value` around what `put` writes.
    fn put_value(self, put: impl FnOnce(&mut Vec<u8>)) {
        let start = open(self.out, self.number);
        put(self.out);
        close(self.out, start);
    }

    fn put_number(self, number: f64) -> Result<(), Fault> {
        if self.kind != Kind::Value || !number.is_finite() {
            return fault("a number stands where none can");
        }
        self.put_value(|out| {
            put_tag(out, 2, FIXED_64);
            out.extend_from_slice(&number.to_le_bytes());
        });
        Ok(())
    }

    fn put_timestamp(self, text: &str) -> Result<(), Fault> {
        let Some(at) = Timestamp::parse(text) else { return fault("a moment is none") };
        let (seconds, millis) = (at.as_millis().div_euclid(1_000), at.as_millis().rem_euclid(1_000));
        let start = open(self.out, self.number);
        for (number, value) in [(1, seconds), (2, millis * 1_000_000)] {
            // Negative numbers have all 64 bits.
            Slot { out: self.out, number, kind: Kind::Int32, presence: Presence::Implicit }.put_varint(value as u64);
        }
        close(self.out, start);
        Ok(())
    }

    fn members(self) -> Result<Members<'a>, Fault> {
        let (number, out) = (self.number, self.out);
        let mut opened = [0; 2];
        let mut begin = |at: usize, number: u32| {
            if let (Some(place), true) = (opened.get_mut(at), number != 0) {
                *place = open(out, number);
            }
        };
        let shape = match self.kind {
            Kind::Map(value) => Shape::Entries { number, value: *value },
            Kind::Message(message) => {
                begin(0, number);
                Shape::Message(message)
            }
            Kind::Struct | Kind::Value => {
                begin(0, number);
                begin(1, if self.kind == Kind::Value { 5 } else { 0 });
                Shape::Entries { number: 1, value: Kind::Value }
            }
            _ => return fault("an object stands where none can"),
        };
        Ok(Members { out, shape, opened, next: None, entry: 0 })
    }
}

/// Whole numbers that are larger than 2^53 lose digits, as everywhere in protobuf's JSON values.
macro_rules! numbers {
    ($($method:ident: $ty:ty,)+) => {
        $(fn $method(self, value: $ty) -> Result<(), Fault> {
            match self.kind {
                Kind::Int32 => match i32::try_from(value) {
                    // A negative number has all 64 bits.
                    Ok(value) => Ok(self.put_varint(i64::from(value) as u64)),
                    Err(_) => fault("a number has more than 32 bits"),
                },
                _ => self.put_number(value as f64),
            }
        })+
    };
}

impl<'a> Serializer for Slot<'a> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Impossible<(), Fault>;
    type SerializeTupleStruct = Impossible<(), Fault>;
    type SerializeTupleVariant = Impossible<(), Fault>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Impossible<(), Fault>;

    numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.put_number(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        self.put_number(value)
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        match self.kind {
            Kind::Bool => self.put_varint(u64::from(value)),
            Kind::Value => self.put_value(|out| {
                put_tag(out, 4, VARINT);
                put_varint(out, u64::from(value));
            }),
            _ => return fault("true or false stands where it cannot"),
        }
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Fault> {
        let number_of = |at: Option<usize>| at.map(|at| at as u64).ok_or_else(|| Fault("a name is unknown".to_owned()));
        match self.kind {
            Kind::Text => self.put_bytes(text.as_bytes()),
            Kind::Bytes => match bytes::read(text) {
                Some(bytes) => self.put_bytes(&bytes),
                None => return fault("bytes are no base64"),
            },
            Kind::Role => {
                let number = number_of(Role::ALL.iter().position(|role| role.as_str() == text))?;
                self.put_varint(number);
            }
            Kind::TaskState => {
                let number = number_of(TaskState::ALL.iter().position(|state| state.as_str() == text))?;
                self.put_varint(number);
            }
            Kind::Timestamp => self.put_timestamp(text)?,
            Kind::Value => self.put_value(|out| put_bytes(out, 3, text.as_bytes())),
            _ => return fault("a text stands where none can"),
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        if self.kind == Kind::Value {
            self.put_value(|out| {
                put_tag(out, 1, VARINT);
                put_varint(out, 0);
            });
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Fault> {
        fault("bytes stand where none can")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Fault> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Fault> {
        fault("a variant stands where none can")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, Fault> {
        match self.kind {
            Kind::Value => {
                let opened = [open(self.out, self.number), open(self.out, 6)];
                Ok(Elements { out: self.out, number: 1, kind: Kind::Value, opened })
            }
            kind if self.presence == Presence::Repeated => {
                Ok(Elements { out: self.out, number: self.number, kind, opened: [0; 2] })
            }
            _ => fault("a list stands where none can"),
        }
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Fault> {
        fault("a tuple stands where none can")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Fault> {
        fault("a tuple stands where none can")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Fault> {
        fault("a variant stands where none can")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Fault> {
        self.members()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Fault> {
        self.members()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Fault> {
        fault("a variant stands where none can")
    }
}

/// Ends the inner before the outer. No message within another begins at 0.
fn close_all(out: &mut Vec<u8>, opened: [usize; 2]) {
    opened.into_iter().rev().filter(|start| *start != 0).for_each(|start| close(out, start));
}

/// A list that is being written.
pub(super) struct Elements<'a> {
    out: &'a mut Vec<u8>,
    number: u32,
    kind: Kind,
    opened: [usize; 2],
}

impl SerializeSeq for Elements<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(Slot { out: self.out, number: self.number, kind: self.kind, presence: Presence::Explicit })
    }

    fn end(self) -> Result<(), Fault> {
        close_all(self.out, self.opened);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Shape {
    Message(&'static Message),
    /// A map: each entry is a message of this number, with a key and a value.
    Entries {
        number: u32,
        value: Kind,
    },
}

/// An object that is being written.
pub(super) struct Members<'a> {
    out: &'a mut Vec<u8>,
    shape: Shape,
    opened: [usize; 2],
    next: Option<(u32, Kind, Presence)>,
    entry: usize,
}

impl Members<'_> {
    fn find(&mut self, message: &Message, name: &str) -> Result<(), Fault> {
        let Some(field) = message.field(name) else {
            return Err(Fault::custom(format_args!("{} has no `{name}`", message.name)));
        };
        self.next = Some((field.number, field.kind, field.presence));
        Ok(())
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let as_text = |out, number| Slot { out, number, kind: Kind::Text, presence: Presence::Explicit };
        match self.shape {
            Shape::Message(message) => {
                // The name goes to the end of what is written, and is taken off again.
                let at = self.out.len();
                key.serialize(as_text(self.out, 0))?;
                let name = self.out.split_off(at);
                self.find(message, &String::from_utf8_lossy(&name))
            }
            Shape::Entries { number, value } => {
                self.entry = open(self.out, number);
                self.next = Some((2, value, Presence::Explicit));
                key.serialize(as_text(self.out, 1))
            }
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let Some((number, kind, presence)) = self.next.take() else { return fault("a value has no name") };
        value.serialize(Slot { out: self.out, number, kind, presence })?;
        if matches!(self.shape, Shape::Entries { .. }) {
            close(self.out, self.entry);
        }
        Ok(())
    }

    fn end(self) -> Result<(), Fault> {
        close_all(self.out, self.opened);
        Ok(())
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Fault> {
        let Shape::Message(message) = self.shape else { return SerializeMap::serialize_entry(self, name, value) };
        self.find(message, name)?;
        self.serialize_value(value)
    }

    fn end(self) -> Result<(), Fault> {
        SerializeMap::end(self)
    }
}
