//! `:authority` as gRPC's clients write it over a socket, made such that HTTP/2's servers take it.
//!
//! Clients that stand on gRPC's C core, and some in Java and Swift, name the server by the path of its socket, percent-encoded
//! (`tmp%2Fagent.sock`). That is no authority, and the server below us resets such a stream before anybody sees it. [`PlainAuthority`]
//! stands before it: it reads frames (RFC 9113 §4) and header blocks (RFC 7541 §6), and writes a dash for each `%` and `/` in
//! that value; nothing else changes, and no length does, so that every table of either side stays right.
//!
//! ```
//! use duologue_trust::authority_header::PlainAuthority;
//!
//! let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
//! request.extend([0, 0, 10, 1, 4, 0, 0, 0, 1]); // HEADERS of ten bytes that end the headers
//! request.extend([0x41, 8]); // :authority, plain text, eight bytes
//! request.extend(b"a%2Fsock");
//! let mut out = Vec::new();
//! PlainAuthority::default().push(&request, &mut out)?;
//! assert!(out.ends_with(b"a-2Fsock"));
//! # Ok::<(), duologue_trust::authority_header::Unreadable>(())
//! ```

use crate::huffman;
use thiserror::Error;

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const FRAME_HEAD: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;
/// Most bytes of one block of headers, with the heads of its frames.
const BLOCK_MAX: usize = 64 << 10;
/// Place of `:authority` in HPACK's static table.
const AUTHORITY_INDEX: usize = 1;
const AUTHORITY: &[u8] = b":authority";

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Nobody sends that much.
    #[error("a block of headers is longer than 64 KiB")]
    TooLong,
    /// A block of headers is not followed by its own rest, as it has to be.
    #[error("a block of headers is interrupted by another frame")]
    Interrupted,
}

/// What stands between a client's bytes and the server that reads them.
#[derive(Debug, Default)]
pub struct PlainAuthority {
    passed: usize,
    /// Bytes of a frame that pass untouched.
    untouched: usize,
    /// Frames of a block of headers that is not whole, or the beginning of a frame's head.
    held: Vec<u8>,
    /// Where in `held` the next frame begins; all before it are the block's.
    next: usize,
}

impl PlainAuthority {
    /// Takes bytes in, in pieces of any size, and gives out what the server is to read. Bytes are held back only while a
    /// block of headers, or a frame's head, is not whole.
    ///
    /// # Errors
    /// [`Unreadable`]; the connection is to be closed then.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let preface = (PREFACE - self.passed.min(PREFACE)).min(bytes.len());
        self.passed += preface;
        out.extend(&bytes[..preface]);
        bytes = &bytes[preface..];
        loop {
            let pass = self.untouched.min(bytes.len());
            self.untouched -= pass;
            out.extend(&bytes[..pass]);
            bytes = &bytes[pass..];
            if bytes.is_empty() {
                return Ok(());
            }
            // Head by head and frame by frame, so that nothing behind a block is held with it.
            let wanted = self.wanted().saturating_sub(self.held.len()).min(bytes.len());
            self.held.extend(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            self.step(out)?;
        }
    }

    /// How long `held` is when something can be decided.
    fn wanted(&self) -> usize {
        let head = self.next + FRAME_HEAD;
        if self.held.len() < head { head } else { head + frame_length(&self.held[self.next..]) }
    }

    fn step(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let Some(head) = self.held.get(self.next..self.next + FRAME_HEAD) else { return Ok(()) };
        let (length, kind, flags) = (frame_length(head), head[3], head[4]);
        let in_block = self.next > 0;
        if in_block && kind != CONTINUATION {
            return Err(Unreadable::Interrupted);
        }
        if !in_block && kind != HEADERS {
            out.append(&mut self.held);
            self.untouched = length;
            return Ok(());
        }
        if self.next + FRAME_HEAD + length > BLOCK_MAX {
            return Err(Unreadable::TooLong);
        }
        if self.held.len() < self.next + FRAME_HEAD + length {
            return Ok(());
        }
        self.next += FRAME_HEAD + length;
        if flags & END_HEADERS != 0 {
            rewrite(&mut self.held);
            out.append(&mut self.held);
            self.next = 0;
        }
        Ok(())
    }
}

