//! Lines from a dialogue file in place of a language model: for tests, demonstrations and examples that must come out
//! the same every time. It says what it is: its provider is named [`PROVIDER`], and no report shows a model for it.
//!
//! ```
//! use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
//! use std::sync::Arc;
//!
//! let dialogue: Dialogue = r#"
//! - speaker: support
//!   say: Good morning, this is Joe. How can I help?
//! - speaker: customer
//!   say: Hello Joe, my parcel has not arrived.
//!   latency_ms: 300
//! - speaker: support
//!   say: It comes tomorrow. Goodbye!
//!   tool_call: { name: end_call, arguments: { reason: solved } }
//! "#
//! .parse()?;
//! let support = ScriptedLlm::new(Arc::new(dialogue), Speaker::Support);
//! assert_eq!(support.describe(), "scripted: 2 lines of support from a dialogue file, no model");
//! # Ok::<(), duologue_models::scripted::DialogueError>(())
//! ```

mod dialogue;
mod llm;

pub use dialogue::{Dialogue, DialogueError, Line, ScriptedCall, Speaker};
pub use llm::ScriptedLlm;

/// The name of this provider in configurations, errors and reports.
pub const PROVIDER: &str = "scripted";
