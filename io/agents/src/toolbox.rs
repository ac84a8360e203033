//! Tools that do something, opened with what the settings hold.

use duologue_providers::Settings;
use duologue_tools::{McpServer, Pins, PinsError, Surroundings, Tool, Toolbox, ToolboxError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What tools of others looked like when they were allowed, in the data directory.
const PINS: &str = "tool-pins.json";

/// Why there are no tools.
#[derive(Debug, thiserror::Error)]
pub enum OpenToolsError {
    /// They do not go together, or a server of them is not there.
    #[error(transparent)]
    Toolbox(#[from] ToolboxError),
    /// What they looked like before is not known.
    #[error(transparent)]
    Pins(#[from] PinsError),
}

/// A box of these functions and of what these servers offer. Servers get of the settings' variables only those that they name.
///
/// # Errors
/// [`OpenToolsError`].
pub async fn open_tools(
    tools: Vec<Tool>,
    servers: &[McpServer],
    settings: &Settings,
) -> Result<Toolbox, OpenToolsError> {
    let pins = match settings.has_home() {
        _ if servers.is_empty() => Pins::in_memory(),
        Ok(()) => Pins::at(&settings.home().join(PINS))?,
        Err(_) => {
            tracing::warn!(
                "no home directory is known (DUOLOGUE_HOME): what tools look like is remembered while this runs"
            );
            Pins::in_memory()
        }
    };
    let named = servers.iter().flat_map(|server| server.env.iter().chain(&server.token_env));
    let held: BTreeMap<String, String> =
        named.filter_map(|name| Some((name.clone(), settings.variable(name)?.to_owned()))).collect();
    let variables = Arc::new(move |name: &str| held.get(name).cloned());
    Ok(Toolbox::open(tools, servers, &Surroundings { variables, pins }).await?)
}
