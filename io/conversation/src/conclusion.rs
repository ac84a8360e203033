//! The end of a conversation: measured, judged, told in files. Also of one whose process was killed, or whose report found
//! no room on the disk, when it is next looked at.

use crate::folder::{FolderError, RESERVE, names, replace};
use crate::measure::{self, Observed, RecordedSide};
use crate::notes;
use crate::report::{self, Report};
use crate::scenario::{CastScenario, ConversationFacts, Side, judge};
use crate::summary::{Status, Summary};
use crate::transcript::Transcript;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

/// What is made of everything else, so that it can be made again.
const TOLD: [&str; 3] = [names::TRANSCRIPT_TEXT, names::CAPTIONS, names::REPORT];
/// What stands for the reason of an ending that nobody reported.
const CUT_OFF: &str = "the call was cut off";
/// What is said of one that nobody ended.
pub(crate) const GAVE_OUT: &str = "its process or its disk gave out before the conversation ended";

/// Judges, measures and writes the last files of a conversation.
pub(crate) fn conclude(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
    cast: &CastScenario,
) -> Result<(), FolderError> {
    let sides = read_sides(folder);
    assess(summary, cast, &Observed::new(&sides, transcript));
    summary.status = Status::Ended;
    write(folder, summary, transcript, &sides, &TOLD)
}

/// Measures and judges what ended in order.
pub(crate) fn assess(summary: &mut Summary, cast: &CastScenario, observed: &Observed<'_>) {
    let end = summary.end_reason.and_then(|r| serde_json::to_value(r).ok());
    let end = end.as_ref().and_then(|v| v.as_str()).unwrap_or("");
    let entities = cast.entities();
    measure(summary, &Observed { entities: &entities, end_reason: Some(end), ..*observed });
    judge_by(Some(cast), summary, observed.transcript, end);
}

/// Concludes what is said to go on though its process is gone. Where that can't be written (a full disk, somebody else's
/// folder) the summary says why, for what was said can be read all the same.
pub(crate) fn conclude_if_cut_off(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
) -> Result<(), FolderError> {
    if summary.status != Status::Running {
        return Ok(());
    }
    let events = File::open(folder.join(names::EVENTS));
    // Held until all is written: of two that look at the same time one does it.
    if events.as_ref().is_ok_and(|f| matches!(f.try_lock(), Err(TryLockError::WouldBlock))) {
        return Ok(());
    }
    let sides = read_sides(folder);
    let cast = read_cast(folder);
    let entities = cast.as_ref().map(CastScenario::entities).unwrap_or_default();
    let observed = Observed { entities: &entities, ..Observed::new(&sides, transcript) };
    measure(summary, &Observed { end_reason: Some(CUT_OFF), ..observed });
    judge_by(cast.as_ref(), summary, transcript, CUT_OFF);
    summary.status = Status::CutOff;
    summary.error.get_or_insert(format!("{GAVE_OUT}; this is what was said until then"));
    [names::EVENTS, names::METRICS].iter().for_each(|name| drop_half_line(&folder.join(name)));
    let written = write(folder, summary, transcript, &sides, &TOLD);
    if let Err(e) = &written {
        summary.error = Some(format!("{GAVE_OUT}, and {e}"));
    }
    written
}

/// Writes what is missing of the files that are made of others: there was no room for them, or somebody removed them.
pub(crate) fn rebuild_missing(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
) -> Result<(), FolderError> {
    let missing: Vec<&str> = TOLD.into_iter().filter(|name| !folder.join(name).is_file()).collect();
    if summary.status == Status::Running || missing.is_empty() {
        return Ok(());
    }
    let sides = read_sides(folder);
    if summary.marks.is_empty() {
        // There may have been no room for them.
        let observed = Observed::new(&sides, transcript);
        (summary.marks, summary.findings) = (observed.marks(), observed.findings());
    }
    write(folder, summary, transcript, &sides, &missing)
}

fn read_sides(folder: &Path) -> [RecordedSide; 2] {
    [Side::Support, Side::Customer].map(|side| measure::read_side(folder, side))
}

fn measure(summary: &mut Summary, observed: &Observed<'_>) {
    let length = observed.sides[0].length.max(observed.sides[1].length);
    summary.duration_s = round(length.as_secs_f64());
    summary.turns = observed.transcript.utterances.len() as u32;
    let costs = [Side::Support, Side::Customer].map(|side| summary.cost_of(side));
    summary.metrics = Observed { costs, ..*observed }.metrics();
    summary.marks = observed.marks();
    summary.findings = observed.findings();
    summary.notes.extend(notes::disagreement(&summary.findings, summary));
}

