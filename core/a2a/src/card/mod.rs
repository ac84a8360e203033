//! Cards: read in either version, and signed.
//!
//! A signature is a detached JWS (RFC 7515) over the canonical form (RFC 8785) of the card without its signatures
//! (specification 1.0.1 §8.4). Keys are not here: whoever signs or verifies brings a closure.
//!
//! ```
//! use duologue_a2a::card::{Form, Header, sign, verify};
//! use duologue_a2a::model::AgentCard;
//!
//! // Not a signature: the shell has one of a kept crate.
//! let mac = |input: &[u8]| input.iter().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
//! let mut card = AgentCard { name: "Worker".into(), ..Default::default() };
//! let header = Header { alg: "ES256".into(), kid: "key-1".into(), typ: Some("JOSE".into()), jku: None };
//! let signature = sign(&card, &header, Form::Specified, |input| vec![mac(input)])?;
//! card.signatures.push(signature);
//!
//! let json = serde_json::to_vec(&card)?;
//! let signer = verify(&json, &[Form::Specified], |header, input, signature| {
//!     header.kid == "key-1" && header.alg == "ES256" && signature == [mac(input)]
//! })?;
//! assert_eq!(signer.kid, "key-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod jws;
mod read;

pub use canonical::canonical;
pub use jws::{Form, Header, SignError, VerifyError, sign, sign_document, verify};
pub use read::{Unreadable, read};
