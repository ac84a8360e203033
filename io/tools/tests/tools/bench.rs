//! What the tests share.

use duologue_chat::ToolCall;
use duologue_tools::{CallError, McpServer, Offer, Pins, Standing, Surroundings, Toolbox};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing takes longer, on a machine that does other things beside.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: "call_1".to_owned(), name: name.to_owned(), arguments }
}

/// With these variables of the environment, and nothing known of tools.
pub(crate) fn surroundings(variables: &'static [(&'static str, &'static str)]) -> Surroundings {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Surroundings { variables: Arc::new(find), pins: Pins::in_memory() }
}

pub(crate) async fn open(servers: &[McpServer], surroundings: &Surroundings) -> Toolbox {
    Toolbox::open(Vec::new(), servers, surroundings).await.expect("a toolbox")
}

pub(crate) async fn ask(toolbox: &Toolbox, name: &str, arguments: Value) -> Result<Value, CallError> {
    toolbox.try_call(&call(name, arguments)).await
}

/// What a tool answers as text.
pub(crate) async fn text(toolbox: &Toolbox, name: &str, arguments: Value) -> String {
    let answer = ask(toolbox, name, arguments).await;
    answer.expect(name).as_str().expect("text").to_owned()
}

pub(crate) fn offer(toolbox: &Toolbox, original: &str) -> Offer {
    let mut offers = toolbox.offers().into_iter().filter(|offer| offer.original == original);
    offers.next().unwrap_or_else(|| panic!("there is a tool {original}"))
}

pub(crate) fn standing(toolbox: &Toolbox, original: &str) -> Standing {
    offer(toolbox, original).standing
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::timeout(Duration::from_millis(5), std::future::pending::<()>()).await.ok();
    }
}
