//! The client, with agents that are scripted and with our own server behind a line that breaks.

mod cards;
mod line;
mod retries;
mod scripted;
mod streams;
