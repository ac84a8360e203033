//! How servers of tools are written in a configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where tools come from.
///
/// ```
/// use duologue_tools::ToolSource;
///
/// let sources: Vec<ToolSource> = serde_json::from_value(serde_json::json!([
///     { "mcp": { "command": "uvx", "args": ["mcp-server-time"], "tools": ["get_current_time"] } },
///     { "mcp": { "url": "https://tools.example.org/mcp", "token_env": "TOOLS_TOKEN", "prefix": "crm" } },
/// ]))?;
/// assert_eq!(sources[1].mcp.prefix.as_deref(), Some("crm"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolSource {
    /// An MCP server: a program that is started, or an address.
    pub mcp: McpServer,
}

/// An MCP server: a program that is started, or an address.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpServer {
    /// What it is called in messages, and what its tools are remembered under; the program's or the host's name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_.-]+$"))]
    pub name: Option<String>,
    /// The program, which speaks the protocol over its standard input and output. It ends with us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub command: Option<String>,
    /// Its arguments. Other users of the machine can read them: no secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 4096)))]
    pub args: Vec<String>,
    /// Variables of the environment that it gets, by name, beside PATH, HOME and others of that kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 100), regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$")))]
    pub env: Vec<String>,
    /// The folder that it is started in; the present one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
    /// In place of a program: its address, which speaks streamable HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub url: Option<String>,
    /// The variable of the environment that holds the bearer token for there. Never the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub token_env: Option<String>,
    /// Whether it may be spoken with unencrypted on another machine.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_plaintext: bool,
    /// Its tools that are offered, by the names that it gives them; left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 128)))]
    pub tools: Option<Vec<String>>,
    /// Goes before their names with a `_`, so that they differ from those of other servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub prefix: Option<String>,
    /// What its tools have to look like: SHA-256 by name, as `duologue tools list --json` shows it. Then no others are offered. Left
    /// out: as they looked when they were seen first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 256))]
    pub pins: BTreeMap<String, String>,
    /// Whether nothing begins without it.
    #[serde(default = "yes")]
    pub required: bool,
    /// How long a call may take, in seconds.
    #[serde(default = "twenty_seconds")]
    #[schemars(range(max = 600.0), extend("exclusiveMinimum" = 0))]
    pub timeout_s: f64,
    /// How long it may take to begin, in seconds: to start, to agree on a version, to list its tools.
    #[serde(default = "twenty_seconds")]
    #[schemars(range(max = 600.0), extend("exclusiveMinimum" = 0))]
    pub connect_timeout_s: f64,
    /// How long a result may be, in characters; more is cut.
    #[serde(default = "sixteen_thousand")]
    #[schemars(range(min = 100, max = 1_000_000))]
    pub result_max: u32,
    /// Its tools, by the names that it gives them, whose calls end when the caller interrupts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 128)))]
    pub called_off: Vec<String>,
}

impl McpServer {
    /// A program.
    pub fn command(program: &str, args: &[&str]) -> McpServer {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        McpServer { command: Some(program.to_owned()), args, ..McpServer::default() }
    }

    /// An address.
    pub fn url(url: &str) -> McpServer {
        McpServer { url: Some(url.to_owned()), ..McpServer::default() }
    }
}

impl Default for McpServer {
    fn default() -> McpServer {
        McpServer {
            name: None,
            command: None,
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            url: None,
            token_env: None,
            allow_plaintext: false,
            tools: None,
            prefix: None,
            pins: BTreeMap::new(),
            required: true,
            timeout_s: twenty_seconds(),
            connect_timeout_s: twenty_seconds(),
            result_max: sixteen_thousand(),
            called_off: Vec::new(),
        }
    }
}

/// Without arguments and address, which may hold secrets that do not belong there.
impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpServer").field("name", &self.name).field("command", &self.command).finish_non_exhaustive()
    }
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn twenty_seconds() -> f64 {
    20.0
}

fn sixteen_thousand() -> u32 {
    16_000
}
