//! An orchestrator: what is to be done with documents, it has other agents do.

mod operation;

use duologue::{Agent, CallError, Context, capability};
use operation::Operation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

fn analyze() -> Vec<String> {
    vec!["analyze".to_owned()]
}

/// Has a document processed by the agents that can do each of the operations.
#[capability]
async fn process_document(
    /// The document.
    text: String,
    /// Of `analyze`, `count_words`, `sentiment` and `summarize`.
    #[serde(default = "analyze")]
    operations: Vec<String>,
    context: &Context<'_>,
) -> Value {
    let mut results = Map::new();
    for name in &operations {
        let Some(operation) = Operation::named(name) else {
            results.insert(name.clone(), json!({ "error": "Unknown operation" }));
            continue;
        };
        match operation.perform(&text, context).await {
            Ok(answer) => results.insert(operation.result().to_owned(), answer),
            Err(error) => return json!({ "error": error.to_string(), "status": "failed" }),
        };
    }
    json!({
        "status": "completed",
        "operations_performed": operations,
        "results": results,
        "processed_by": context.agent(),
    })
}

/// A document of a batch.
#[derive(Deserialize, schemars::JsonSchema)]
struct Document {
    /// By which its result is known.
    id: String,
    /// The document.
    text: String,
}

#[derive(Serialize)]
struct Batch {
    total_documents: usize,
    successful: usize,
    failed: usize,
    results: Vec<Value>,
}

/// Has many documents analysed at once. Each has its own result or error.
#[capability]
async fn batch_process(
    /// The documents.
    documents: Vec<Document>,
    context: &Context<'_>,
) -> Batch {
    let params = documents.iter().map(|document| json!({ "text": document.text }));
    let answers = context.calls().batch("worker", "analyze_document", params, &context.onward()).await;
    let successful = answers.iter().filter(|answer| answer.is_ok()).count();
    let told = |(document, answer): (&Document, Result<Value, CallError>)| match answer {
        Ok(analysis) => json!({ "id": document.id, "status": "completed", "analysis": analysis }),
        Err(error) => json!({ "id": document.id, "status": "failed", "error": error.to_string() }),
    };
    Batch {
        total_documents: documents.len(),
        successful,
        failed: documents.len() - successful,
        results: documents.iter().zip(answers).map(told).collect(),
    }
}

fn main() -> ExitCode {
    Agent::new("document-orchestrator")
        .description("Has documents processed by other agents")
        .capability(process_document)
        .capability(batch_process)
        .run()
}
