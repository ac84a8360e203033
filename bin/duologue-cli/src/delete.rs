//! `duologue conversation delete`

use crate::keeping_args::DeleteArgs;
use crate::output::{Exit, Failure, note, note_error, print, print_json};
use duologue_conversation::{Archive, counted};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

/// Nobody can answer.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal to ask on whether {0} to be removed\n  help: say `--yes`")]
struct NobodyToAsk(String);

/// What somebody called a conversation, and where it is.
type Named = (String, PathBuf);

pub(crate) fn run(archive: &Archive, args: &DeleteArgs, json: bool) -> Result<Exit, Failure> {
    let (wanted, spared) = wanted(archive, args)?;
    for id in &spared {
        note(format!("{id} stays: it goes on, is pinned, or is a link"));
    }
    if !args.yes && !wanted.is_empty() && !confirmed(&wanted)? {
        if json {
            print_json(&json!({ "deleted": [], "failed": [] }));
        }
        note("Nothing was removed.");
        return Ok(Exit::Failed);
    }
    let (mut deleted, mut failed): (Vec<PathBuf>, Vec<String>) = Default::default();
    for (name, _) in &wanted {
        match archive.delete(name) {
            Ok(folder) => deleted.push(folder),
            Err(e) => {
                note_error(&e);
                failed.push(name.clone());
            }
        }
    }
    if json {
        print_json(&json!({ "deleted": deleted, "failed": failed }));
    } else {
        deleted.iter().for_each(|folder| print(format!("Removed {}", folder.display())));
        if wanted.is_empty() {
            print("There is nothing to remove.");
        }
    }
    Ok(if failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// What is to be removed, by name and folder, and ids of what stays. One that is not there is an error before anything is
/// removed.
fn wanted(archive: &Archive, args: &DeleteArgs) -> Result<(Vec<Named>, Vec<String>), Failure> {
    if args.all {
        let (stay, go): (Vec<_>, Vec<_>) =
            archive.kept().into_iter().partition(|k| k.is_running || k.is_pinned || k.is_link);
        let go = go.into_iter().map(|k| (k.id, k.folder)).collect();
        return Ok((go, stay.into_iter().map(|k| k.id).collect()));
    }
    let mut go: Vec<Named> = Vec::new();
    for name in &args.conversations {
        let folder = archive.find_any(name)?;
        // Two beginnings of the same id.
        if go.iter().all(|(_, known)| *known != folder) {
            go.push((name.clone(), folder));
        }
    }
    Ok((go, Vec::new()))
}

fn confirmed(wanted: &[Named]) -> Result<bool, Failure> {
    let (what, are) = match wanted {
        [(_, folder)] => (format!("the conversation in {}", folder.display()), "is"),
        many => (counted(many.len(), "conversation"), "are"),
    };
    if !std::io::stdin().is_terminal() {
        return Err(NobodyToAsk(format!("{what} {are}")).into());
    }
    eprint!("Remove {what}? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
