//! The wire forms from outside: round trips of anything, and what the SDKs write.

mod calls;
mod card;
mod dialects;
mod grpc;
mod strategies;
mod vectors;
