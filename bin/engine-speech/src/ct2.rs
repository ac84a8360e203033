//! Reads CTranslate2 model files (binary version 6), the form in which the Whisper weights arrive.
//!
//! Layout, all little endian: `u32` version, string name of the specification, `u32` its revision, `u32` number of
//! variables; then for each variable a string name, `u8` rank, `u32` per dimension, `u8` element type, `u32` length in
//! bytes and the bytes. A string is a `u16` length that counts a closing zero byte, then the bytes. What follows the
//! variables (aliases) is not needed here.

use std::collections::BTreeMap;

/// The only version of the container this reads.
const VERSION: u32 = 6;
/// No layer of any Whisper model has more dimensions than a convolution: output, input, kernel.
const MAX_RANK: u8 = 4;

/// How the elements of a [`Tensor`] are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// 8 bit integer.
    I8,
    /// 16 bit integer.
    I16,
    /// 32 bit integer.
    I32,
}

impl Element {
    fn from_code(code: u8) -> Option<Element> {
        Some(match code {
            0 => Element::F32,
            1 => Element::I8,
            2 => Element::I16,
            3 => Element::I32,
            4 => Element::F16,
            _ => return None,
        })
    }

    /// Bytes of one element.
    pub(crate) fn size(self) -> usize {
        match self {
            Element::I8 => 1,
            Element::F16 | Element::I16 => 2,
            Element::F32 | Element::I32 => 4,
        }
    }
}

/// One variable, borrowed from the file's bytes.
#[derive(Clone, Debug)]
pub(crate) struct Tensor<'a> {
    /// Outermost dimension first; empty for a scalar.
    pub(crate) shape: Vec<usize>,
    /// Type of the elements.
    pub(crate) element: Element,
    /// `shape` elements, row by row.
    pub(crate) data: &'a [u8],
}

impl<'a> Tensor<'a> {
    /// Rows `from..to` of the outermost dimension; `None` if there are not so many.
    pub(crate) fn rows(&self, from: usize, to: usize) -> Option<Tensor<'a>> {
        let (&rows, rest) = self.shape.split_first()?;
        if from > to || to > rows {
            return None;
        }
        let row = rest.iter().product::<usize>() * self.element.size();
        let mut shape = self.shape.clone();
        shape[0] = to - from;
        Some(Tensor { shape, element: self.element, data: self.data.get(from * row..to * row)? })
    }
}

/// The variables of a model by name.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    tensors: BTreeMap<&'a str, Tensor<'a>>,
}

/// Why bytes are not a model.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file ends early: most likely an interrupted download.
    #[error("it ends within {what}, {missing} bytes short")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many bytes are missing.
        missing: usize,
    },
    /// Not this format, or another version of it.
    #[error("it is not a CTranslate2 model of version 6 (the first number is {0})")]
    Version(u32),
    /// A name that is not text.
    #[error("variable {0} has an unreadable name")]
    Name(usize),
    /// Type, rank and length contradict each other.
    #[error("variable {name} is malformed: {problem}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A needed variable is not there.
    #[error("variable {0} is missing or has an unexpected shape: is this another model?")]
    Missing(String),
}

