//! Ids, time and randomness that every other crate agrees on.
//!
//! Nothing in `core` reads a clock or draws from the operating system: time arrives as a [`Mono`], randomness as a
//! [`Seed`]. That is what makes an hour of conversation run in seconds and come out bit for bit the same twice.
//!
//! ```
//! use duologue_ids::{Mono, Seed};
//! use std::time::Duration;
//!
//! let start = Mono::ZERO;
//! let later = start + Duration::from_millis(20);
//! assert_eq!(later - start, Duration::from_millis(20));
//!
//! // Two labels never share a stream, one label always gives the same one.
//! assert_ne!(Seed(7).derive("customer"), Seed(7).derive("support"));
//! assert_eq!(Seed(7).derive("customer"), Seed(7).derive("customer"));
//! ```

mod mono;
mod name;
mod redacted;
mod seed;
mod spiffe;

pub use mono::Mono;
pub use redacted::Redacted;
pub use seed::{Seed, SeededRng};
pub use spiffe::{SpiffeId, SpiffeIdError, TrustDomain};
