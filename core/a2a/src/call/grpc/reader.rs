//! Protobuf, read as if it were JSON: the model has one reader for all bindings.

use super::schema::{Kind, Message, Presence};
use super::wire::{Fault, Found, Raw, fault, scan};
use crate::model::{Role, TaskState, Timestamp};
use crate::wire::bytes;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// What was found of a field, or of a whole message.
#[derive(Clone, Copy)]
pub(super) struct Item<'a, 'de> {
    kind: Kind,
    is_list: bool,
    found: &'a [Found<'de>],
    /// Arrays and objects that may yet begin within each other.
    depth: usize,
}

impl<'a, 'de> Item<'a, 'de> {
    /// A message, in as many pieces as there are.
    pub(super) const fn message(message: &'static Message, found: &'a [Found<'de>], depth: usize) -> Item<'a, 'de> {
        Item { kind: Kind::Message(message), is_list: false, found, depth }
    }

    /// One level below.
    fn below(self) -> Result<usize, Fault> {
        self.depth.checked_sub(1).ok_or_else(|| Fault("is nested too deep".to_owned()))
    }

    /// Of a field that stands there several times, the last holds.
    fn last(self) -> Option<&'a Found<'de>> {
        self.found.last()
    }

    fn visit_message<V: Visitor<'de>>(self, message: &'static Message, visitor: V) -> Result<V::Value, Fault> {
        let depth = self.below()?;
        let mut found = scan(self.found, |number| message.numbered(number).is_some())?;
        let is_alternative =
            |number| message.numbered(number).is_some_and(|field| field.presence == Presence::Alternative);
        keep_last_alternative(&mut found, is_alternative);
        found.sort_by_key(|found| found.number);
        visitor.visit_map(Fields { message, rest: &found, next: None, depth })
    }

    fn visit_timestamp<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let (mut seconds, mut nanos) = (0, 0);
        for field in scan(self.found, |number| number < 3)? {
            // Of 64 bits and of 32, each with a sign.
            match field.number {
                1 => seconds = field.varint()? as i64,
                _ => nanos = i64::from(field.varint()? as i32),
            }
        }
        let whole = (0..1_000_000_000).contains(&nanos);
        let millis = seconds.checked_mul(1_000).and_then(|millis| millis.checked_add(nanos / 1_000_000));
        match millis.filter(|_| whole).map(|millis| (millis, Timestamp::from_millis(millis))) {
            Some((millis, at)) if at.as_millis() == millis => visitor.visit_str(&at.to_string()),
            _ => fault("is a moment outside of the years 1 to 9999"),
        }
    }

    fn visit_value<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut found = scan(self.found, |number| (1..=6).contains(&number))?;
        keep_last_alternative(&mut found, |_| true);
        let Some(last) = found.last() else { return visitor.visit_unit() };
        match last.number {
            2 => match last.raw {
                Raw::Fixed64(bits) => visit_number(f64::from_bits(bits), visitor),
                _ => fault("has another type on the wire"),
            },
            3 => visitor.visit_borrowed_str(last.text()?),
            4 => visitor.visit_bool(last.varint()? != 0),
            5 => Item { kind: Kind::Struct, found: &found, ..self }.deserialize_any(visitor),
            6 => {
                let values = scan(&found, |number| number == 1)?;
                Item { is_list: true, found: &values, ..self }.deserialize_any(visitor)
            }
            _ => visitor.visit_unit(),
        }
    }

    fn visit_list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let depth = self.below()?;
        visitor.visit_seq(List(Item { depth, ..self }))
    }

    fn visit_map<V: Visitor<'de>>(self, value: Kind, visitor: V) -> Result<V::Value, Fault> {
        let depth = self.below()?;
        visitor.visit_map(Entries { value, rest: self.found, entry: Vec::new(), depth })
    }
}

/// Protobuf has one type of numbers in JSON values; those that are whole are written without a point, as the SDKs do it.
fn visit_number<'de, V: Visitor<'de>>(number: f64, visitor: V) -> Result<V::Value, Fault> {
    /// 2^53: up to here, every whole number has a form of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        return fault("is a number that JSON does not have");
    }
    let whole = number as i64;
    // Minus zero is not whole.
    if number.abs() <= EXACT && (whole as f64).to_bits() == number.to_bits() {
        visitor.visit_i64(whole)
    } else {
        visitor.visit_f64(number)
    }
}

