//! `duologue conversation …`

use crate::args::ConversationCommand;
use crate::browser;
use crate::delete;
use crate::output::{Exit, Failure, note, print, print_json, table};
use crate::prune;
use duologue_conversation::{Archive, ArchiveError, Status, Summary, dollars, names};
use duologue_providers::Settings;
use duologue_voice::CloseReason;
use serde_json::json;
use std::path::Path;

pub(crate) fn run(command: &ConversationCommand, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    match command {
        ConversationCommand::List => list(&archive, json),
        ConversationCommand::Show { conversation } => show(&archive, &newest(&archive, conversation)?, json)?,
        ConversationCommand::Open { conversation } => open(&archive, &newest(&archive, conversation)?, json)?,
        ConversationCommand::Delete(args) => return delete::run(&archive, args, json),
        ConversationCommand::Prune(args) => return prune::run(args, settings, json),
        ConversationCommand::Pin { conversation } => pin(&archive, conversation, true, json)?,
        ConversationCommand::Unpin { conversation } => pin(&archive, conversation, false, json)?,
    }
    Ok(Exit::Done)
}

/// What a name stands for: `last` for the conversation that began last, every other one for itself.
pub(crate) fn newest(archive: &Archive, name: &str) -> Result<String, ArchiveError> {
    if name != "last" || Path::new(name).exists() {
        return Ok(name.to_owned());
    }
    let newest = archive.list().into_iter().next();
    newest.map(|(_, summary)| summary.conversation_id).ok_or_else(|| ArchiveError::Unknown(name.to_owned()))
}

fn list(archive: &Archive, json: bool) {
    let found = archive.list();
    let pinned = |folder: &Path| folder.join(names::PINNED).is_file();
    for kept in archive.kept().iter().filter(|k| k.summary.is_none()) {
        note(format!("{} can't be read: `duologue doctor {0}` says why", kept.id));
    }
    if json {
        let row = |(folder, s): &(std::path::PathBuf, Summary)| {
            json!({ "conversation_id": s.conversation_id, "status": s.status, "scenario": s.scenario,
                "started_at": s.started_at, "duration_s": s.duration_s, "turns": s.turns, "end_reason": s.end_reason,
                "goal_reached": s.goal_reached, "pinned": pinned(folder), "folder": folder })
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
            outcome(s) + if pinned(folder) { ", pinned" } else { "" },
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
    if let Some(cost) = cost(&summary) {
        print(format!("\nIt cost {cost}"));
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

fn pin(archive: &Archive, name: &str, pinned: bool, json: bool) -> Result<(), Failure> {
    let folder = archive.pin(name, pinned)?;
    match (json, pinned) {
        (true, _) => print_json(&json!({ "folder": folder, "pinned": pinned })),
        (false, true) => print(format!("Pinned: nothing removes {} until it is unpinned", folder.display())),
        (false, false) => print(format!("No longer pinned: {}", folder.display())),
    }
    Ok(())
}

/// What a conversation cost, where that is known and more than nothing: `$0.0031 (prices of 2026-11-21)`.
pub(crate) fn cost(summary: &Summary) -> Option<String> {
    let cost = summary.metrics.cost.filter(|cost| *cost > 0.0)?;
    let date = summary.prices_of().map_or_else(String::new, |date| format!(" (prices of {date})"));
    Some(format!("{}{date}", dollars(cost)))
}
