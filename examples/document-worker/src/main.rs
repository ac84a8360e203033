//! A worker that analyses documents. Its policy lets only the orchestrator call it.

mod text;

use duologue::{Agent, Context, capability};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Analysis {
    word_count: usize,
    sentence_count: usize,
    avg_word_length: f64,
    sentiment: &'static str,
    character_count: usize,
    analyzed_by: String,
}

#[derive(Serialize)]
struct WordCount {
    word_count: usize,
    text_length: usize,
}

#[derive(Serialize)]
struct Sentiment {
    sentiment: &'static str,
    confidence: &'static str,
}

/// Counts the words, sentences and characters of a document, and says what mood it is in.
#[capability]
async fn analyze_document(
    /// The document.
    text: String,
    context: &Context<'_>,
) -> Analysis {
    Analysis {
        word_count: text::words(&text),
        sentence_count: text::sentences(&text),
        avg_word_length: text::average_word_length(&text),
        sentiment: text::sentiment(&text),
        character_count: text.chars().count(),
        analyzed_by: context.agent().to_owned(),
    }
}

/// Counts the words of a document.
#[capability]
async fn count_words(
    /// The document.
    text: String,
) -> WordCount {
    WordCount { word_count: text::words(&text), text_length: text.chars().count() }
}

/// Says whether a document is positive, negative or neutral, by its words.
#[capability]
async fn detect_sentiment(
    /// The document.
    text: String,
) -> Sentiment {
    // Two lists of words know nothing of irony, and say so.
    Sentiment { sentiment: text::sentiment(&text), confidence: "demonstration" }
}

fn main() -> ExitCode {
    Agent::new("document-worker")
        .description("Analyses documents")
        .capability(analyze_document)
        .capability(count_words)
        .capability(detect_sentiment)
        .run()
}