fn frame_length(head: &[u8]) -> usize {
    usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])
}

/// Rewrites the block in these frames. What is not well formed stays as it is: the server refuses it in its own words.
fn rewrite(frames: &mut [u8]) {
    let Some(places) = fragments(frames) else { return };
    let mut block: Vec<u8> = places.iter().flat_map(|place| frames[place.clone()].iter().copied()).collect();
    let mut reader = Block { bytes: &mut block, at: 0 };
    if reader.rewrite().is_none() {
        return;
    }
    let mut rest = &block[..];
    for place in places {
        let (part, left) = rest.split_at(place.len());
        frames[place].copy_from_slice(part);
        rest = left;
    }
}

/// Where in the frames the block is, without padding and priority.
fn fragments(frames: &[u8]) -> Option<Vec<std::ops::Range<usize>>> {
    let (mut at, mut places) = (0, Vec::new());
    while at < frames.len() {
        let head = &frames[at..at + FRAME_HEAD];
        let (mut from, mut to) = (at + FRAME_HEAD, at + FRAME_HEAD + frame_length(head));
        at = to;
        if head[3] == HEADERS {
            if head[4] & PADDED != 0 {
                to = to.checked_sub(usize::from(*frames.get(from)?))?;
                from += 1;
            }
            from += if head[4] & PRIORITY != 0 { 5 } else { 0 };
        }
        if from > to {
            return None;
        }
        places.push(from..to);
    }
    Some(places)
}

struct Block<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Block<'_> {
    /// None where it is not well formed.
    fn rewrite(&mut self) -> Option<()> {
        while let Some(first) = self.bytes.get(self.at) {
            match first {
                // A header of the tables.
                0x80.. => drop(self.number(7)?),
                // The table's size.
                0x20..0x40 => drop(self.number(5)?),
                0x40..0x80 => self.literal(6)?,
                0..0x20 => self.literal(4)?,
            }
        }
        Some(())
    }

    fn literal(&mut self, prefix: u8) -> Option<()> {
        let name = self.number(prefix)?;
        let is_authority = match name {
            0 => {
                let (text, is_huffman) = self.text()?;
                self.is_authority(text, is_huffman)
            }
            index => index == AUTHORITY_INDEX,
        };
        let (value, is_huffman) = self.text()?;
        if is_authority {
            self.plain(value, is_huffman);
        }
        Some(())
    }

    fn is_authority(&self, text: std::ops::Range<usize>, is_huffman: bool) -> bool {
        let text = &self.bytes[text];
        if !is_huffman {
            return text == AUTHORITY;
        }
        huffman::symbols(text).is_some_and(|symbols| symbols.iter().map(|symbol| &symbol.byte).eq(AUTHORITY))
    }

    fn plain(&mut self, value: std::ops::Range<usize>, is_huffman: bool) {
        let value = &mut self.bytes[value];
        let is_foreign = |byte: u8| byte == b'%' || byte == b'/';
        if !is_huffman {
            value.iter_mut().filter(|byte| is_foreign(**byte)).for_each(|byte| *byte = b'-');
            return;
        }
        for symbol in huffman::symbols(value).unwrap_or_default() {
            if is_foreign(symbol.byte) {
                // All three have codes of six bits.
                huffman::replace(value, symbol, b'-');
            }
        }
    }

    /// A string's place, and whether it is Huffman-coded (RFC 7541 §5.2).
    fn text(&mut self) -> Option<(std::ops::Range<usize>, bool)> {
        let is_huffman = self.bytes.get(self.at)? & 0x80 != 0;
        let length = self.number(7)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        let place = self.at..end;
        self.at = end;
        Some((place, is_huffman))
    }

    /// A number whose first byte has so many bits for it (RFC 7541 §5.1).
    fn number(&mut self, prefix: u8) -> Option<usize> {
        let most = (1usize << prefix) - 1;
        let first = usize::from(*self.bytes.get(self.at)?) & most;
        self.at += 1;
        if first < most {
            return Some(first);
        }
        let mut number = most;
        for shift in (0..=21).step_by(7) {
            let byte = usize::from(*self.bytes.get(self.at)?);
            self.at += 1;
            number += (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
