//! What a person opens after a conversation: [`render`] makes one HTML file that needs nothing else, [`render_text`] a
//! transcript to read, [`render_vtt`] captions for the recording.
//!
//! All three are functions of a [`Report`]. The page is written in full here, escaped (`html`), so that it can be read
//! and printed without scripts; `page.js` adds the player and reads the few numbers it needs from a JSON element. A
//! content security policy with the digest of that one script keeps everything else from running or loading.

mod facts;
mod html;
mod latency;
mod model;
mod page;
mod player;
mod scores;
mod text;
mod timeline;
mod transcript;
mod vtt;

pub use model::{
    Audio, File, Guidance, MAX_EMBEDDED_AUDIO, Model, Note, Report, Speaker, Stages, ToolCall, Utterance, Verdict,
};
pub use page::render;
pub use text::render_text;
pub use vtt::render_vtt;

#[cfg(test)]
mod tests;
