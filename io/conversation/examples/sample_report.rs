//! Writes the report page of a sample conversation, to look at while working on the page:
//! `cargo run --release -p duologue-conversation --example sample_report -- OUT.html [REPORT.json]`
//!
//! The audio that the JSON names is read from beside it and carried inside the page.

use duologue_conversation::report::{Report, render};
use std::path::Path;

const SAMPLE: &str = include_str!("sample_report.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("name the file to write: sample_report OUT.html [REPORT.json]")?;
    let source = arguments.next();
    let json = source.as_ref().map_or(Ok(SAMPLE.to_owned()), std::fs::read_to_string)?;
    let mut report: Report = serde_json::from_str(&json)?;
    if let (Some(source), Some(audio)) = (source, report.audio.as_mut()) {
        let beside = Path::new(&source).parent().unwrap_or(Path::new("."));
        audio.bytes = std::fs::read(beside.join(&audio.path))?;
    }
    std::fs::write(out, render(&report))?;
    Ok(())
}
