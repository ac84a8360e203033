//! `duologue replay`

use crate::args::{ReplayArgs, SideArg};
use crate::conversations::newest;
use crate::output::{Exit, Failure, print, print_json, table};
use duologue_conversation::Archive;
use duologue_conversation::scenario::Side;
use duologue_providers::Settings;
use duologue_simulation::replay::{Decision, Diff, Kind, Logic, Pair, Recording, Verdict, replay, set};
use serde_json::json;

/// Characters of a decision's words that are shown.
const SHOWN: usize = 60;

pub(crate) fn run(args: &ReplayArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let archive = Archive::new(&settings.home());
    let folder = archive.find_any(&newest(&archive, &args.conversation)?)?;
    let side = match args.side {
        SideArg::Support => Side::Support,
        SideArg::Customer => Side::Customer,
    };
    let recording = Recording::read(&folder, side)?;
    let mut turns = recording.turns();
    for setting in &args.set {
        set(&mut turns, setting)?;
    }
    let diff = replay(&recording, Logic { turns, hears_again: args.hear_again })?;
    if json {
        print_json(&json!({
            "folder": folder, "side": side, "same": diff.is_same(), "turns": turns, "counts": diff.counts,
            "decisions": diff.decisions, "notes": diff.notes,
        }));
    } else {
        report(&diff, args.all);
    }
    Ok(if args.check && !diff.is_same() { Exit::Failed } else { Exit::Done })
}

fn report(diff: &Diff, all: bool) {
    diff.notes.iter().for_each(|note| print(format!("! {note}")));
    let told = diff.decisions.iter().filter(|p| all || p.verdict != Verdict::Same);
    let rows: Vec<[String; 5]> = told.map(row).collect();
    if !rows.is_empty() {
        print(table(["THEN", "NOW", "WHAT", "", "WORDS"], &rows));
    }
    let counts = diff.counts;
    print(format!("{} same, {} moved, {} new, {} gone", counts.same, counts.moved, counts.new, counts.gone));
}

fn row(pair: &Pair) -> [String; 5] {
    let time = |d: &Option<Decision>| d.as_ref().map_or("-".to_owned(), |d| format!("{:.2}", d.at_s));
    let verdict = match (pair.verdict, pair.by_ms) {
        (Verdict::Same, _) => "same".to_owned(),
        (Verdict::Moved, by) => format!("moved {:+.0} ms", by.unwrap_or_default()),
        (Verdict::New, _) => "new".to_owned(),
        (Verdict::Gone, _) => "gone".to_owned(),
    };
    let words = |d: &Option<Decision>| d.as_ref().map(|d| shortened(&d.what)).unwrap_or_default();
    let (then, now) = (words(&pair.then), words(&pair.now));
    let words = match (then.is_empty(), now.is_empty() || then == now) {
        (true, _) => now,
        (false, true) => then,
        (false, false) => format!("{then} → {now}"),
    };
    [time(&pair.then), time(&pair.now), name(pair.kind).to_owned(), verdict, words]
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("{}…", short.trim_end()) } else { short }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::TurnOver => "turn over",
        Kind::ReplyBegun => "reply begun",
        Kind::Interrupted => "interrupted",
        Kind::Resumed => "resumed",
        Kind::BackchannelIgnored => "backchannel ignored",
        Kind::OverlapIgnored => "overlap ignored",
        Kind::Collision => "collision",
        Kind::Nudge => "nudge",
        Kind::ItemKept => "kept of it",
        Kind::HungUp => "hung up",
    }
}