/// Without a cast nothing is judged: the call is of an older version, or was killed before a word was said.
fn judge_by(cast: Option<&CastScenario>, summary: &mut Summary, transcript: &Transcript, end: &str) {
    let facts = ConversationFacts {
        metrics: Some(summary.metrics.clone()),
        unpriced: summary.unpriced(),
        untold_requests: summary.agents.iter().filter_map(|a| Some(a.usage.as_ref()?.untold())).sum(),
        ..transcript.facts(summary.duration_s, end, summary.ended_by)
    };
    summary.verdicts = cast.map(|cast| judge(cast, &facts)).unwrap_or_default();
    summary.goal_reached = !summary.verdicts.is_empty() && summary.verdicts.iter().all(|v| v.passed);
    let judged = cast.is_some() && !summary.is_unfinished();
    summary.metrics.task_completion = judged.then_some(if summary.goal_reached { 1.0 } else { 0.0 });
}

fn read_cast(folder: &Path) -> Option<CastScenario> {
    let bytes = fs::read(folder.join(names::SCENARIO)).ok()?;
    serde_json::from_slice(&bytes).inspect_err(|e| tracing::debug!(%e, "the scenario that was played is lost")).ok()
}

/// A process that is killed while it writes may leave a part of a line.
fn drop_half_line(path: &Path) {
    let Ok(bytes) = fs::read(path) else { return };
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if whole < bytes.len()
        && let Err(e) = OpenOptions::new().write(true).open(path).and_then(|f| f.set_len(whole as u64))
    {
        tracing::debug!(%e, "half a line stays at the end of {}", path.display());
    }
}

/// Every file is tried, so that a full disk costs the large ones only; the summary comes last and says what is there.
fn write(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
    sides: &[RecordedSide; 2],
    wanted: &[&str],
) -> Result<(), FolderError> {
    summary.files = files(folder);
    let page = build_report(folder, summary, transcript, sides);
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        replace(&path, text.as_bytes()).map_err(|source| FolderError::Write { path, source })
    };
    let tell = |name: &&str| match *name {
        names::TRANSCRIPT_TEXT => write(name, report::render_text(&page)),
        names::CAPTIONS => write(name, report::render_vtt(&page)),
        _ => write(name, report::render(&page)),
    };
    // On a full disk the room that was held back is for the reason why.
    drop(fs::remove_file(folder.join(RESERVE)));
    if summary.error.is_some() {
        drop(write(names::SUMMARY, serde_json::to_string(&shortened(summary, folder)).unwrap_or_default()));
    }
    let written: Vec<_> = wanted.iter().map(tell).collect();
    let failed = written.into_iter().find_map(Result::err);
    if failed.is_some() {
        summary.files.retain(|_, name| name == names::SUMMARY || folder.join(name).is_file());
    }
    let last = write(names::SUMMARY, serde_json::to_string_pretty(summary).unwrap_or_default());
    failed.map_or(last, Err)
}

/// A summary for little room: without what grows with the length of the call, which the recording tells as well.
fn shortened(summary: &Summary, folder: &Path) -> Summary {
    let mut short = Summary { marks: Vec::new(), findings: Vec::new(), ..summary.clone() };
    short.files.retain(|_, name| name == names::SUMMARY || folder.join(name).is_file());
    short
}

fn build_report(folder: &Path, summary: &Summary, transcript: &Transcript, sides: &[RecordedSide; 2]) -> Report {
    // A killed process may have left half a character at the end.
    let events = fs::read(folder.join(names::EVENTS)).unwrap_or_default();
    let mut page = crate::page::report(summary, transcript, &String::from_utf8_lossy(&events), sides);
    if let Ok(bytes) = fs::read(folder.join(names::STEREO)) {
        page.audio = Some(report::Audio { path: names::STEREO.into(), mime: "audio/ogg".into(), bytes });
    }
    // Those that are written after the page have no size yet, or an old one.
    let final_size = |path: &str| ![names::SUMMARY, names::TRANSCRIPT_TEXT, names::CAPTIONS].contains(&path);
    for file in page.files.iter_mut().filter(|f| final_size(&f.path)) {
        file.bytes = fs::metadata(folder.join(&file.path)).ok().map(|m| m.len());
    }
    page
}

/// What is kept, by kind.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let written_now = |name: &str| TOLD.contains(&name) || name == names::SUMMARY;
    let is_there = |(_, name): &(&str, String)| written_now(name) || folder.join(name).is_file();
    names::all().into_iter().filter(is_there).map(|(kind, name)| (kind.to_string(), name)).collect()
}

fn round(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
