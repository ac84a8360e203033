//! `duologue conversation …`

use crate::args::ConversationCommand;
use crate::output::{Exit, Failure, print, print_json, table};
use crate::settings::Settings;
use duologue_conversation::{Archive, Status, Summary, names};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) fn run(command: &ConversationCommand, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    match command {
        ConversationCommand::List => list(&archive, json),
        ConversationCommand::Show { conversation } => show(&archive, conversation, json)?,
        ConversationCommand::Open { conversation } => open(&archive, conversation, json)?,
        ConversationCommand::Delete { conversation, yes } => return delete(&archive, conversation, *yes, json),
    }
    Ok(Exit::Done)
}

fn list(archive: &Archive, json: bool) {
    let found = archive.list();
    if json {
        let row = |(folder, s): &(std::path::PathBuf, Summary)| {
            json!({ "conversation_id": s.conversation_id, "status": s.status, "scenario": s.scenario,
                "started_at": s.started_at, "duration_s": s.duration_s, "turns": s.turns, "end_reason": s.end_reason,
                "goal_reached": s.goal_reached, "folder": folder })
        };
        return print_json(&json!({ "conversations": found.iter().map(row).collect::<Vec<_>>() }));
    }
    if found.is_empty() {
        return print("No conversation is kept yet. Hold one with `duologue converse --scenario internet-outage`.");
    }
    let row = |(folder, s): &(std::path::PathBuf, Summary)| {
        [
            s.conversation_id.clone(),
            s.started_at.chars().take(19).collect(),
            s.scenario.clone(),
            format!("{:.0} s", s.duration_s),
            s.turns.to_string(),
            outcome(s),
            folder.display().to_string(),
        ]
    };
    let rows: Vec<[String; 7]> = found.iter().map(row).collect();
    print(table(["ID", "STARTED", "SCENARIO", "LENGTH", "TURNS", "OUTCOME", "FOLDER"], &rows));
}

fn outcome(s: &Summary) -> String {
    match s.status {
        Status::Running => "running or cut off".to_string(),
        Status::CutOff => "cut off".to_string(),
        Status::Ended if s.goal_reached => "goal reached".to_string(),
        Status::Ended => "goal missed".to_string(),
    }
}

fn show(archive: &Archive, name: &str, json: bool) -> Result<(), Failure> {
    let (folder, summary, transcript) = archive.open(name)?;
    if json {
        print_json(&json!({ "folder": folder, "summary": summary, "transcript": transcript }));
        return Ok(());
    }
    match std::fs::read_to_string(folder.join(names::TRANSCRIPT_TEXT)) {
        Ok(text) => print(text.trim_end()),
        Err(_) => transcript.utterances.iter().for_each(|u| print(format!("{}: {}", u.name, u.text))),
    }
    print(format!("\nKept in {}", folder.display()));
    Ok(())
}

fn open(archive: &Archive, name: &str, json: bool) -> Result<(), Failure> {
    let (folder, ..) = archive.open(name)?;
    let report = std::path::absolute(folder.join(names::REPORT))?;
    if json {
        print_json(&json!({ "report": report }));
        return Ok(());
    }
    print(report.display());
    if !open_in_browser(&report) {
        eprintln!("No browser could be started here; open the file above.");
    }
    Ok(())
}

fn open_in_browser(file: &Path) -> bool {
    let programs: &[&str] = if cfg!(target_os = "macos") { &["open"] } else { &["xdg-open", "wslview"] };
    programs.iter().any(|program| {
        let quiet =
            Command::new(program).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        quiet.is_ok_and(|s| s.success())
    })
}

fn delete(archive: &Archive, name: &str, yes: bool, json: bool) -> Result<Exit, Failure> {
    let folder = archive.find(name)?;
    if !yes && !confirmed(&format!("Remove the conversation in {}?", folder.display()))? {
        eprintln!("Nothing was removed.");
        return Ok(Exit::Failed);
    }
    let folder = archive.delete(name)?;
    if json {
        print_json(&json!({ "deleted": folder }));
    } else {
        print(format!("Removed {}", folder.display()));
    }
    Ok(Exit::Done)
}

/// Without a terminal nobody can answer: that is a no.
fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        eprintln!("{question} There is no terminal to ask on; say `--yes`.");
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
