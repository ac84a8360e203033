//! The page as a whole.

use super::html::{T, fill};
use super::model::Report;
use super::{facts, latency, player, scores, transcript};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// One HTML file that shows the conversation: it loads nothing from anywhere, plays the recording, and reads well without
/// scripts, on paper and on a telephone.
pub fn render(report: &Report) -> String {
    let latency = latency::section(report);
    let text = |s: &str| T(s).to_string();
    fill(
        PAGE,
        &[
            ("style", STYLE.to_owned()),
            ("script", SCRIPT.to_owned()),
            ("script_digest", STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()))),
            ("title", text(&report.title)),
            ("summary", text(&report.summary)),
            ("outcome", facts::outcome(report)),
            ("facts", facts::facts(report)),
            ("cast", facts::cast(report)),
            ("guidance", facts::guidance(report).to_owned()),
            ("remarks", facts::remarks(report)),
            ("error", facts::error(report)),
            ("tiles", scores::tiles(report)),
            ("audio", player::audio(report)),
            ("name_0", text(&report.speakers[0].name)),
            ("name_1", text(&report.speakers[1].name)),
            ("short_0", text(first_word(&report.speakers[0].name))),
            ("short_1", text(first_word(&report.speakers[1].name))),
            ("transcript", transcript::items(report)),
            ("verdicts", facts::verdicts(report)),
            ("files", facts::files(report)),
            ("no_files", hidden(report.files.is_empty())),
            ("no_latency", hidden(latency.is_empty())),
            ("latency", latency),
            ("metrics", scores::table(report)),
            ("conversation_id", text(&report.conversation_id)),
            ("scenario", text(&report.scenario)),
            ("seed", report.seed.to_string()),
            ("version", text(&report.version)),
            ("data", player::data(report)),
        ],
    )
}

/// Two names must fit beside each other on a telephone.
fn first_word(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

fn hidden(when: bool) -> String {
    if when { " hidden" } else { "" }.to_owned()
}
