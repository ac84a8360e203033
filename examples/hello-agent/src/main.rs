//! The smallest agent: `hello-agent`, then `duologue call http://127.0.0.1:8443 --capability greet --params '{"name": "Ada"}'`.

use duologue::{Agent, Context, capability};
use std::process::ExitCode;

/// Greets somebody by name.
#[capability]
async fn greet(name: String, context: &Context<'_>) -> String {
    format!("Hello, {name}! You are {}.", context.caller())
}

fn main() -> ExitCode {
    Agent::new("hello").description("Greets people and agents").capability(greet).run()
}
