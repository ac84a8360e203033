//! `duologue converse`

use crate::args::{ConverseArgs, Workers};
use crate::conversations::cost;
use crate::follow::Follower;
use crate::output::{Exit, Failure, note, note_error, print, print_error, try_print};
use crate::rooms::Place;
use duologue_agents::{Seen, Venue, Watcher};
use duologue_conversation::scenario::{self, CastScenario, Casting, Side};
use duologue_conversation::{
    Archive, ConversationConfig, Dossier, Providers, Summary, converse, counted, names, prepare_folder, remarks,
};
use duologue_ids::Seed;
use duologue_media::Codec;
use duologue_models::cassette::{Cassette, Recorder};
use duologue_models::scripted::Dialogue;
use duologue_providers::{
    Connector, Local, Settings, SideChoices, check_speech, quotes, read_dialogue, recorded, taped_models, taped_names,
    voices,
};
use duologue_voice::CloseReason;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

pub(crate) async fn run(args: &ConverseArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    // What can be wrong is found out before models are loaded.
    let casting = Casting { support: args.support.clone(), customer: args.customer.clone() };
    let cast = Arc::new(scenario::load(&args.scenario, &casting)?);
    if args.rooms.workers == Workers::External {
        return with_others(args, cast, settings, json).await;
    }
    let cassette = args.replay.as_deref().map(Cassette::open).transpose()?;
    let sides = choose(args, &cast, settings, cassette.as_ref())?;
    check_speech(&sides)?;
    let place_to_meet = if args.rooms.in_process { None } else { Some(Place::of(settings).await?) };
    let voices = voices::choose(&sides, &cast)?;
    // A cassette has the lines.
    let dialogue = if cassette.is_some() { None } else { read_dialogue(&sides, args.dialogue.as_deref())? };
    let stop = Arc::new(Stop::default());
    watch_interrupt(stop.clone());
    catch_file_size_limit();

    let seed = args.seed.unwrap_or_else(fresh_seed);
    let id = new_id(seed);
    let folder = place(&id, args, settings)?;
    let ready = tokio::select! {
        ready = prepare(&sides, Sources { dialogue, cassette, cast: &cast, voices: &voices.of, settings }) => ready,
        () = stop.told.notified() => Err(Interrupted.into()),
    };
    let Ready { local, mut providers, models } = match ready {
        Ok(ready) => ready,
        Err(error) => {
            // Only if nothing is in it.
            drop(std::fs::remove_dir(&folder));
            return if error.is::<Interrupted>() { Ok(interrupted(error.as_ref(), json)) } else { Err(error) };
        }
    };
    note_place(&id, &folder, args, settings);

    let recorder = args.record.as_deref().map(|file| Recorder::create(file, taped_models(&models))).transpose()?;
    if let Some(recorder) = &recorder {
        let [support, customer] = providers;
        providers = [recorded(support, Side::Support, recorder), recorded(customer, Side::Customer, recorder)];
    }
    announce(&cast, &models, &remarks(&cast, &models), seed);
    let prices = SIDES.map(|side| {
        let place = duologue_conversation::index(side);
        quotes(&sides[place], &models[place], settings)
    });
    let config = ConversationConfig {
        id,
        cast: cast.clone(),
        providers,
        models,
        prices,
        temperature: None,
        seed: Seed(seed),
        duration: args.duration.map(Duration::from_secs_f64),
        folder: folder.clone(),
        codec: Codec::Opus,
        started_at: OffsetDateTime::now_utc().format(&Rfc3339)?,
        listen_back: args.listen_back,
    };
    voices.note.iter().for_each(note);
    let (seen, painting) = paint(&cast);
    let held: Result<Summary, Failure> = match place_to_meet {
        None => {
            let told = move |progress| drop(seen.send(Seen::Progress(progress)));
            converse(config, stop.flag.clone(), told).await.map_err(Failure::from)
        }
        Some(place) => {
            let watcher: Watcher = Arc::new(move |happened| drop(seen.send(happened)));
            crate::rooms::converse_with_own(config, (place, &args.rooms), stop.flag.clone(), watcher).await
        }
    };
    drop(painting.await);
    if let Some(local) = local {
        local.models.shutdown().await;
    }
    let taped = recorder.map_or(Ok(()), Recorder::finish);
    let summary = held?;
    crate::prune::after_call(settings, &summary.conversation_id);
    report(&summary, &folder, json)?;
    taped?;
    Ok(exit(&summary, args.require_goal))
}

