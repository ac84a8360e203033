use std::collections::VecDeque;

/// Cuts a stream into its lines, wherever the bytes are cut; memory is bounded.
pub(crate) struct LineReader {
    pending: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
    max: usize,
}

impl LineReader {
    /// `max` is the longest line, in bytes.
    pub(crate) fn new(max: usize) -> LineReader {
        LineReader { pending: Vec::new(), ready: VecDeque::new(), max }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// For people, where a line is too long.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut pieces = bytes.split(|b| *b == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.extend(piece)?;
            self.ready.push_back(std::mem::take(&mut self.pending));
        }
        self.extend(last)
    }

    /// The next line that is complete, without its end.
    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// What came behind the last end of a line.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pending)
    }

    fn extend(&mut self, piece: &[u8]) -> Result<(), String> {
        if self.pending.len() + piece.len() > self.max {
            return Err(format!("a line is longer than {} bytes", self.max));
        }
        self.pending.extend_from_slice(piece);
        Ok(())
    }
}
