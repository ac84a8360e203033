//! `duologue backup` and `duologue restore`

use crate::keeping_args::{BackupArgs, RestoreArgs};
use crate::output::{Exit, Failure, note, note_error, print, print_json};
use duologue_conversation::{Archive, Step, counted, restore, write_backup};
use duologue_engine::store::Size;
use duologue_providers::Settings;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) fn back_up(args: &BackupArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    let now = OffsetDateTime::now_utc();
    let to = std::path::absolute(file(&args.to, now))?;
    let bar = bar("copying");
    let written = write_backup(&archive, &to, &now.format(&Rfc3339)?, &mut |step| show(&bar, step));
    bar.finish_and_clear();
    let backup = written?;
    let conversations = &backup.manifest.conversations;
    let running: Vec<&str> = conversations.iter().filter(|c| c.running).map(|c| c.id.as_str()).collect();
    let files: usize = conversations.iter().map(|c| c.files.len()).sum();
    for id in &running {
        note(format!("{id} goes on: it was copied as far as it is"));
    }
    for id in &backup.left_out {
        note(format!("warning: {id} is a link and was left out"));
    }
    if json {
        let ids: Vec<&str> = conversations.iter().map(|c| c.id.as_str()).collect();
        print_json(&json!({ "file": backup.file, "bytes": backup.bytes, "files": files, "conversations": ids,
            "running": running, "left_out": backup.left_out }));
    } else {
        let count = counted(conversations.len(), "conversation");
        print(format!("{count}, {}, {}: {}", counted(files, "file"), Size(backup.bytes), backup.file.display()));
    }
    Ok(Exit::Done)
}

/// A folder gets a file that is named after the time.
fn file(to: &Path, now: OffsetDateTime) -> PathBuf {
    if !to.is_dir() {
        return to.to_path_buf();
    }
    let (date, time) = (now.date(), now.time());
    let day = format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day());
    to.join(format!("duologue-backup-{day}-{:02}{:02}{:02}.tar.zst", time.hour(), time.minute(), time.second()))
}

pub(crate) fn bring_back(args: &RestoreArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    let bar = bar("reading and comparing");
    let done = restore(&archive, &args.file, args.force, &mut |step| show(&bar, step));
    bar.finish_and_clear();
    let done = done?;
    let stayed = done.different.len() + done.untouched.len();
    if json {
        print_json(&json!({ "restored": done.restored, "same": done.same, "different": done.different,
            "untouched": done.untouched }));
    } else {
        let kept = std::path::absolute(settings.home())?.join("conversations");
        print(format!("Restored {} to {}", counted(done.restored.len(), "conversation"), kept.display()));
        if !done.same.is_empty() {
            print(format!("{} there already, the same", verb(done.same.len())));
        }
    }
    if !done.different.is_empty() {
        let ids = done.different.join(", ");
        note_error(format!("what is there differs and was not replaced: {ids}\n  help: `--force` replaces it"));
    }
    if !done.untouched.is_empty() {
        let ids = done.untouched.join(", ");
        note_error(format!(
            "not replaced, since they go on, are links, or hold files of somebody else: {ids}\n  \
             help: end or move them away, then restore again"
        ));
    }
    Ok(if stayed == 0 { Exit::Done } else { Exit::Failed })
}

fn verb(n: usize) -> String {
    format!("{} {}", counted(n, "conversation"), if n == 1 { "was" } else { "were" })
}

fn bar(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let terminal = std::io::stderr().is_terminal();
    bar.set_draw_target(if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent} %  {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(message);
    bar
}

fn show(bar: &ProgressBar, step: Step) {
    bar.set_length(step.of);
    bar.set_position(step.done);
}
