//! Counts what a side gives its models and what they tell of it. Clones count together.

use crate::consumption::Consumption;
use duologue_chat::Usage;
use duologue_voice::HEARING_RATE;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of one side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    told: AtomicU64,
    prompt: AtomicU64,
    cached: AtomicU64,
    completion: AtomicU64,
    characters: AtomicU64,
    samples: AtomicU64,
}

impl Meter {
    /// A language model is asked.
    pub(crate) fn asked(&self) {
        add(&self.0.requests, 1);
    }

    /// It told its tokens.
    pub(crate) fn told(&self, usage: &Usage) {
        add(&self.0.told, 1);
        add(&self.0.prompt, usage.prompt_tokens.into());
        add(&self.0.cached, usage.cached_tokens.into());
        add(&self.0.completion, usage.completion_tokens.into());
    }

    /// A voice is given this to say.
    pub(crate) fn spoke(&self, text: &str) {
        add(&self.0.characters, text.chars().count() as u64);
    }

    /// A recogniser is given so many samples at [`HEARING_RATE`].
    pub(crate) fn heard(&self, samples: usize) {
        add(&self.0.samples, samples as u64);
    }

    pub(crate) fn read(&self) -> Consumption {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.0;
        Consumption {
            llm_requests: of(&counts.requests),
            llm_told: of(&counts.told),
            prompt_tokens: of(&counts.prompt),
            cached_tokens: of(&counts.cached),
            completion_tokens: of(&counts.completion),
            tts_characters: of(&counts.characters),
            stt_seconds: of(&counts.samples) as f64 / f64::from(HEARING_RATE),
            ..Consumption::default()
        }
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}
