use crate::arguments::Arguments;
use crate::generate::GenerateError;
use crate::session::{PIECE, Session};
use llama_cpp_2::LlamaContextLoadError;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use std::num::NonZeroU32;

/// The contexts of the conversations that were active last; each is made when it is first needed.
pub(crate) struct Sessions<'m> {
    backend: &'m LlamaBackend,
    model: &'m LlamaModel,
    context: NonZeroU32,
    threads: i32,
    most: usize,
    /// The most recently used one is the last.
    open: Vec<(u32, Session<'m>)>,
}

impl<'m> Sessions<'m> {
    /// None open yet.
    pub(crate) fn new(backend: &'m LlamaBackend, model: &'m LlamaModel, arguments: &Arguments) -> Sessions<'m> {
        let Arguments { context, threads, sessions, .. } = *arguments;
        Sessions { backend, model, context, threads, most: sessions, open: Vec::new() }
    }

    /// The model they share.
    pub(crate) fn model(&self) -> &'m LlamaModel {
        self.model
    }

    /// Tokens that one session holds.
    pub(crate) fn context_size(&self) -> usize {
        self.context.get() as usize
    }

    /// The session of that name, for reading `prompt`; a new one takes the place of the one that was unused longest. It
    /// copies from the others where one of them has read more of the prompt: conversations begin alike.
    pub(crate) fn get(&mut self, id: u32, prompt: &[LlamaToken]) -> Result<&mut Session<'m>, GenerateError> {
        let known = self.open.iter().position(|(known, _)| *known == id);
        let mut session = match known {
            Some(at) => self.open.remove(at).1,
            None if self.open.len() >= self.most => self.open.remove(0).1,
            None => self.create()?,
        };
        let teacher = self.open.iter().map(|(_, other)| other).max_by_key(|other| other.knows(prompt));
        if let Some(teacher) = teacher.filter(|teacher| teacher.knows(prompt) > session.knows(prompt)) {
            session.learn_from(teacher)?;
        }
        self.open.push((id, session));
        let newest = self.open.len() - 1;
        Ok(&mut self.open[newest].1)
    }

    /// Forgets a session that failed.
    pub(crate) fn close(&mut self, id: u32) {
        self.open.retain(|(known, _)| *known != id);
    }

    fn create(&self) -> Result<Session<'m>, LlamaContextLoadError> {
        let params = LlamaContextParams::default()
            .with_n_ctx(Some(self.context))
            // Working memory grows with the batch: 512 tokens, the default, would take 300 MB per session.
            .with_n_batch(PIECE as u32)
            .with_n_ubatch(PIECE as u32)
            .with_n_threads(self.threads)
            .with_n_threads_batch(self.threads);
        Ok(Session::new(self.model.new_context(self.backend, params)?))
    }
}
