//! The JSON of 0.3, from and to the model of 1.0. What 0.3 has no word for is lost on the way there: names and types of texts
//! and data, tenants, device-code flows, more than one flow or push scheme; everything else comes back as it went.
//!
//! 0.3 had two forms. JSON-RPC and the public card have that of its schema (`types.ts`: members `kind`, lower-case states).
//! HTTP+JSON has, with both SDKs, that of its `a2a.proto` (`content`, `TASK_STATE_CANCELLED`, resource names). Written is the
//! one that the binding has; read are both anywhere.

mod call;
mod card;
mod content;
mod interfaces;
mod object;
mod push;
mod security;
mod task;

pub use call::{read_request, read_response, write_request, write_response};
pub use card::{combined_card, read_card, write_card};
pub use object::Fault;
pub use task::{read_event, write_event};

/// Which of its two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// That of the schema: JSON-RPC, the public card, push notifications.
    Schema,
    /// That of the proto: HTTP+JSON.
    Proto,
}
