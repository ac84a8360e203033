//! A summariser: of a document it keeps the sentences whose words come most often.

mod summary;

use duologue::{Agent, CapabilityError, Context, capability};
use serde::Serialize;
use std::process::ExitCode;

fn two() -> usize {
    2
}

#[derive(Serialize)]
struct Summary {
    summary: String,
    sentences_kept: usize,
    sentences_in_all: usize,
    summarized_by: String,
}

/// Keeps the sentences of a document that say most, in their order.
#[capability]
async fn summarize(
    /// The document.
    text: String,
    /// How many sentences are kept.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 100))]
    sentences: usize,
    context: &Context<'_>,
) -> Result<Summary, CapabilityError> {
    let all = summary::sentences(&text);
    if all.is_empty() {
        return Err(CapabilityError::invalid("text", "has no sentence"));
    }
    let kept = summary::pick(&all, sentences);
    Ok(Summary {
        summary: kept.join(" "),
        sentences_kept: kept.len(),
        sentences_in_all: all.len(),
        summarized_by: context.agent().to_owned(),
    })
}

fn main() -> ExitCode {
    Agent::new("document-summariser").description("Shortens documents").capability(summarize).run()
}
