//! What voice, campaigns and agent-to-agent calls share of a conversation with a language model: messages, tools,
//! the request and its streamed answer, the history, and the cutter that turns streamed text into clauses to speak.
//!
//! ```
//! use duologue_chat::ClauseChunker;
//!
//! let mut chunker = ClauseChunker::default();
//! let mut clauses = chunker.push("Good morning, this is Joe. How can I he");
//! clauses.extend(chunker.push("lp you?"));
//! clauses.extend(chunker.finish());
//! assert_eq!(clauses, ["Good morning, this is Joe.", "How can I help you?"]);
//! ```

mod chunker;
mod history;
mod realtime;
mod request;
mod tool;

pub use chunker::ClauseChunker;
pub use history::{History, Item, Role};
pub use realtime::{HeardItem, RealtimeCommand, RealtimeEvent};
pub use request::{ChatDelta, ChatRequest, Finish, Hint, Usage};
pub use tool::{ToolCall, ToolOutcome, ToolSpec};
