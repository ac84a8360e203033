//! The page as a whole.

use super::html::{T, fill};
use super::model::Report;
use super::theme::{brand, head};
use super::{downloads, facts, latency, player, scores, transcript};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = concat!(
    include_str!("style/player.css"),
    include_str!("style/transcript.css"),
    include_str!("style/margin.css"),
    include_str!("style/figures.css"),
    include_str!("style/media.css"),
);
/// One function, so that nothing of it is global.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("script/base.js"),
    include_str!("script/wave.js"),
    include_str!("script/marks.js"),
    include_str!("script/words.js"),
    include_str!("script/position.js"),
    include_str!("script/sound.js"),
    include_str!("script/hands.js"),
    include_str!("script/start.js"),
    "})();\n",
);

/// One HTML file that shows the conversation: it loads nothing from anywhere, plays the recording, and reads well without
/// scripts, on paper and on a telephone.
pub fn render(report: &Report) -> String {
    let latency = latency::section(report);
    let downloads = downloads::section(report);
    let findings = facts::findings(report);
    let metrics = scores::table(report);
    let text = |s: &str| T(s).to_string();
    fill(
        PAGE,
        &[
            ("head", head(&report.title, STYLE, SCRIPT)),
            ("brand", brand("Conversation report")),
            ("script", SCRIPT.to_owned()),
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
            ("no_downloads", hidden(downloads.is_empty())),
            ("downloads", downloads),
            ("no_findings", hidden(findings.is_empty())),
            ("findings", findings),
            ("legend", player::legend(report)),
            ("no_latency", hidden(latency.is_empty())),
            ("latency", latency),
            ("no_metrics", hidden(metrics.is_empty())),
            ("metrics", metrics),
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
