//! `duologue conversation prune`, and the same after each call where the settings say so.

use crate::keeping_args::PruneArgs;
use crate::output::{Exit, Failure, note, print, print_json, table};
use duologue_conversation::{Archive, Kept, Prune, Pruned, Reason, Retention, counted};
use duologue_engine::store::Size;
use duologue_providers::Settings;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// Why nothing was pruned.
#[derive(Debug, thiserror::Error)]
enum PruneError {
    #[error(
        "there is no rule by which to remove conversations\n  help: give `--older-than`, `--keep-last` or `--max-size`, or set `retention` in duologue.yaml"
    )]
    NoRule,
    #[error(
        "`{value}` is no value for `{key}`: it takes a number greater than 0\n  help: `duologue config show` tells where it comes from"
    )]
    NoNumber { key: &'static str, value: String },
}

pub(crate) fn run(args: &PruneArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let given = Retention { older_than: args.older_than, keep_last: args.keep_last, max_bytes: args.max_size };
    let rules = if given.is_empty() { retention(settings)? } else { given };
    if rules.is_empty() {
        return Err(PruneError::NoRule.into());
    }
    let prune = Prune { rules, now: SystemTime::now(), spare: None, is_dry: args.dry_run };
    let done = Archive::new(&settings.home()).prune(&prune);
    for (id, error) in &done.failed {
        note(format!("error: {id} stays: {error}"));
    }
    if json {
        print_json(&as_json(&done, args.dry_run));
    } else {
        show(&done, args.dry_run);
    }
    Ok(if done.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Applies the rules of the settings, where there are any, after the call `held`. That it does not work must not spoil a
/// call that did.
pub(crate) fn after_call(settings: &Settings, held: &str) {
    let rules = match retention(settings) {
        Ok(rules) if rules.is_empty() => return,
        Ok(rules) => rules,
        Err(e) => return note(format!("warning: no old conversation was removed: {e}")),
    };
    let prune = Prune { rules, now: SystemTime::now(), spare: Some(held), is_dry: false };
    let done = Archive::new(&settings.home()).prune(&prune);
    for (kept, reason) in &done.removed {
        note(format!("Removed {} ({}), by `retention` in the settings.", kept.id, why(*reason)));
    }
    for (id, error) in &done.failed {
        note(format!("warning: {id} could not be removed: {error}"));
    }
}

/// The rules of `duologue.yaml`.
fn retention(settings: &Settings) -> Result<Retention, PruneError> {
    let number = |key: &'static str| match settings.get(key) {
        None => Ok(None),
        Some(value) => match value.trim().parse::<f64>() {
            Ok(n) if n.is_finite() && n > 0.0 && n < 1e9 => Ok(Some(n)),
            _ => Err(PruneError::NoNumber { key, value: value.to_owned() }),
        },
    };
    Ok(Retention {
        older_than: number("retention.keep_days")?.map(|days| Duration::from_secs_f64(days * 86_400.0)),
        keep_last: number("retention.keep_last")?.map(|n| n as usize),
        max_bytes: number("retention.max_gib")?.map(|gib| (gib * 1_073_741_824.0) as u64),
    })
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Age => "too old",
        Reason::Count => "enough newer ones",
        Reason::Size => "too much together",
    }
}

fn as_json(done: &Pruned, is_dry: bool) -> serde_json::Value {
    let row = |(kept, reason): &(Kept, Reason)| json!({ "conversation_id": kept.id, "folder": kept.folder, "bytes": kept.bytes, "reason": reason });
    json!({ "dry_run": is_dry, "removed": done.removed.iter().map(row).collect::<Vec<_>>(),
        "failed": done.failed.iter().map(|(id, e)| json!({ "conversation_id": id, "error": e.to_string() })).collect::<Vec<_>>(),
        "left": done.left, "bytes_left": done.bytes_left })
}

fn show(done: &Pruned, is_dry: bool) {
    let row = |(kept, reason): &(Kept, Reason)| {
        let began = kept.summary.as_ref().map_or("-".to_owned(), |s| s.started_at.chars().take(19).collect());
        [kept.id.clone(), began, Size(kept.bytes).to_string(), why(*reason).to_owned()]
    };
    let rows: Vec<[String; 4]> = done.removed.iter().map(row).collect();
    if !rows.is_empty() {
        print(table(["ID", "STARTED", "SIZE", "WHY"], &rows));
    }
    let freed = Size(done.removed.iter().map(|(kept, _)| kept.bytes).sum());
    let count = counted(rows.len(), "conversation");
    let left = format!("{} ({}) stay", counted(done.left, "conversation"), Size(done.bytes_left));
    match is_dry {
        true => print(format!("{count} would be removed, {freed}; {left}.")),
        false => print(format!("{count} removed, {freed}; {left}.")),
    }
}
