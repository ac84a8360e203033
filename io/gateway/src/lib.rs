//! A2A on the wire.

#![forbid(unsafe_code)]
