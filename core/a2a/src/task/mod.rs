//! The life of a task as a reducer: [`TaskRecord::open`] begins it, [`apply`] says what an [`Event`] makes of it and what is to
//! be done about that. The shell commits the record and the [`Action`]s in one transaction, then performs them.
//!
//! - Every change that others can see is one event of the stream, numbered within the task: 1, 2, 3, without a gap, and no
//!   number twice. Whoever has seen event *n* goes on with *n* + 1, on any replica.
//! - A final state is final. What is refused changes nothing.
//! - A message that was taken is not taken again: a second one with its id and its words changes nothing.
//! - [`fold`] over the events gives the task again, but for the clients' own messages: no event of the protocol carries them.

mod apply;
mod event;
mod fold;
#[cfg(test)]
mod laws;
mod list;
mod record;
#[cfg(test)]
mod tests;
mod view;

pub use apply::apply;
pub use event::{Action, Event, Refused};
pub use fold::fold;
pub use list::{Cursor, page};
pub use record::{NewTask, Owner, TaskRecord, Unreadable, Webhook};
pub use view::view;
