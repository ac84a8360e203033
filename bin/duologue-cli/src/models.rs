//! `duologue models …`

use crate::args::ModelsCommand;
use crate::output::{Exit, Failure, print, print_json, table};
use duologue_engine::store::{CancelFlag, ModelStatus, ModelStore, Phase, Progress, Size, State, Update, all_texts};
use duologue_providers::{Local, LocalPlan, Settings, SideChoices, model_store};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::time::Duration;

pub(crate) fn run(command: &ModelsCommand, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let store = model_store(settings)?;
    match command {
        ModelsCommand::List { licenses: true, .. } => {
            all_texts().iter().for_each(|t| print(format!("==== {}\n\n{}\n", t.title, t.text)));
            Ok(Exit::Done)
        }
        ModelsCommand::List { verify, .. } => list(&store, *verify, json),
        ModelsCommand::Fetch { models, dry_run } => fetch(&store, models, *dry_run, json),
        ModelsCommand::Remove { models } => {
            let freed = store.remove(models)?;
            if json {
                print_json(&json!({ "removed": models, "bytes": freed }));
            } else {
                print(format!("Removed {}, {} freed.", models.join(", "), Size(freed)));
            }
            Ok(Exit::Done)
        }
    }
}

/// Starts the local models that are chosen, and only those; shows how far it is.
pub(crate) async fn start(sides: &[SideChoices], settings: &Settings) -> Result<Option<Local>, Failure> {
    let Some(plan) = LocalPlan::of(sides, settings)? else { return Ok(None) };
    for id in plan.unread() {
        verify(plan.store(), id).await?;
    }
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner.set_message("loading and warming the local models …");
    if spinner.is_hidden() {
        tracing::info!("loading and warming the local models");
    }
    let started = plan.start().await;
    spinner.finish_and_clear();
    Ok(Some(started?))
}

/// Reads a model in full and compares every byte with its checksum; shows how far it is.
pub(crate) async fn verify(store: &ModelStore, id: &'static str) -> Result<(), Failure> {
    let store = store.clone();
    let verified = tokio::task::spawn_blocking(move || {
        let mut bars = Bars::default();
        let verified = store.verify(id, &mut bars, &CancelFlag::default());
        bars.clear();
        verified
    });
    Ok(verified.await??)
}

fn list(store: &ModelStore, verify: bool, json: bool) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    if verify {
        for status in store.status().iter().filter(|s| s.state != State::Missing) {
            let mut bars = Bars::default();
            if let Err(error) = store.verify(status.model.id, &mut bars, &CancelFlag::default()) {
                bars.clear();
                eprintln!("error: {error}");
                exit = Exit::Failed;
            }
        }
    }
    let statuses = store.status();
    if json {
        let rows: Vec<_> = statuses.iter().map(as_json).collect();
        print_json(&json!({ "dir": store.dir(), "models": rows }));
    } else {
        let rows: Vec<[String; 6]> = statuses.iter().map(as_row).collect();
        print(table(["ID", "FOR", "SIZE", "LICENCE", "STATE", "FROM"], &rows));
        print(format!(
            "\nKept in {}; checksums: `duologue --json models list`; licence texts: `--licenses`.",
            store.dir().display()
        ));
    }
    Ok(exit)
}

fn as_row(s: &ModelStatus) -> [String; 6] {
    let state = match &s.state {
        State::Present => "here".to_string(),
        State::Unverified => "here, not verified".to_string(),
        State::Missing if s.bytes_waiting > 0 => format!("begun ({})", Size(s.bytes_waiting)),
        State::Missing => "missing".to_string(),
        State::Corrupt { reason, .. } => format!("damaged: {reason}"),
    };
    let role = s.model.tier.map_or_else(|| s.model.role.to_string(), |t| format!("{} ({t})", s.model.role));
    let from = s.from.clone().unwrap_or_else(|| "-".to_string());
    [s.model.id.to_string(), role, Size(s.model.bytes()).to_string(), s.model.licence.spdx().to_string(), state, from]
}

fn as_json(s: &ModelStatus) -> serde_json::Value {
    let (state, reason) = match &s.state {
        State::Present => ("present", None),
        State::Unverified => ("unverified", None),
        State::Missing => ("missing", None),
        State::Corrupt { reason, .. } => ("corrupt", Some(reason)),
    };
    let files: Vec<_> =
        s.model.files.iter().map(|f| json!({ "path": f.path, "bytes": f.bytes, "sha256": f.sha256 })).collect();
    json!({ "id": s.model.id, "name": s.model.name, "role": s.model.role.to_string(),
        "tier": s.model.tier.map(|t| t.to_string()), "bytes": s.model.bytes(), "bytes_on_disk": s.bytes_on_disk,
        "licence": s.model.licence.spdx(), "state": state, "reason": reason, "from": s.from, "files": files })
}

fn fetch(store: &ModelStore, models: &[String], dry_run: bool, json: bool) -> Result<Exit, Failure> {
    let cancel = CancelFlag::default();
    let on_interrupt = cancel.clone();
    std::thread::spawn(move || {
        if wait_for_interrupt() {
            on_interrupt.cancel();
        }
    });
    let mut bars = Bars::default();
    let plan = store.plan(models, &mut bars, &cancel)?;
    bars.clear();
    eprintln!("{plan}");
    if !dry_run && !plan.is_empty() {
        let fetched = store.fetch(&plan, &mut bars, &cancel);
        bars.clear();
        if cancel.is_cancelled() {
            eprintln!("Stopped. What has arrived is kept; `duologue models fetch` goes on with it.");
            return Ok(Exit::Cancelled);
        }
        fetched?;
        eprintln!("All models are here.");
    }
    if json {
        let ids: Vec<_> = plan.items.iter().map(|i| i.model.id).collect();
        let ready: Vec<_> = plan.ready.iter().map(|m| m.id).collect();
        print_json(&json!({ "fetched": if dry_run { vec![] } else { ids.clone() }, "planned": ids, "ready": ready,
            "download_bytes": plan.download_bytes(), "dir": store.dir() }));
    }
    Ok(Exit::Done)
}

fn wait_for_interrupt() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.is_ok_and(|r| r.block_on(crate::interrupt::interrupted()))
}

/// A bar per phase.
#[derive(Default)]
pub(crate) struct Bars {
    bar: Option<ProgressBar>,
}

impl Bars {
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match self.bar.as_ref().filter(|b| !b.is_hidden()) {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }
}

impl Progress for Bars {
    fn update(&mut self, update: Update<'_>) {
        match update {
            Update::Waiting => self.line("Another process is fetching models; waiting for it."),
            Update::Started { model, phase, from, total } => {
                self.clear();
                let doing = match phase {
                    Phase::Downloading => "downloading",
                    Phase::Assembling => "assembling",
                    Phase::Verifying => "verifying",
                };
                let bar = ProgressBar::new(total);
                let template = "{msg} {wide_bar:.cyan/dim} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_message(format!("{} {doing} ({from})", model.id));
                if bar.is_hidden() {
                    eprintln!("{} {doing} {} ({from})", model.id, Size(total));
                }
                self.bar = Some(bar);
            }
            Update::Bytes(done) => {
                if let Some(bar) = &self.bar {
                    bar.set_position(done);
                }
            }
            Update::Note(text) => self.line(text),
            Update::Ready(model) => self.line(&format!("{} is ready", model.id)),
        }
    }
}
