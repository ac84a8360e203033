//! Tools as sessions call them: functions, servers of our own making, and servers by the official SDK for Python. The latter are skipped
//! loudly where they are not installed, unless `DUOLOGUE_TEST_MCP` is `required`.

// The attribute `tool` writes for users of the crate `duologue`, which this stands in for.
extern crate self as duologue;
pub use duologue_tools::{IntoTool, Tool};

/// What the attribute's types stand on.
pub mod __private {
    pub use schemars;
    pub use serde;
}

mod attribute;
mod bench;
mod functions;
mod hostile;
mod pinned;
mod processes;
mod python;
mod serving;
