//! One call of a tool.

use super::threads::Threads;
use crate::context::Context;
use crate::error::{CallError, ToolError};
use crate::mcp::Server;
use crate::text::clean_marked;
use crate::tool::Tool;
use duologue_chat::ToolCall;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// So many calls of a tool may block their threads; then it is not called again before one comes back.
const STUCK_MAX: usize = 4;

/// A call, and where it runs.
pub(super) struct Called<'a> {
    pub(super) call: &'a ToolCall,
    pub(super) threads: &'a Threads,
}

impl Called<'_> {
    /// Calls a function: on a thread of its own, in its time.
    pub(super) async fn function(&self, tool: &Tool) -> Result<Value, CallError> {
        let name = tool.name();
        tool.check(&self.call.arguments).map_err(|error| told(error, name))?;
        if self.threads.stuck().iter().filter(|stuck| stuck.tool == name).count() >= STUCK_MAX {
            return Err(CallError::Stuck(name.to_owned()));
        }
        let (off, bounds) = (CancellationToken::new(), tool.bounds());
        let _end = off.clone().drop_guard();
        let context = Context::new(&self.call.id, bounds.timeout, off.clone());
        let (tool, arguments) = (tool.clone(), self.call.arguments.clone());
        // The function itself may block, or panic, before it comes to the future that it returns.
        let running = self.threads.run(name, {
            let tool = tool.clone();
            async move {
                tokio::select! {
                    biased;
                    () = off.cancelled() => None,
                    result = async { tool.begin(arguments, context).await } => Some(result),
                }
            }
        });
        match timeout(bounds.timeout, Aborting(running)).await {
            Err(_) => Err(CallError::TimedOut { tool: name.to_owned(), after: bounds.timeout }),
            Ok(Ok(Some(Ok(value)))) => Ok(bounded(value, bounds.result_max)),
            Ok(Ok(Some(Err(error)))) => Err(told(error, name)),
            Ok(Ok(None)) => Err(CallError::Failed(name.to_owned())),
            Ok(Err(_)) => {
                tracing::error!(tool = name, "a tool panicked");
                Err(CallError::Failed(name.to_owned()))
            }
        }
    }

    /// Calls a tool of a server. Dropped, it tells the server that nobody waits.
    pub(super) async fn foreign(&self, server: &Server) -> Result<Value, CallError> {
        let (server, call) = (server.clone(), self.call.clone());
        let running = self.threads.handle().spawn(async move { server.call(&call).await });
        match Aborting(running).await {
            Ok(result) => result,
            Err(_) => Err(CallError::Failed(self.call.name.clone())),
        }
    }
}

/// As whoever calls is told it. What is not for the model is logged here.
fn told(error: ToolError, tool: &str) -> CallError {
    match error {
        ToolError::Invalid(misfits) => CallError::Arguments(misfits),
        ToolError::Refused(words) | ToolError::Failed(words) => CallError::Told(words),
        ToolError::Internal(error) => {
            tracing::error!(tool, error = %chain(&*error), "a tool failed");
            CallError::Failed(tool.to_owned())
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

/// A result that is too long becomes its beginning, as text.
fn bounded(value: Value, most: usize) -> Value {
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().nth(most).is_none() { value } else { Value::String(clean_marked(&text, most)) }
}

/// A task that ends when nobody waits for it.
struct Aborting<T>(JoinHandle<T>);

impl<T> Future for Aborting<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for Aborting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
