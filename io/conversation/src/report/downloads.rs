//! Links to what lies beside the page, and to what the page itself carries, for when it travels alone.

use super::html::{T, href, size};
use super::model::{File, Report};
use super::{player, render_text, render_vtt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Both lists; empty where there is nothing.
pub(super) fn section(report: &Report) -> String {
    let mut html = String::new();
    if !report.files.is_empty() {
        let links: String = report.files.iter().map(beside).collect();
        let _ = write!(html, "<ul class=\"files\">{links}</ul>");
    }
    html + &carried(report)
}

fn beside(file: &File) -> String {
    let bytes = file.bytes.map(|b| format!("<span class=\"size\">{}</span>", size(b))).unwrap_or_default();
    format!(
        "<li><a href=\"{}\" download><span class=\"file-name\">{}</span>{bytes}<span class=\"about\">{}</span></a></li>",
        href(&file.path),
        T(&file.path),
        T(&file.about)
    )
}

/// Text goes into the link itself; the script gives the link of the recording the bytes that the player already has.
fn carried(report: &Report) -> String {
    if report.utterances.is_empty() {
        return String::new();
    }
    let stem = stem(report);
    let mut links = String::new();
    if player::embedded(report) {
        let _ =
            write!(links, "<li id=\"carried-audio\" hidden><a class=\"chip\" download=\"{stem}.ogg\">Audio</a></li>");
    }
    for (title, name, mime, text) in [
        ("JSON", format!("{stem}.json"), "application/json", json(report)),
        ("Text", format!("{stem}.txt"), "text/plain;charset=utf-8", render_text(report)),
        ("VTT", format!("{stem}.vtt"), "text/vtt", render_vtt(report)),
    ] {
        let _ = write!(
            links,
            "<li><a class=\"chip\" href=\"data:{mime};base64,{}\" download=\"{name}\">{title}</a></li>",
            STANDARD.encode(text)
        );
    }
    format!("<p class=\"carried-title\">Carried in this page</p><ul class=\"carried\">{links}</ul>")
}

/// Everything on the page but the waveforms.
fn json(report: &Report) -> String {
    let mut whole = report.clone();
    whole.speakers.iter_mut().for_each(|speaker| speaker.peaks.clear());
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

/// A file name that every system takes.
fn stem(report: &Report) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let id: String = report.conversation_id.chars().take(80).map(plain).collect();
    if id.is_empty() { "conversation".to_owned() } else { id }
}
