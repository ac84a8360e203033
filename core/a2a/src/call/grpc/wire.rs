//! The wire format of protobuf: fields in any order, each with a number and a type
//! (<https://protobuf.dev/programming-guides/encoding>).

use std::fmt;

/// What is wrong with bytes that were received, or with what is to be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Fault(pub(super) String);

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Fault {
        Fault(what.to_string())
    }
}

impl serde::ser::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Fault {
        Fault(what.to_string())
    }
}

pub(super) fn fault<T>(what: &str) -> Result<T, Fault> {
    Err(Fault(what.to_owned()))
}

/// Types of the wire.
pub(super) const VARINT: u32 = 0;
pub(super) const FIXED_64: u32 = 1;
pub(super) const LENGTH: u32 = 2;
const GROUP: u32 = 3;
const GROUP_END: u32 = 4;
const FIXED_32: u32 = 5;

/// Groups within each other that are passed over, at most.
const MOST_GROUPS: usize = 16;

/// A value as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'de> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'de [u8]),
    /// Nothing of the protocol is one.
    Fixed32,
}

/// One field of a message as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'de> {
    pub(super) number: u32,
    pub(super) raw: Raw<'de>,
}

impl<'de> Found<'de> {
    /// A whole message.
    pub(super) const fn whole(bytes: &'de [u8]) -> Found<'de> {
        Found { number: 0, raw: Raw::Bytes(bytes) }
    }

    pub(super) fn bytes(&self) -> Result<&'de [u8], Fault> {
        match self.raw {
            Raw::Bytes(bytes) => Ok(bytes),
            _ => fault("has another type on the wire"),
        }
    }

    pub(super) fn text(&self) -> Result<&'de str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Fault("is not UTF-8".to_owned()))
    }

    pub(super) fn varint(&self) -> Result<u64, Fault> {
        match self.raw {
            Raw::Varint(value) => Ok(value),
            _ => fault("has another type on the wire"),
        }
    }
}

/// The fields of a message that are asked for, by number, and of the same number in their order. A message that came in several
/// pieces is one whose bytes stand behind each other.
pub(super) fn scan<'de>(pieces: &[Found<'de>], wanted: impl Fn(u32) -> bool) -> Result<Vec<Found<'de>>, Fault> {
    let mut all = Vec::new();
    for piece in pieces {
        let mut rest = Cursor(piece.bytes()?);
        while let Some(found) = rest.field()? {
            if wanted(found.number) {
                all.push(found);
            }
        }
    }
    Ok(all)
}

struct Cursor<'de>(&'de [u8]);

impl<'de> Cursor<'de> {
    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = self.0.split_first() else { return fault("is cut off") };
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        fault("holds a number of more than 64 bits")
    }

    fn take(&mut self, count: u64) -> Result<&'de [u8], Fault> {
        let taken = usize::try_from(count).ok().and_then(|count| self.0.split_at_checked(count));
        let Some((taken, rest)) = taken else { return fault("is cut off") };
        self.0 = rest;
        Ok(taken)
    }

    fn tag(&mut self) -> Result<(u32, u32), Fault> {
        let Ok(tag) = u32::try_from(self.varint()?) else {
            return fault("has a field with a number that is too large");
        };
        if tag >> 3 == 0 {
            return fault("has a field with the number 0");
        }
        Ok((tag >> 3, tag & 7))
    }

    /// The next field that is no group.
    fn field(&mut self) -> Result<Option<Found<'de>>, Fault> {
        while !self.0.is_empty() {
            let (number, wire_type) = self.tag()?;
            let raw = match wire_type {
                VARINT => Raw::Varint(self.varint()?),
                FIXED_64 => Raw::Fixed64(self.fixed_64()?),
                LENGTH => {
                    let length = self.varint()?;
                    Raw::Bytes(self.take(length)?)
                }
                FIXED_32 => self.take(4).map(|_| Raw::Fixed32)?,
                GROUP => {
                    self.pass_over_group(number, MOST_GROUPS)?;
                    continue;
                }
                _ => return fault("has a field of a type that there is not"),
            };
            return Ok(Some(Found { number, raw }));
        }
        Ok(None)
    }

    fn fixed_64(&mut self) -> Result<u64, Fault> {
        let bytes = self.take(8)?;
        bytes.try_into().map(u64::from_le_bytes).map_err(|_| Fault("is cut off".to_owned()))
    }

    fn pass_over_group(&mut self, of: u32, most: usize) -> Result<(), Fault> {
        loop {
            let (number, wire_type) = self.tag()?;
            match wire_type {
                VARINT => drop(self.varint()?),
                FIXED_64 => drop(self.take(8)?),
                LENGTH => {
                    let length = self.varint()?;
                    self.take(length)?;
                }
                FIXED_32 => drop(self.take(4)?),
                GROUP if most > 0 => self.pass_over_group(number, most - 1)?,
                GROUP_END if number == of => return Ok(()),
                _ => return fault("has a group that does not end"),
            }
        }
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint(out, u64::from(number << 3 | wire_type));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, LENGTH);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Begins a message within another, whose length is not known yet.
pub(super) fn open(out: &mut Vec<u8>, number: u32) -> usize {
    put_tag(out, number, LENGTH);
    out.push(0);
    out.len()
}

/// Ends it: most are shorter than 128 bytes; of longer ones, the body moves by what the length needs more.
pub(super) fn close(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    let Some(place) = start.checked_sub(1).and_then(|at| out.get_mut(at)) else { return };
    if length < 0x80 {
        *place = length as u8;
        return;
    }
    let mut prefix = Vec::with_capacity(10);
    put_varint(&mut prefix, length as u64);
    out.splice(start - 1..start, prefix);
}
