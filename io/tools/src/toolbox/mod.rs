//! Several sources of tools in one: [`Toolbox`].

mod calling;
mod offers;
mod threads;

pub use offers::{Offer, Standing};
pub use threads::Stuck;

use crate::error::{CallError, ToolboxError};
use crate::mcp::{McpServer, Plan, Server};
use crate::pins::{Pins, PinsError};
use crate::tool::{IntoTool, Tool};
use calling::Called;
use duologue_chat::{ToolCall, ToolOutcome, ToolSpec};
use futures::future::join_all;
pub(crate) use offers::Names;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use threads::Threads;

/// Tells what a variable of the environment holds; of its values only those are asked for that a configuration names.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What servers of tools are started with.
#[derive(Clone)]
pub struct Surroundings {
    /// Where tokens come from, and what servers get of the environment.
    pub variables: Variables,
    /// What their tools looked like before.
    pub pins: Pins,
}

impl Default for Surroundings {
    /// The environment of this process, and nothing known.
    fn default() -> Surroundings {
        Surroundings { variables: Arc::new(|name| std::env::var(name).ok()), pins: Pins::in_memory() }
    }
}

/// Tools that a session may call: functions, and those of servers. They run on threads of their own. Clones share them; with the last one
/// its servers end.
#[derive(Clone)]
pub struct Toolbox(Arc<Inner>);

struct Inner {
    functions: Vec<Tool>,
    servers: Vec<Server>,
    names: Names,
    // Last, so that servers are ended before their threads.
    threads: Threads,
}

impl Toolbox {
    /// Of functions.
    ///
    /// # Errors
    /// Two have one name, or there are no threads.
    pub fn of<T: IntoTool>(tools: impl IntoIterator<Item = T>) -> Result<Toolbox, ToolboxError> {
        let functions: Vec<Tool> = tools.into_iter().map(IntoTool::into_tool).collect();
        Toolbox::made(functions, Vec::new(), Threads::start()?)
    }

    /// Of functions and of what servers offer. Returns once all servers have been tried; those that are not needed at once are looked for
    /// again and again.
    ///
    /// # Errors
    /// As [`Toolbox::of`]; or a server is described wrongly, or is needed and not there.
    pub async fn open(
        tools: Vec<Tool>,
        servers: &[McpServer],
        surroundings: &Surroundings,
    ) -> Result<Toolbox, ToolboxError> {
        let plans = servers.iter().map(|server| Plan::of(server, &surroundings.variables));
        let plans = plans.collect::<Result<Vec<Plan>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = plans.iter().find(|plan| !seen.insert(plan.name.clone())) {
            return Err(ToolboxError::Server(twice.refused("there are two servers of this name; give one a `name`")));
        }
        let threads = Threads::start()?;
        let began = plans.into_iter().map(|plan| Server::start(plan, &surroundings.pins, threads.handle()));
        let toolbox = Toolbox::made(tools, began.collect(), threads)?;
        // In their order: who comes first keeps the name.
        for missing in join_all(toolbox.0.servers.iter().map(Server::tried)).await {
            missing.map_err(|error| ToolboxError::Missing { error })?;
        }
        toolbox.offers();
        Ok(toolbox)
    }

    fn made(functions: Vec<Tool>, servers: Vec<Server>, threads: Threads) -> Result<Toolbox, ToolboxError> {
        let names = Names::default();
        for tool in &functions {
            if !names.claim(tool.name(), None) {
                return Err(ToolboxError::Twice { name: tool.name().to_owned() });
            }
        }
        Ok(Toolbox(Arc::new(Inner { functions, servers, names, threads })))
    }

    /// What a model may call at this moment.
    pub fn specs(&self) -> Vec<ToolSpec> {
        let functions = self.0.functions.iter().map(Tool::spec);
        let foreign = self.offers().into_iter().filter(|offer| offer.standing == Standing::Offered);
        functions.chain(foreign.filter(|offer| offer.server.is_some()).map(Offer::into_spec)).collect()
    }

    /// All there is, also what is kept from models.
    pub fn offers(&self) -> Vec<Offer> {
        let functions = self.0.functions.iter().map(Offer::own);
        let foreign = self.0.servers.iter().enumerate().flat_map(|(i, server)| server.offers(&self.0.names, i));
        functions.chain(foreign).collect()
    }

    /// Names of tools whose calls end with an interruption.
    pub fn called_off(&self) -> Vec<String> {
        let off = |tool: &&Tool| tool.bounds().called_off;
        let functions = self.0.functions.iter().filter(off).map(|tool| tool.name().to_owned());
        let foreign = self.offers().into_iter().filter(|offer| offer.server.is_some() && offer.called_off);
        functions.chain(foreign.map(|offer| offer.name)).collect()
    }

    /// From now on a tool of a server, by the name that its server gives it, is as it looks now.
    ///
    /// # Errors
    /// It could not be written down.
    pub fn allow(&self, server: &str, tool: &str) -> Result<bool, PinsError> {
        match self.0.servers.iter().find(|s| s.name() == server) {
            Some(server) => server.allow(tool),
            None => Ok(false),
        }
    }

    /// Calls a tool, for a model. Ends the call where this is dropped.
    pub async fn call(&self, call: &ToolCall) -> ToolOutcome {
        match self.try_call(call).await {
            Ok(value) => ToolOutcome::Ok(value),
            Err(error) => error.outcome(),
        }
    }

    /// The same, and why not.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn try_call(&self, call: &ToolCall) -> Result<Value, CallError> {
        let began = std::time::Instant::now();
        let called = Called { call, threads: &self.0.threads };
        let result = match self.0.names.whose(&call.name) {
            None => Err(CallError::Unknown(call.name.clone())),
            Some(None) => match self.0.functions.iter().find(|tool| tool.name() == call.name) {
                Some(tool) => called.function(tool).await,
                None => Err(CallError::Unknown(call.name.clone())),
            },
            Some(Some(server)) => called.foreign(&self.0.servers[server]).await,
        };
        // Neither what it was given nor what it answered, which may be anybody's.
        tracing::debug!(tool = call.name, took = ?began.elapsed(), ok = result.is_ok(), "a tool was called");
        result
    }

    /// Calls that block their threads at this moment: what a watchdog has logged.
    pub fn stuck(&self) -> Vec<Stuck> {
        self.0.threads.stuck()
    }

    /// Ends the servers in order: they are told, and killed where that does not help.
    pub async fn close(&self) {
        join_all(self.0.servers.iter().map(Server::end)).await;
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let servers: Vec<&str> = self.0.servers.iter().map(Server::name).collect();
        f.debug_struct("Toolbox").field("functions", &self.0.functions).field("servers", &servers).finish()
    }
}
