//! The clients against local doubles of the documented protocols.

mod chat;
mod check;
mod clients;
mod deepgram;
mod double;
mod elevenlabs;
mod endless;
mod failures;
mod genai;
mod line;
mod listen;
mod minimax;
mod realtime;
mod refusals;
mod scribe;
mod speech;
mod transcribe;