/// The same with agents of workers that were started elsewhere.
async fn with_others(
    args: &ConverseArgs,
    cast: Arc<CastScenario>,
    settings: &Settings,
    json: bool,
) -> Result<Exit, Failure> {
    let venue = Venue::of(settings)?;
    let stop = Arc::new(Stop::default());
    watch_interrupt(stop.clone());
    catch_file_size_limit();
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let id = new_id(seed);
    let folder = place(&id, args, settings)?;
    note(&cast.scenario().title);
    note(format!("  seed {seed}\n"));
    let dossier = Dossier {
        id,
        cast: cast.clone(),
        models: Default::default(),
        voices: Default::default(),
        seed: Seed(seed),
        folder: folder.clone(),
        started_at: OffsetDateTime::now_utc().format(&Rfc3339)?,
    };
    note_place(&dossier.id, &folder, args, settings);
    let (seen, painting) = paint(&cast);
    let watcher: Watcher = Arc::new(move |happened| drop(seen.send(happened)));
    let held = crate::rooms::converse_with_others(dossier, (venue, args), stop.flag.clone(), watcher).await;
    drop(painting.await);
    let summary = held?;
    crate::prune::after_call(settings, &summary.conversation_id);
    report(&summary, &folder, json)?;
    Ok(exit(&summary, args.require_goal))
}

/// The folder of a conversation that is about to begin.
fn place(id: &str, args: &ConverseArgs, settings: &Settings) -> Result<PathBuf, Failure> {
    let archive = Archive::new(&settings.home());
    let folder = args.out.clone().unwrap_or_else(|| archive.folder(id));
    archive.mend();
    prepare_folder(&folder)?;
    Ok(folder)
}

/// Shows what happens, in order, as long as somebody sends it.
fn paint(cast: &CastScenario) -> (UnboundedSender<Seen>, JoinHandle<()>) {
    let mut follower = Follower::new(SIDES.map(|s| cast.persona(s).name.clone()));
    let (seen, mut events) = tokio::sync::mpsc::unbounded_channel();
    let painting = tokio::spawn(async move {
        while let Some(seen) = events.recv().await {
            match seen {
                Seen::Progress(progress) => follower.show(&progress),
                Seen::Step(step) => follower.step(&step),
            }
        }
        follower.finish();
    });
    (seen, painting)
}

/// Where a conversation is kept elsewhere than in the archive, the archive notes where.
fn note_place(id: &str, folder: &Path, args: &ConverseArgs, settings: &Settings) {
    if args.out.is_some()
        && let Err(error) = Archive::new(&settings.home()).note(id, folder)
    {
        note(format!("warning: `duologue conversation list` will not show this conversation: {error}"));
    }
}

/// The providers of both sides: of the recording, or as flags, scenario and settings say; then with the keys they need.
fn choose(
    args: &ConverseArgs,
    cast: &CastScenario,
    settings: &Settings,
    cassette: Option<&Cassette>,
) -> Result<[SideChoices; 2], Failure> {
    let wishes = SIDES.map(|side| args.providers.wishes(side));
    let [support, customer] = &wishes;
    if let Some(cassette) = cassette {
        return Ok([
            SideChoices::taped(Side::Support, cassette.models(), support.voice.clone())?,
            SideChoices::taped(Side::Customer, cassette.models(), customer.voice.clone())?,
        ]);
    }
    let sides = [
        SideChoices::of(Side::Support, support, cast, settings)?,
        SideChoices::of(Side::Customer, customer, cast, settings)?,
    ];
    let each = || SIDES.into_iter().map(|side| (side, &sides[duologue_conversation::index(side)]));
    for (side, choices) in each() {
        if args.record.is_some() {
            choices.check_recordable(side)?;
        }
        choices.check_keys(side, settings)?;
    }
    let unused =
        |(side, choices): (Side, &SideChoices)| choices.unused(side, &wishes[duologue_conversation::index(side)], cast);
    each().filter_map(unused).for_each(note);
    Ok(sides)
}

/// Models that are loaded and warm.
struct Ready {
    local: Option<Local>,
    providers: [Providers; 2],
    /// `provider/model` by stage.
    models: [BTreeMap<String, String>; 2],
}

/// What models are made of.
struct Sources<'a> {
    dialogue: Option<Arc<Dialogue>>,
    cassette: Option<Cassette>,
    cast: &'a CastScenario,
    voices: &'a [String; 2],
    settings: &'a Settings,
}

async fn prepare(sides: &[SideChoices; 2], sources: Sources<'_>) -> Result<Ready, Failure> {
    let Sources { dialogue, cassette, cast, voices, settings } = sources;
    let local = if cassette.is_some() { None } else { crate::models::start(sides, settings).await? };
    let language_model = local.as_ref().and_then(|l| l.language_model.clone());
    let models = match &cassette {
        Some(cassette) => SIDES.map(|side| taped_names(cassette.models(), side)),
        None => sides.each_ref().map(|s| s.describe(language_model.as_deref())),
    };
    let connector = Connector { dialogue, cast, voices, settings, local: local.as_ref().map(|l| &l.models), cassette };
    let providers = connector.connect(sides)?;
    Ok(Ready { providers, local, models })
}

/// That somebody wants it to end.
#[derive(Default)]
struct Stop {
    flag: Arc<AtomicBool>,
    told: Notify,
}

#[derive(Debug, thiserror::Error)]
#[error("stopped before the conversation began; nothing is kept")]
struct Interrupted;

