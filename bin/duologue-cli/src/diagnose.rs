//! `duologue doctor CONVERSATION`: what went wrong in a conversation that is kept.

use crate::conversations::newest;
use crate::output::{Exit, Failure, print, print_json};
use duologue_conversation::{Archive, Finding, Severity, diagnose, read_facts};
use duologue_providers::Settings;
use serde_json::json;

pub(crate) fn run(name: &str, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    let folder = std::path::absolute(archive.find_any(&newest(&archive, name)?)?)?;
    let diagnosis = diagnose(&read_facts(&folder));
    let exit = if diagnosis.is_healthy() { Exit::Done } else { Exit::Failed };
    if json {
        print_json(&json!({ "ok": diagnosis.is_healthy(), "folder": folder, "running": diagnosis.is_running,
            "findings": diagnosis.findings }));
        return Ok(exit);
    }
    print(folder.display());
    if diagnosis.is_running {
        print("It goes on; this is how it stands.");
    }
    diagnosis.findings.iter().for_each(show);
    if diagnosis.findings.is_empty() {
        print("✓ nothing is wrong with it");
    }
    Ok(exit)
}

fn show(finding: &Finding) {
    let mark = if finding.severity == Severity::Trouble { "✗" } else { "!" };
    let (cause, next) = (&finding.cause, &finding.next);
    print(format!("{mark} {:<18} {}\n    probably: {cause}\n    help:     {next}", finding.code, finding.seen));
}
