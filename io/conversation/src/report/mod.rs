//! What a person opens after a conversation: [`render`] makes one HTML file that needs nothing else, [`render_text`] a
//! transcript to read, [`render_vtt`] captions for the recording.
//!
//! All three are functions of a [`Report`]. The page is written in full here, escaped (`html`), so that it can be read
//! and printed without scripts; `script/` adds the player and reads the few numbers it needs from a JSON element. A
//! content security policy with the digests of our scripts keeps everything else from running or loading.
//!
//! [`head`], [`brand`] and [`html`] are what another page needs to look and be as safe as this one.

mod downloads;
mod facts;
pub mod html;
mod latency;
mod marks;
mod model;
mod page;
mod player;
mod scores;
mod text;
mod theme;
mod timeline;
mod transcript;
mod vtt;

pub use model::{
    Audio, Begun, Consumed, File, Finding, Guidance, MAX_EMBEDDED_AUDIO, Mark, Model, Note, Report, SCRIPTED_CALLER,
    Speaker, Stages, Tokens, ToolCall, Utterance, Verdict, Work,
};
pub use page::render;
pub use text::render_text;
pub use theme::{brand, head};
pub use vtt::render_vtt;

#[cfg(test)]
mod tests;
