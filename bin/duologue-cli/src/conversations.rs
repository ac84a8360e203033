//! `duologue conversation …`

use crate::args::ConversationCommand;
use crate::browser;
use crate::output::{Exit, Failure, note, print, print_json, table};
use crate::settings::Settings;
use duologue_conversation::{Archive, Status, Summary, names};
use duologue_voice::CloseReason;
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

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

/// In two words: how it stands, or what came of it.
fn outcome(s: &Summary) -> String {
    match s.status {
        // Its process holds a lock on one of its files.
        Status::Running => "still running",
        Status::CutOff => "cut off",
        Status::Ended => match s.end_reason {
            Some(CloseReason::Cancelled) => "stopped",
            _ if s.is_unfinished() => "failed",
            _ if s.goal_reached => "goal reached",
            _ => "goal missed",
        },
    }
    .to_string()
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
    let report = std::path::absolute(archive.report(name)?)?;
    if json {
        print_json(&json!({ "report": report }));
        return Ok(());
    }
    print(report.display());
    if !browser::open(&report) {
        note("No browser could be started here. The file above is all there is to it: copy it to where one is.");
    }
    Ok(())
}

fn delete(archive: &Archive, name: &str, yes: bool, json: bool) -> Result<Exit, Failure> {
    let folder = archive.find(name)?;
    if !yes && !confirmed(&folder)? {
        if json {
            print_json(&json!({ "deleted": null }));
        }
        note("Nothing was removed.");
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

/// Nobody can answer.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal to ask on whether {} is to be removed\n  help: say `--yes`", .0.display())]
struct NobodyToAsk(PathBuf);

fn confirmed(folder: &Path) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(NobodyToAsk(folder.to_path_buf()).into());
    }
    eprint!("Remove the conversation in {}? [y/N] ", folder.display());
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