/// Of alternatives, the last that was written holds; pieces of a message that stand behind each other are one.
fn keep_last_alternative(found: &mut Vec<Found<'_>>, is_alternative: impl Fn(u32) -> bool) {
    let Some(last) = found.iter().rev().map(|found| found.number).find(|number| is_alternative(*number)) else {
        return;
    };
    let other = found.iter().rposition(|found| is_alternative(found.number) && found.number != last);
    if let Some(other) = other {
        let mut at = 0;
        found.retain(|found| {
            at += 1;
            at > other + 1 || !is_alternative(found.number)
        });
    }
}

impl<'de> Deserializer<'de> for Item<'_, 'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_list {
            return self.visit_list(visitor);
        }
        let number = || self.last().map_or(Ok(0), Found::varint);
        // An enum has 32 bits with a sign.
        let of_enum = |name: Option<&'static str>, number: u64, visitor: V| match name {
            Some(name) => visitor.visit_borrowed_str(name),
            None => visitor.visit_i64(i64::from(number as i32)),
        };
        match self.kind {
            Kind::Text => visitor.visit_borrowed_str(self.last().map_or(Ok(""), Found::text)?),
            Kind::Bytes => visitor.visit_string(bytes::write(self.last().map_or(Ok(&[][..]), Found::bytes)?)),
            Kind::Bool => visitor.visit_bool(number()? != 0),
            Kind::Int32 => visitor.visit_i32(number()? as i32),
            Kind::Role => {
                let number = number()?;
                let role = usize::try_from(number).ok().and_then(|at| Role::ALL.get(at));
                of_enum(role.map(|role| role.as_str()), number, visitor)
            }
            Kind::TaskState => {
                let number = number()?;
                let state = usize::try_from(number).ok().and_then(|at| TaskState::ALL.get(at));
                of_enum(state.map(|state| state.as_str()), number, visitor)
            }
            Kind::Timestamp => self.visit_timestamp(visitor),
            Kind::Struct => {
                let entries = scan(self.found, |number| number == 1)?;
                Item { found: &entries, ..self }.visit_map(Kind::Value, visitor)
            }
            Kind::Value => self.visit_value(visitor),
            Kind::Map(value) => self.visit_map(*value, visitor),
            Kind::Message(message) => self.visit_message(message, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The fields of a message that are there.
struct Fields<'a, 'de> {
    message: &'static Message,
    rest: &'a [Found<'de>],
    next: Option<Item<'a, 'de>>,
    depth: usize,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(first) = self.rest.first() else { return Ok(None) };
        let count = self.rest.iter().take_while(|found| found.number == first.number).count();
        let (found, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        let Some(field) = self.message.numbered(first.number) else { return fault("has an unknown field") };
        let is_list = field.presence == Presence::Repeated;
        self.next = Some(Item { kind: field.kind, is_list, found, depth: self.depth });
        seed.deserialize(BorrowedStrDeserializer::new(field.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        match self.next.take() {
            Some(item) => seed.deserialize(item),
            None => fault("has no value"),
        }
    }
}

struct List<'a, 'de>(Item<'a, 'de>);

impl<'de> SeqAccess<'de> for List<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((first, rest)) = self.0.found.split_first() else { return Ok(None) };
        self.0.found = rest;
        let one = std::slice::from_ref(first);
        seed.deserialize(Item { is_list: false, found: one, ..self.0 }).map(Some)
    }
}

/// The entries of a map, each a message with a key and a value.
struct Entries<'a, 'de> {
    value: Kind,
    rest: &'a [Found<'de>],
    entry: Vec<Found<'de>>,
    depth: usize,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((first, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        self.entry = scan(std::slice::from_ref(first), |number| number == 1 || number == 2)?;
        let key = self.entry.iter().rev().find(|found| found.number == 1).map_or(Ok(""), Found::text)?;
        self.entry.retain(|found| found.number == 2);
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(Item { kind: self.value, is_list: false, found: &self.entry, depth: self.depth })
    }
}
