//! Protobuf's wire format (protobuf.dev, "Encoding"), read where it lies: a field that nobody asks for costs nothing, and
//! bytes that would unfold into a thousand times as much memory cannot.

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// The bytes end before the field does.
    #[error("it ends in the middle of a field")]
    Cut,
    /// A varint goes on after its tenth byte.
    #[error("a number in it has more than ten bytes")]
    Varint,
    /// Field numbers begin at 1 and have 29 bits.
    #[error("a field in it has the number {0}, which is none")]
    Number(u64),
    /// Groups, which no current message has, or a type that there is not.
    #[error("a field in it is of wire type {0}, which no message of OpenTelemetry uses")]
    Type(u8),
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// Integers, booleans and enums.
    Varint(u64),
    /// `fixed64` and `double`.
    Fixed64(u64),
    /// `fixed32` and `float`.
    Fixed32(u32),
    /// Text, bytes, and other messages.
    Bytes(&'a [u8]),
}

/// The fields of a message, one after the other, with their numbers. Nothing follows an error.
pub(crate) struct Fields<'a>(&'a [u8]);

/// Reads a message.
pub(crate) fn fields(message: &[u8]) -> Fields<'_> {
    Fields(message)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.field();
        if read.is_err() {
            self.0 = &[];
        }
        Some(read)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Value<'a>), WireError> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or(WireError::Number(key >> 3))?;
        let value = match (key & 7) as u8 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::Cut)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            other => return Err(WireError::Type(other)),
        };
        Ok((number, value))
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut number = 0;
        for n in 0..10 {
            let (byte, rest) = self.0.split_first().ok_or(WireError::Cut)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * n);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(WireError::Varint)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(WireError::Cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(WireError::Cut)?;
        self.0 = rest;
        Ok(*taken)
    }
}

/// Appends a field of bytes or text.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field with a number that is not negative.
pub(crate) fn put_number(out: &mut Vec<u8>, number: u8, value: u64) {
    put_varint(out, u64::from(number) << 3);
    put_varint(out, value);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_specification_are_read() {
        fn read(bytes: &[u8]) -> Vec<(u32, Value<'_>)> {
            fields(bytes).collect::<Result<_, _>>().unwrap()
        }
        assert_eq!(read(b"\x08\x96\x01"), [(1, Value::Varint(150))]);
        assert_eq!(read(b"\x12\x07testing"), [(2, Value::Bytes(b"testing"))]);
        assert_eq!(read(b"\x1a\x03\x08\x96\x01"), [(3, Value::Bytes(b"\x08\x96\x01"))]);
        assert_eq!(read(b"\x0d\x01\0\0\0\x11\x02\0\0\0\0\0\0\0"), [(1, Value::Fixed32(1)), (2, Value::Fixed64(2))]);
    }

    #[test]
    fn what_is_no_message_is_named_and_nothing_follows() {
        let first = |bytes: &[u8]| {
            let mut fields = fields(bytes);
            let error = fields.next().unwrap().unwrap_err();
            assert_eq!(fields.next(), None);
            error
        };
        assert_eq!(first(b"\x12\x09short"), WireError::Cut);
        assert_eq!(first(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), WireError::Cut);
        assert_eq!(first(b"\x08\x96"), WireError::Cut);
        assert_eq!(first(&[0xff; 20]), WireError::Varint);
        assert_eq!(first(b"\x00\x01"), WireError::Number(0));
        assert_eq!(first(b"\x0b\x0c"), WireError::Type(3));
        assert_eq!(first(b"\x0f"), WireError::Type(7));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 1u8..16, value: u64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_number(&mut out, number, value);
            put_bytes(&mut out, number, &bytes);
            let read: Vec<_> = fields(&out).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read, [(number.into(), Value::Varint(value)), (number.into(), Value::Bytes(&bytes))]);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
        }
    }
}
