//! What an authority of identities gives to whom and until when, and which connections may go on.
//!
//! Certificates, keys, sockets and clocks are `io/identity`'s. Here are the decisions over time, as functions and as one machine:
//!
//! - [`roots`]: when the next root is made, when it begins to sign, when the last one is forgotten. A root is in every bundle
//!   before it signs anything, and stays until nothing that it signed is valid.
//! - [`Registry`]: who gets which id, by user and executable or by a join token that is good once.
//! - [`Ledger`]: which live connections are to be wound up, and which end at once.
//! - [`Authorizer`]: whom a connection is for.
//! - [`document`]: bundles as trust domains publish them; [`jwt`]: what a JWT-SVID says.
//! - [`authority_header`]: what gRPC's clients write into `:authority` over a socket, made such that HTTP/2 takes it.
//!
//! Every wall-clock time is an argument:
//!
//! ```
//! use duologue_trust::roots::{self, RootStep, RootTimes, Timings};
//! use duologue_trust::Moment;
//! use std::time::Duration;
//!
//! let timings = Timings { root: Duration::from_secs(24 * 3600), ..Timings::default() };
//! let now = Moment::from_secs(1_000_000);
//! let Some(RootStep::Make(first)) = roots::next_step(&[], now, &timings) else { panic!("the first is made at once") };
//! assert_eq!(roots::signer(&[first], now), Some(&first));
//!
//! let half = now.plus(Duration::from_secs(12 * 3600));
//! let Some(RootStep::Make(second)) = roots::next_step(&[first], half, &timings) else { panic!("at half its time") };
//! assert_eq!(roots::signer(&[first, second], half), Some(&first), "the new one is told before it signs");
//! let later = now.plus(Duration::from_secs(20 * 3600));
//! assert_eq!(roots::signer(&[first, second], later), Some(&second));
//! ```

#![forbid(unsafe_code)]

pub mod authority_header;
mod authorizer;
pub mod document;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod huffman;
pub mod jwt;
mod ledger;
mod moment;
mod registry;
pub mod roots;

pub use authorizer::Authorizer;
pub use ledger::{ConnectionId, Ended, Input, Ledger, LedgerRules, Output};
pub use moment::Moment;
pub use registry::{
    BadEntry, Caller, Entry, Executable, FederatedFrom, JoinToken, NotAdmitted, Process, Registry, TokenDigest,
};
