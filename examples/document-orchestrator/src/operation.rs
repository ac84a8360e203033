use duologue::{CallError, Context};
use serde_json::{Value, json};

/// Something that is done with a document, by an agent that the registry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Analyze,
    CountWords,
    Sentiment,
    Summarize,
}

impl Operation {
    pub(crate) fn named(name: &str) -> Option<Operation> {
        match name {
            "analyze" | "analysis" => Some(Operation::Analyze),
            "count_words" | "word_count" | "count" => Some(Operation::CountWords),
            "sentiment" | "detect_sentiment" => Some(Operation::Sentiment),
            "summarize" | "summarise" | "summary" => Some(Operation::Summarize),
            _ => None,
        }
    }

    /// Under which its result stands.
    pub(crate) fn result(self) -> &'static str {
        match self {
            Operation::Analyze => "analysis",
            Operation::CountWords => "word_count",
            Operation::Sentiment => "sentiment",
            Operation::Summarize => "summary",
        }
    }

    pub(crate) async fn perform(self, text: &str, context: &Context<'_>) -> Result<Value, CallError> {
        let (agent, capability) = match self {
            Operation::Analyze => ("worker", "analyze_document"),
            Operation::CountWords => ("worker", "count_words"),
            Operation::Sentiment => ("worker", "detect_sentiment"),
            Operation::Summarize => ("summariser", "summarize"),
        };
        context.call_agent(agent, capability, &json!({ "text": text })).await
    }
}
