use crate::sampling::sampler;
use crate::session::SessionError;
use crate::sessions::Sessions;
use crate::text_stream::TextStream;
use llama_cpp_2::LlamaContextLoadError;
use std::sync::atomic::{AtomicBool, Ordering};

/// A prompt to continue, as [`duologue_engine::protocol::Op::Generate`] has it.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) session: u32,
    pub(crate) prompt: String,
    pub(crate) max_tokens: u32,
    pub(crate) temperature: f32,
    pub(crate) seed: u64,
    pub(crate) stop: Vec<String>,
}

/// What an answer cost, in tokens, and whether it was cut at the limit.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) prompt: u32,
    pub(crate) cached: u32,
    pub(crate) written: u32,
    pub(crate) truncated: bool,
}

/// Why a prompt was not continued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    #[error("the prompt is empty")]
    NoPrompt,
    #[error(
        "the prompt of {prompt} tokens and an answer of {answer} do not fit into the context of {context}: \
         shorten the history, or start the engine with a larger --context"
    )]
    TooLong { prompt: usize, answer: usize, context: usize },
    #[error("there is not enough memory for another session: {0}")]
    Memory(#[from] LlamaContextLoadError),
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Continues a prompt; `emit` takes the text piece by piece, and empty pieces while the prompt is read. Looks at
/// `cancelled` before every token and every piece of the prompt, and then ends as if done.
pub(crate) fn generate(
    sessions: &mut Sessions<'_>,
    wanted: &Generation,
    cancelled: &AtomicBool,
    mut emit: impl FnMut(String),
) -> Result<Outcome, GenerateError> {
    let vocab = sessions.model().vocab();
    let prompt = vocab.tokenize(wanted.prompt.as_bytes(), vocab.should_add_bos(), true);
    if prompt.is_empty() {
        return Err(GenerateError::NoPrompt);
    }
    let (answer, context) = (wanted.max_tokens as usize, sessions.context_size());
    if prompt.len() + answer > context {
        return Err(GenerateError::TooLong { prompt: prompt.len(), answer, context });
    }
    let mut outcome = Outcome { prompt: prompt.len() as u32, ..Outcome::default() };
    let session = sessions.get(wanted.session, &prompt)?;
    let Some(cached) = session.read(&prompt, cancelled, || emit(String::new()))? else { return Ok(outcome) };
    outcome.cached = cached as u32;

    let mut sampler = sampler(wanted.temperature, wanted.seed);
    let mut text = TextStream::new(&wanted.stop);
    while !cancelled.load(Ordering::Relaxed) {
        if outcome.written == wanted.max_tokens {
            outcome.truncated = true;
            break;
        }
        let token = sampler.sample(session.context(), -1);
        if vocab.is_eog(token) {
            break;
        }
        outcome.written += 1;
        let piece = text.push(&vocab.token_to_piece(token, false, None));
        if !piece.is_empty() {
            emit(piece);
        }
        if text.stopped() {
            return Ok(outcome);
        }
        session.append(token)?;
    }
    let rest = text.finish();
    if !rest.is_empty() {
        emit(rest);
    }
    Ok(outcome)
}

/// Computes a little, so that the first real request finds the weights in memory.
pub(crate) fn warm_up(sessions: &mut Sessions<'_>) -> Result<(), GenerateError> {
    let prompt = "The quick brown fox jumps over the lazy dog. ".repeat(5);
    let warm = Generation { session: 0, prompt, max_tokens: 2, temperature: 0.0, seed: 0, stop: Vec::new() };
    generate(sessions, &warm, &AtomicBool::new(false), |_| ()).map(|_| ())
}
