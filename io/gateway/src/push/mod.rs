//! Push notifications: events of a task, delivered to a webhook that its owner named, at least once each.
//!
//! An event that is to be pushed is committed to the outbox in the same step as the event itself ([`Outbox`]), so that it is delivered whatever happens to the process. A [`Sender`] claims what is due, calls the webhook through
//! a [`Dialler`], and takes down what became of it; what did not arrive is tried again by a [`Schedule`].
//!
//! ```
//! use duologue_gateway::push::{PushRules, check};
//! use duologue_a2a::model::TaskPushNotificationConfig;
//!
//! // When a subscriber names a webhook: nothing of ours is behind it.
//! let config = |url: &str| TaskPushNotificationConfig { url: url.into(), ..Default::default() };
//! assert!(check(&config("https://example.org/hook"), &PushRules::default()).is_ok());
//! for inside in ["https://10.0.0.7/", "https://[::ffff:127.0.0.1]/", "https://0x7f.1/", "http://example.org/"] {
//!     assert!(check(&config(inside), &PushRules::default()).is_err());
//! }
//! ```
//!
//! # What holds
//!
//! - What is called is public and speaks TLS, unless the operator says otherwise ([`PushRules`]). It is looked at when it is
//!   set and at each delivery, and the connection goes to the address that was looked at. No redirect is followed.
//! - A delivery has one name, whatever the attempt ([`Push::id`]): a receiver that knows the last ones drops the second.
//! - Each is signed, and says when ([`signature`]), so that a receiver knows whose it is and that it is no copy.
//! - The token and the credentials of a subscriber are sent to his webhook, and nowhere else; neither they nor the address
//!   are in a log.
//! - A receiver that is slow or dead costs the others nothing, and is left alone for a while ([`Patience`]).

mod address;
mod breaker;
mod class;
mod dialler;
mod outbox;
mod queue;
mod request;
mod schedule;
mod sender;
pub mod signature;

pub use address::{AddressError, PushRules, Webhook};
pub use breaker::Patience;
pub use class::{Class, class};
pub use dialler::{Dialler, DiallerConfig, DiallerError, Names, SystemNames};
pub use outbox::{Due, Outbox};
pub use request::{ConfigError, Push, Request, check};
pub use schedule::{Answer, Schedule, Tries, Verdict};
pub use sender::{Sender, SenderConfig};
