use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::{BatchAddError, LlamaBatch};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::{DecodeError, LlamaStateSeqFlags, StateSeqError};
use std::sync::atomic::{AtomicBool, Ordering};

/// A prompt is read in pieces of this many tokens, at positions that are multiples of it.
///
/// The last digits of what is computed for a token depend on how many tokens are computed together. Since pieces begin
/// at the same positions whether or not earlier ones came from the cache, an answer depends on prompt and seed only.
/// Larger pieces read slightly faster, smaller ones repeat less of a cached prompt.
pub(crate) const PIECE: usize = 16;

/// What went wrong in llama.cpp; the session must not be used again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("the model failed to compute: {0}")]
    Decode(#[from] DecodeError),
    #[error("the model took no more tokens: {0}")]
    Batch(#[from] BatchAddError),
    #[error("the cache could not be cut: {0}")]
    Cut(String),
    #[error("the cache could not be copied: {0}")]
    Copy(#[from] StateSeqError),
}

/// One conversation's context: the model's state after some tokens.
pub(crate) struct Session<'m> {
    context: LlamaContext<'m>,
    /// Prompt tokens whose state is kept; what was generated after them never is.
    read: Vec<LlamaToken>,
    /// Where the next token goes.
    position: usize,
    batch: LlamaBatch<'static>,
}

impl<'m> Session<'m> {
    /// Nothing read yet.
    pub(crate) fn new(context: LlamaContext<'m>) -> Session<'m> {
        Session { context, read: Vec::new(), position: 0, batch: LlamaBatch::new(PIECE, 1) }
    }

    /// The context, for sampling after [`Session::read`] or [`Session::append`].
    pub(crate) fn context(&self) -> &LlamaContext<'m> {
        &self.context
    }

    /// How many tokens of a prompt need not be read again.
    pub(crate) fn knows(&self, prompt: &[LlamaToken]) -> usize {
        reusable(&self.read, prompt)
    }

    /// Takes over all that another session has read, in the place of what it knew itself.
    pub(crate) fn learn_from(&mut self, other: &Session<'m>) -> Result<(), SessionError> {
        let state = other.context.state_seq_get(0, LlamaStateSeqFlags::empty())?;
        self.read.clear();
        self.context.clear_kv_cache();
        self.context.state_seq_set(&state, 0)?;
        self.read.clone_from(&other.read);
        Ok(())
    }

    /// Reads a prompt, as far as it is new, and returns how many of its tokens came from the cache; `None` when
    /// cancelled. A prompt has at least one token. Each piece is followed by a call of `alive`.
    pub(crate) fn read(
        &mut self,
        prompt: &[LlamaToken],
        cancelled: &AtomicBool,
        mut alive: impl FnMut(),
    ) -> Result<Option<usize>, SessionError> {
        let cached = self.knows(prompt);
        self.context
            .kv_cache_seq_rm(0, Some(cached as u32), None)
            .map_err(|error| SessionError::Cut(error.to_string()))?;
        self.read.truncate(cached);
        self.position = cached;
        for piece in prompt[cached..].chunks(PIECE) {
            if cancelled.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let last = self.position + piece.len() == prompt.len();
            self.decode(piece, last)?;
            self.read.extend_from_slice(piece);
            alive();
        }
        Ok(Some(cached))
    }

    /// Adds one generated token.
    pub(crate) fn append(&mut self, token: LlamaToken) -> Result<(), SessionError> {
        self.decode(&[token], true)
    }

    fn decode(&mut self, tokens: &[LlamaToken], sampled_next: bool) -> Result<(), SessionError> {
        self.batch.clear();
        for (at, token) in tokens.iter().enumerate() {
            let logits = sampled_next && at + 1 == tokens.len();
            self.batch.add(*token, (self.position + at) as i32, &[0], logits)?;
        }
        self.context.decode(&mut self.batch)?;
        self.position += tokens.len();
        Ok(())
    }
}

/// How many tokens of `prompt` need not be read again: whole pieces, and never the last token, whose outcome is needed.
fn reusable<T: PartialEq>(read: &[T], prompt: &[T]) -> usize {
    let common = read.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    common.min(prompt.len().saturating_sub(1)) / PIECE * PIECE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pieces_of_the_common_beginning_are_reused_and_the_last_token_is_always_read() {
        let long: Vec<usize> = (0..10 * PIECE).collect();
        assert_eq!(reusable(&[], &long), 0);
        assert_eq!(reusable(&long[..PIECE - 1], &long), 0);
        assert_eq!(reusable(&long[..3 * PIECE + 5], &long), 3 * PIECE);
        assert_eq!(reusable(&long, &long), 9 * PIECE, "the same prompt again");
        let mut other = long.clone();
        other[2 * PIECE + 1] = usize::MAX;
        assert_eq!(reusable(&long, &other), 2 * PIECE);
    }
}