fn interrupted(error: &(dyn std::error::Error + 'static), json: bool) -> Exit {
    print_error(error, json);
    Exit::Cancelled
}

/// Signals this close together are one wish: `timeout` signals a program and then its whole group.
const ONE_WISH: Duration = Duration::from_secs(1);

/// The first Ctrl-C, or SIGTERM, ends the conversation in order, another one later at once.
fn watch_interrupt(stop: Arc<Stop>) {
    tokio::spawn(async move {
        let mut first: Option<Instant> = None;
        while crate::interrupt::interrupted().await {
            match first {
                Some(first) if first.elapsed() < ONE_WISH => continue,
                Some(_) => std::process::exit(130),
                None => first = Some(Instant::now()),
            }
            stop.flag.store(true, Ordering::Relaxed);
            note("Ending the conversation; once more to stop at once.");
            stop.told.notify_one();
        }
    });
}

/// Where files may not grow beyond a limit (`ulimit -f`), writing shall fail with an error, as on a full disk; unless the
/// signal is caught it ends the process.
pub(crate) fn catch_file_size_limit() {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use tokio::signal::unix::{SignalKind, signal};
        /// The same number on all processors that Duologue is built for.
        const SIGXFSZ: i32 = 25;
        // The handler stays when the listener goes.
        drop(signal(SignalKind::from_raw(SIGXFSZ)));
    }
}

fn announce(cast: &CastScenario, models: &[BTreeMap<String, String>; 2], remarks: &[String], seed: u64) {
    note(&cast.scenario().title);
    for side in SIDES {
        let models = &models[duologue_conversation::index(side)];
        let list: Vec<String> = models.iter().map(|(stage, model)| format!("{stage} {model}")).collect();
        note(format!("  {:<8} {} ({})", side.as_str(), cast.persona(side).name, list.join(", ")));
    }
    remarks.iter().for_each(|remark| note(format!("  {remark}")));
    note(format!("  seed {seed}\n"));
}

fn report(summary: &Summary, folder: &std::path::Path, json: bool) -> Result<(), Failure> {
    let folder = std::path::absolute(folder)?;
    if !json {
        note("");
        if summary.is_unfinished() && !summary.verdicts.is_empty() {
            note("  Judged on an unfinished call:");
        }
        for verdict in &summary.verdicts {
            note(format!("  {} {}", if verdict.passed { "✓" } else { "✗" }, verdict.criterion));
        }
    }
    if let Some(error) = &summary.error {
        note_error(error);
    }
    let has_report = summary.files.contains_key("report");
    if !has_report {
        let open = format!("`duologue conversation open {}`", summary.conversation_id);
        note(format!("The report could not be written; {open} writes it as soon as that is possible."));
    }
    if json {
        let kept = folder.join(names::SUMMARY);
        let lost = |e| format!("cannot write the result to standard output: {e}; it is kept in {}", kept.display());
        return Ok(try_print(as_json(summary, &folder)?).map_err(lost)?);
    }
    let m = &summary.metrics;
    let latency = |v: Option<f64>| v.map_or("-".to_string(), |ms| format!("{:.2} s", ms / 1e3));
    note(format!(
        "\n{} in {:.0} s; an answer took {} (p50), {} (p95); overlap {:.1} %, silence {:.1} %; goal {}{}",
        counted(summary.turns, "turn"),
        summary.duration_s,
        latency(m.heard_e2e_latency_ms.p50),
        latency(m.heard_e2e_latency_ms.p95),
        100.0 * m.overlap_ratio,
        100.0 * m.silence_ratio,
        if summary.goal_reached { "reached" } else { "not reached" },
        cost(summary).map_or_else(String::new, |cost| format!("; it cost {cost}")),
    ));
    if has_report {
        print(format!("Report: {}", folder.join(names::REPORT).display()));
    }
    Ok(())
}

/// The contract of `--json`: these keys, and everything of the summary beside them.
fn as_json(summary: &Summary, folder: &std::path::Path) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(summary)?;
    if let Value::Object(map) = &mut value {
        map.insert("folder".into(), json!(folder));
        let paths = summary.files.iter().map(|(kind, name)| (kind.clone(), json!(folder.join(name))));
        map.insert("files".into(), Value::Object(paths.collect()));
    }
    Ok(value)
}

fn exit(summary: &Summary, require_goal: bool) -> Exit {
    match summary.end_reason {
        Some(CloseReason::Cancelled) => Exit::Cancelled,
        Some(CloseReason::AgentError | CloseReason::EmptyResponse | CloseReason::AgentJoinTimeout) | None => {
            Exit::Failed
        }
        _ if require_goal && !summary.goal_reached => Exit::GoalMissed,
        _ => Exit::Done,
    }
}

/// A seed that a person can type.
pub(crate) fn fresh_seed() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
    Seed(nanos).derive("seed").0 % 1_000_000
}

/// Sorts by time, and is unique even where two begin in the same second.
fn new_id(seed: u64) -> String {
    let now = OffsetDateTime::now_utc();
    let salt = Seed(now.unix_timestamp_nanos() as u64 ^ u64::from(std::process::id())).derive(&seed.to_string()).0;
    let (date, clock) = (now.date(), now.time());
    let day = format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day());
    format!("c-{day}-{:02}{:02}{:02}-{:06x}", clock.hour(), clock.minute(), clock.second(), salt & 0xff_ffff)
}
