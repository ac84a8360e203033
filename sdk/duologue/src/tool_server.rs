//! Tools as a program: [`ToolServer`].

use crate::config::Logging;
use duologue_tools::{IntoTool, ServeError, Tool, Toolbox, ToolboxError};
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

/// Tools as a program of their own: an MCP server over standard input and output. The file of an agent that talks names it
/// (`tools: [{mcp: {command: …}}]`), and so can any other client of MCP.
///
/// ```no_run
/// use duologue::{ToolServer, tool};
///
/// /// Adds two numbers.
/// #[tool]
/// async fn add(a: f64, b: f64) -> f64 {
///     a + b
/// }
///
/// fn main() -> std::process::ExitCode {
///     ToolServer::new("sums").tool(add).run()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ToolServer {
    name: String,
    tools: Vec<Tool>,
}

/// Why tools are not served.
#[derive(Debug, thiserror::Error)]
pub enum ToolServerError {
    /// Two have one name, or there are no threads for them.
    #[error(transparent)]
    Tools(#[from] ToolboxError),
    /// There is nobody to serve them to.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl ToolServer {
    /// A server without tools, as clients know it by name.
    pub fn new(name: impl Into<String>) -> ToolServer {
        ToolServer { name: name.into(), tools: Vec::new() }
    }

    /// One of its tools.
    #[must_use]
    pub fn tool(mut self, tool: impl IntoTool) -> ToolServer {
        self.tools.push(tool.into_tool());
        self
    }

    /// Serves them to whoever started this program, until that one is gone. Nothing else may write to standard output meanwhile.
    ///
    /// # Errors
    /// [`ToolServerError`].
    pub async fn serve(self) -> Result<(), ToolServerError> {
        Ok(Toolbox::of(self.tools)?.serve(&self.name).await?)
    }

    /// The program of such a server. It logs to standard error; to somebody who starts it at a terminal it says what it is.
    pub fn run(self) -> ExitCode {
        if std::io::stdin().is_terminal() {
            // Who reads only the beginning has what it wants.
            drop(writeln!(std::io::stdout(), "{}", self.about()));
            return ExitCode::SUCCESS;
        }
        crate::observe::init_logging(&Logging::default());
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return failed(&error),
        };
        match runtime.block_on(self.serve()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        }
    }

    fn about(&self) -> String {
        let tools = self.tools.iter().map(|tool| {
            let does = tool.description().lines().next().unwrap_or_default();
            format!("  {}  {does}\n", tool.name())
        });
        let program = std::env::current_exe().map_or_else(|_| "this program".to_owned(), |at| at.display().to_string());
        format!(
            "These tools are for the agent that starts this program:\n{}\nIn its file:\n  tools:\n    - mcp: {{command: {program}}}",
            tools.collect::<String>()
        )
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