impl<'a> Model<'a> {
    /// Reads the table of variables; the data stay where they are.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Model<'a>, ReadError> {
        let mut from = Cursor { rest: bytes };
        let version = from.u32("the header")?;
        if version != VERSION {
            return Err(ReadError::Version(version));
        }
        from.string("the header")?;
        from.u32("the header")?;
        let count = from.u32("the header")? as usize;
        let mut tensors = BTreeMap::new();
        for number in 0..count {
            let name = from.string("a variable")?;
            let name = std::str::from_utf8(name).map_err(|_| ReadError::Name(number))?;
            tensors.insert(name, from.tensor(name)?);
        }
        Ok(Model { tensors })
    }

    /// The variable `name` with `rank` dimensions.
    pub(crate) fn tensor(&self, name: &str, rank: usize) -> Result<&Tensor<'a>, ReadError> {
        self.tensors.get(name).filter(|t| t.shape.len() == rank).ok_or_else(|| ReadError::Missing(name.to_owned()))
    }

    /// Is there such a variable?
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], ReadError> {
        let Some((head, rest)) = self.rest.split_at_checked(length) else {
            return Err(ReadError::Truncated { what, missing: length - self.rest.len() });
        };
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N, what)?);
        Ok(bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ReadError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Without the closing zero.
    fn string(&mut self, what: &'static str) -> Result<&'a [u8], ReadError> {
        let length = u16::from_le_bytes(self.array(what)?);
        let bytes = self.take(usize::from(length), what)?;
        Ok(bytes.strip_suffix(b"\0").unwrap_or(bytes))
    }

    fn tensor(&mut self, name: &str) -> Result<Tensor<'a>, ReadError> {
        let malformed = |problem| ReadError::Variable { name: name.to_owned(), problem };
        let [rank] = self.array("a variable")?;
        if rank > MAX_RANK {
            return Err(malformed("too many dimensions"));
        }
        let shape = (0..rank).map(|_| Ok(self.u32("a variable")? as usize)).collect::<Result<Vec<_>, ReadError>>()?;
        let [code] = self.array("a variable")?;
        let element = Element::from_code(code).ok_or_else(|| malformed("unknown element type"))?;
        let length = self.u32("a variable")? as usize;
        let expected = shape.iter().try_fold(element.size(), |size, &d| size.checked_mul(d));
        if expected != Some(length) {
            return Err(malformed("its length is not that of its shape"));
        }
        Ok(Tensor { shape, element, data: self.take(length, "the weights")? })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes what [`Model::read`] reads: the name, the shape, the elements as f16 bit patterns.
    pub(crate) fn write(variables: &[(&str, &[u32], &[u8])]) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        let string = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u16 + 1).to_le_bytes());
            out.extend(text.as_bytes());
            out.push(0);
        };
        string(&mut out, "WhisperSpec");
        out.extend(3u32.to_le_bytes());
        out.extend((variables.len() as u32).to_le_bytes());
        for (name, shape, data) in variables {
            string(&mut out, name);
            out.push(shape.len() as u8);
            shape.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.push(4);
            out.extend((data.len() as u32).to_le_bytes());
            out.extend(*data);
        }
        out
    }

    #[test]
    fn reads_what_was_written() {
        let file = write(&[("a/weight", &[2, 3], &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]), ("b", &[], &[7, 7])]);
        let model = Model::read(&file).unwrap();
        let a = model.tensor("a/weight", 2).unwrap();
        assert_eq!((a.shape.as_slice(), a.element), ([2, 3].as_slice(), Element::F16));
        let second = a.rows(1, 2).unwrap();
        assert_eq!((second.shape, second.data), (vec![1, 3], [4, 0, 5, 0, 6, 0].as_slice()));
        assert!(a.rows(1, 3).is_none());
        assert!(model.contains("b") && !model.contains("c"));
        assert_eq!(model.tensor("b", 1).unwrap_err(), ReadError::Missing("b".into()));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let file = write(&[("a", &[2], &[1, 0, 2, 0]), ("b", &[1], &[7, 7])]);
        for length in 0..file.len() {
            assert!(matches!(Model::read(&file[..length]), Err(ReadError::Truncated { .. })), "{length}");
        }
    }

    #[test]
    fn a_length_that_contradicts_the_shape_is_refused() {
        let file = write(&[("a", &[u32::MAX, u32::MAX, u32::MAX], &[1, 0])]);
        assert!(matches!(Model::read(&file), Err(ReadError::Variable { .. })));
        assert_eq!(Model::read(b"GGUF\0\0").unwrap_err(), ReadError::Version(u32::from_le_bytes(*b"GGUF")));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Model::read(&bytes);
            let mut headed = write(&[]);
            let count = headed.len() - 4;
            headed[count..].copy_from_slice(&u32::MAX.to_le_bytes());
            headed.extend(&bytes);
            let _ = Model::read(&headed);
        }

        #[test]
        fn a_flipped_byte_never_panics(at in 0usize..60, value in any::<u8>()) {
            let mut file = write(&[("a", &[2], &[1, 0, 2, 0]), ("b", &[1], &[7, 7])]);
            let at = at % file.len();
            file[at] = value;
            if let Ok(model) = Model::read(&file) {
                let _ = model.tensor("a", 1).map(|t| t.rows(0, 1));
            }
        }
    }
}
