//! A2A, decided: the model of 1.0.1, its JSON in 1.0 and 0.3, the eleven operations over JSON-RPC, HTTP and gRPC, and
//! the life of a task. Nothing here opens a socket, reads a clock or makes up an id.
//!
//! # A call, from bytes to bytes
//!
//! The version comes first, since the same words may mean something else in another: it stands in a header, and none is 0.3.
//! Then the body is a [`Call`](call::Call), checked, whichever dialect and binding it came by; and its answer goes back by the
//! same way.
//!
//! ```
//! use duologue_a2a::call::{Call, Limits, Reply, jsonrpc};
//! use duologue_a2a::model::{Message, Part, Role, SendMessageResponse};
//! use duologue_a2a::version::{Dialect, negotiate};
//!
//! let spoken = [Dialect::V1_0, Dialect::V0_3];
//! let dialect = negotiate(Some("1.0"), None, &spoken)?;
//! let body = br#"{"jsonrpc":"2.0","id":7,"method":"SendMessage","params":{"message":
//!     {"messageId":"m-1","role":"ROLE_USER","parts":[{"text":"Good morning"}]}}}"#;
//! let (id, call) = jsonrpc::read_request(body, dialect, &Limits::default())?;
//! let Call::SendMessage(request) = call else { panic!("another call") };
//! assert_eq!(request.message.text(), "Good morning");
//!
//! let answer =
//!     Message { message_id: "m-2".into(), role: Role::Agent, parts: vec![Part::text("Hello")], ..Message::default() };
//! let reply = Reply::Sent(Box::new(SendMessageResponse::Message(answer)));
//! let body = jsonrpc::write_reply(&id, &reply, dialect).expect("1.0 has words for everything");
//! assert_eq!(
//!     String::from_utf8(body)?,
//!     r#"{"jsonrpc":"2.0","id":7,"result":{"message":{"messageId":"m-2","role":"ROLE_AGENT","parts":[{"text":"Hello"}]}}}"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is wrong with a request is said with the path of the field, in the binding's own form:
//!
//! ```
//! use duologue_a2a::call::http::{NotServed, Received, read_request};
//! use duologue_a2a::call::Limits;
//! use duologue_a2a::version::Dialect;
//!
//! let body = br#"{"message":{"messageId":"m-1","role":"ROLE_USER","parts":[{"text":7}]}}"#;
//! let request = Received { verb: "POST", path: "/message:send", query: "", body };
//! let Err(NotServed::Refused(error)) = read_request(&request, Dialect::V1_0, &Limits::default()) else { panic!() };
//! assert_eq!(error.violations[0].field, "message.parts[0].text");
//! assert_eq!(error.to_http(Dialect::V1_0)["error"]["code"], 400);
//! ```
//!
//! # A task
//!
//! ```
//! use duologue_a2a::model::{Artifact, Message, Part, StreamResponse, TaskState, Timestamp};
//! use duologue_a2a::task::{Action, Event, NewTask, Owner, TaskRecord, apply};
//!
//! let now = Timestamp::from_millis(1_767_225_600_000);
//! let message = Message { message_id: "m-1".into(), parts: vec![Part::text("Sum up")], ..Message::default() };
//! let (mut record, actions) = TaskRecord::open(
//!     NewTask {
//!         owner: Owner("spiffe://example.org/orchestrator".into()),
//!         task_id: "t-1".into(),
//!         context_id: "c-1".into(),
//!         message,
//!         push: None,
//!         deadline: Some(now.plus_millis(30_000)),
//!         kept: Default::default(),
//!     },
//!     now,
//! )?;
//! // The first event is the task itself; the next numbers follow without a gap.
//! assert!(matches!(&actions[..], [Action::Tell { sequence: 1, .. }, Action::Wake(_)]));
//!
//! let artifact = Artifact { artifact_id: "a-1".into(), parts: vec![Part::text("Short.")], ..Artifact::default() };
//! let produced = Event::Artifact { artifact: Box::new(artifact), append: false, last_chunk: true, metadata: None };
//! apply(&mut record, produced, now)?;
//! let done = Event::Status { state: TaskState::Completed, message: None, metadata: None };
//! let actions = apply(&mut record, done, now)?;
//! assert!(matches!(&actions[..], [Action::Tell { sequence: 3, event }] if matches!(**event, StreamResponse::StatusUpdate(_))));
//!
//! // It is over, and stays so, also for the deadline that comes too late.
//! assert!(apply(&mut record, Event::Cancel, now).is_err());
//! assert_eq!(apply(&mut record, Event::DeadlinePassed, now.plus_millis(60_000))?, []);
//! let stored = record.to_json();
//! assert_eq!(TaskRecord::from_json(&stored)?, record);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - One model; 0.3 is a way to write it ([`v0_3`]).
//! - A request that was read has all fields that it must have. What is unknown is passed over, what is null is absent.
//! - Bodies are refused by their length and depth before anything of them is built ([`call::Limits`]).
//! - Tokens and credentials are never printed ([`model::Secret`]); errors name fields, not contents.
//!
//! # What is not here
//!
//! Connections, HTTP/2, headers but for the two of the protocol, keys: whoever signs or verifies a [`card`] brings the operation.

#![forbid(unsafe_code)]

pub mod call;
pub mod card;
pub mod error;
pub mod extensions;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod model;
pub mod sse;
pub mod task;
pub mod v0_3;
pub mod version;
mod wire;
