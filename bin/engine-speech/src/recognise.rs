//! Speech recognition: Whisper tiny.en by whisper.cpp.

mod pieces;
mod wording;

use crate::ct2::{Model, ReadError};
use crate::ggml::{self, ConvertError};
use pieces::pieces;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState};
use wording::spoken;

/// Hz that Whisper hears at.
pub(crate) const RATE: usize = 16_000;
/// Shorter than this there is no word in it.
const SHORTEST: usize = RATE / 10;
/// Silence appended to each piece: without it the last word is sometimes lost.
const TAIL: usize = RATE / 2;
/// Encoder positions per second, and how many there are at most. Fewer than the minimum make the decoder repeat itself
/// for ever.
const POSITIONS_PER_S: f32 = 50.0;
const POSITIONS: std::ops::RangeInclusive<i32> = 512..=1500;
/// Nobody says more tokens a second; a run-away decoder stops here.
const TOKENS_PER_S: f32 = 6.0;
/// What even the shortest utterance may need.
const TOKENS_AT_LEAST: f32 = 12.0;
/// Less sure than this, on average over the tokens, Whisper has made the words up from noise.
const LEAST_CONFIDENCE: f32 = 0.2;
/// Quieter than −60 dB of full scale is silence, for which Whisper likes to invent "you" or "Thank you."
const SILENCE_PEAK: f32 = 0.001;

/// A loaded recogniser.
pub(crate) struct Recogniser {
    state: WhisperState,
    end_of_text: i32,
    threads: usize,
}

/// What was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// The words, empty if there were none.
    pub(crate) text: String,
    /// Mean probability of the tokens.
    pub(crate) confidence: Option<f32>,
}

/// Why the recogniser cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The file is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is another model.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// whisper.cpp says no.
    #[error("whisper.cpp refuses it: {0}")]
    Whisper(#[from] WhisperError),
}

/// Why an utterance was not recognised.
#[derive(Debug, thiserror::Error)]
#[error("recognition failed: {0}")]
pub(crate) struct RecogniseError(#[from] WhisperError);

impl LoadError {
    /// Is the list of tokens to blame, and not the weights?
    pub(crate) fn is_about_vocabulary(&self) -> bool {
        matches!(self, LoadError::Convert(ConvertError::Vocabulary(_) | ConvertError::VocabularySize(_)))
    }
}

impl Recogniser {
    /// Loads CTranslate2 weights by converting them in memory.
    pub(crate) fn load(weights: Vec<u8>, vocabulary: &str, threads: usize) -> Result<Recogniser, LoadError> {
        // whisper.cpp tells its dimensions at every load; nobody reads them.
        whisper_rs::install_logging_hooks();
        let converted = ggml::from_ct2(&Model::read(&weights)?, vocabulary)?;
        drop(weights);
        let context = WhisperContext::new_from_buffer_with_params(&converted, WhisperContextParameters::default())?;
        let state = context.create_state()?;
        Ok(Recogniser { state, end_of_text: context.token_eot(), threads: threads.clamp(1, 16) })
    }

    /// Recognises 16 kHz audio of any length; gives up early, with what it has, when `cancelled` becomes true.
    pub(crate) fn recognise(&mut self, audio: &[f32], cancelled: &AtomicBool) -> Result<Heard, RecogniseError> {
        let mut texts = Vec::new();
        let mut probabilities = Vec::new();
        for range in pieces(audio) {
            if cancelled.load(Ordering::Relaxed) {
                break;
            }
            let piece = &audio[range];
            if piece.len() < SHORTEST || piece.iter().all(|x| x.abs() < SILENCE_PEAK) {
                continue;
            }
            let (text, tokens) = self.piece(piece, cancelled)?;
            let sure = mean(&tokens).is_some_and(|mean| mean >= LEAST_CONFIDENCE);
            if let Some(text) = spoken(&text).filter(|_| sure) {
                texts.push(text);
                probabilities.extend(tokens);
            }
        }
        Ok(Heard { text: texts.join(" "), confidence: mean(&probabilities) })
    }

    /// One piece's text and the probabilities of its tokens.
    fn piece(&mut self, audio: &[f32], cancelled: &AtomicBool) -> Result<(String, Vec<f32>), RecogniseError> {
        let mut padded = audio.to_vec();
        padded.resize(audio.len() + TAIL, 0.0);
        let mut params = params(audio.len(), self.threads);
        // SAFETY: `cancelled` outlives the call to `full` below, which is all that uses the parameters.
        unsafe {
            params.set_abort_callback(Some(is_set));
            params.set_abort_callback_user_data(std::ptr::from_ref(cancelled).cast_mut().cast());
        }
        match self.state.full(params, &padded) {
            Err(_) if cancelled.load(Ordering::Relaxed) => return Ok(Default::default()),
            outcome => outcome?,
        };
        let mut text = Vec::new();
        let mut probabilities = Vec::new();
        for segment in self.state.as_iter() {
            text.extend_from_slice(segment.to_bytes()?);
            let tokens = (0..segment.n_tokens()).filter_map(|i| segment.get_token(i));
            let words = tokens.filter(|token| token.token_id() < self.end_of_text);
            probabilities.extend(words.map(|token| token.token_probability()));
        }
        Ok((String::from_utf8_lossy(&text).into_owned(), probabilities))
    }
}

fn mean(probabilities: &[f32]) -> Option<f32> {
    let sum = probabilities.iter().sum::<f32>();
    (!probabilities.is_empty()).then(|| (sum / probabilities.len() as f32).clamp(0.0, 1.0))
}

fn params(samples: usize, threads: usize) -> FullParams<'static, 'static> {
    let seconds = samples as f32 / RATE as f32;
    let positions = ((seconds + 0.5) * POSITIONS_PER_S) as i32 + 64;
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(threads as i32);
    params.set_language(Some("en"));
    params.set_audio_ctx(positions.clamp(*POSITIONS.start(), *POSITIONS.end()));
    params.set_max_tokens((seconds * TOKENS_PER_S + TOKENS_AT_LEAST) as i32);
    params.set_single_segment(true);
    params.set_no_timestamps(true);
    params.set_no_context(true);
    params.set_suppress_nst(true);
    // Decode once: a second try at a higher temperature doubles the time for what is noise anyway.
    params.set_temperature_inc(0.0);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    params
}

/// Tells whisper.cpp whether to stop; `flag` is the [`AtomicBool`] of [`Recogniser::piece`].
unsafe extern "C" fn is_set(flag: *mut c_void) -> bool {
    // SAFETY: set by `Recogniser::piece` to a flag that lives as long as the computation.
    unsafe { &*flag.cast::<AtomicBool>() }.load(Ordering::Relaxed)
}
