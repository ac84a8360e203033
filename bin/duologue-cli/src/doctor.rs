//! `duologue doctor`: what is wrong with the set-up, and how to mend it.

use crate::output::{Exit, Failure, print, print_json};
use duologue_conversation::counted;
use duologue_engine::local::{LocalModelPaths, LocalModels};
use duologue_engine::store::{LanguageModel, Model, ModelStore, Role, Size};
use duologue_providers::{Choice, Client, REMOTES, RemoteChoice, Settings, Stage, engine_options, model_store};
use futures::future::join_all;
use serde::Serialize;
use serde_json::json;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Ok,
    Warning,
    Problem,
}

#[derive(Debug, Serialize)]
pub(crate) struct Check {
    name: &'static str,
    outcome: Outcome,
    finding: String,
    help: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: &'static str, finding: impl Into<String>) -> Check {
        Check { name, outcome: Outcome::Ok, finding: finding.into(), help: None }
    }

    pub(crate) fn bad(name: &'static str, outcome: Outcome, finding: impl Into<String>, help: &str) -> Check {
        Check { name, outcome, finding: finding.into(), help: Some(help.to_string()) }
    }
}

pub(crate) async fn run(settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let mut checks = vec![processor(), data_directory(&settings.home())];
    if checks.iter().all(|c| c.outcome != Outcome::Problem) {
        checks.push(disk(&settings.home()));
    }
    checks.extend(models(settings).await);
    checks.push(engines(settings).await);
    checks.extend(settings.problems().into_iter().map(|problem| {
        Check::bad("settings", Outcome::Problem, problem, "`duologue config show` tells where it comes from")
    }));
    checks.extend(providers(settings).await);
    checks.extend(crate::doctor_rooms::checks(settings).await);
    let failed = checks.iter().any(|c| c.outcome == Outcome::Problem);
    if json {
        print_json(&json!({ "ok": !failed, "checks": checks }));
    } else {
        checks.iter().for_each(show);
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn show(check: &Check) {
    let mark = match check.outcome {
        Outcome::Ok => "✓",
        Outcome::Warning => "!",
        Outcome::Problem => "✗",
    };
    print(format!("{mark} {:<16} {}", check.name, check.finding));
    // Errors of the stores name the remedy themselves.
    if let Some(help) = check.help.as_ref().filter(|help| !check.finding.contains(help.trim_start_matches("run "))) {
        print(format!("{:20}help: {help}", ""));
    }
}

fn processor() -> Check {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let found = format!("{}, {}", counted(cores, "core"), std::env::consts::ARCH);
    if cores < 2 {
        let help = "local models want two cores; use a provider such as `--llm openai`";
        return Check::bad("processor", Outcome::Warning, found, help);
    }
    Check::ok("processor", found)
}

fn data_directory(home: &Path) -> Check {
    let probe = home.join(".write-test");
    let result = std::fs::create_dir_all(home)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe));
    match result {
        Ok(()) => Check::ok("data directory", std::path::absolute(home).unwrap_or(home.into()).display().to_string()),
        Err(e) => {
            let help = "choose another with DUOLOGUE_HOME or `--home DIR`";
            Check::bad("data directory", Outcome::Problem, format!("{}: {e}", home.display()), help)
        }
    }
}

/// A conversation of an hour takes about 40 MB.
fn disk(home: &Path) -> Check {
    const WANTED: u64 = 200 << 20;
    match duologue_engine::store::free_bytes(home) {
        Ok(free) if free < WANTED => Check::bad(
            "free disk",
            Outcome::Problem,
            Size(free).to_string(),
            "make room, or choose another data directory with `--home DIR`",
        ),
        Ok(free) => Check::ok("free disk", Size(free).to_string()),
        Err(e) => Check::bad("free disk", Outcome::Warning, e.to_string(), "check the data directory"),
    }
}

/// Every byte of the models that a conversation would use is read and compared, whatever is remembered: a failing disk
/// changes no date. A gigabyte takes a second or two.
async fn models(settings: &Settings) -> Vec<Check> {
    let store = match model_store(settings) {
        Ok(store) => store,
        Err(e) => return vec![Check::bad("model cache", Outcome::Problem, e.to_string(), "set DUOLOGUE_MODELS")],
    };
    let speech = match store.speech_dir() {
        Ok(dir) => verified(&store, |s| s.role != Role::LanguageModel && !s.optional)
            .await
            .map(|size| Check::ok("speech models", format!("{} ({size}, SHA-256 verified)", dir.display()))),
        Err(e) => Err(e.into()),
    };
    let language = match store.language_model(settings.get("language_model")) {
        Ok(LanguageModel { model, path }) => verified(&store, |s| s.id == model.id).await.map(|size| {
            Check::ok("language model", format!("{} ({}, {size}, SHA-256 verified)", model.name, path.display()))
        }),
        Err(e) => Err(e.into()),
    };
    let bad = |name, e: Failure| Check::bad(name, Outcome::Problem, e.to_string(), "run `duologue models fetch`");
    vec![speech.unwrap_or_else(|e| bad("speech models", e)), language.unwrap_or_else(|e| bad("language model", e))]
}

/// Reads these models in full; gives their size.
async fn verified(store: &ModelStore, wanted: impl Fn(&Model) -> bool) -> Result<Size, Failure> {
    let models: Vec<&Model> = store.catalogue().iter().filter(|m| wanted(m)).collect();
    for model in &models {
        crate::models::verify(store, model.id).await?;
    }
    Ok(Size(models.iter().map(|m| m.bytes()).sum()))
}

/// Starts the engines that have their models, as a conversation would.
async fn engines(settings: &Settings) -> Check {
    let Ok(store) = model_store(settings) else {
        return Check::bad("local engines", Outcome::Warning, "not tried: no model cache", "set DUOLOGUE_MODELS");
    };
    let available = store.paths();
    let paths = LocalModelPaths { llm: available.language_model, speech_dir: available.speech_dir };
    if paths.llm.is_none() && paths.speech_dir.is_none() {
        return Check::bad("local engines", Outcome::Warning, "not tried: no models", "run `duologue models fetch`");
    }
    match LocalModels::start(paths, engine_options(settings)).await {
        Ok(models) => {
            models.shutdown().await;
            Check::ok("local engines", "loaded, warmed and stopped again")
        }
        Err(e) => Check::bad("local engines", Outcome::Problem, e.message, &e.help),
    }
}

/// Each provider that has a key, another address, or a stage in the settings: is it there, and does it take the key?
async fn providers(settings: &Settings) -> Vec<Check> {
    let chosen: Vec<Choice> =
        ["stt", "llm", "tts"].into_iter().filter_map(|key| settings.get(key)?.parse().ok()).collect();
    let mut wanted: Vec<RemoteChoice> = Vec::new();
    // A realtime model has the settings of its provider, which is tried by itself.
    for remote in REMOTES.iter().filter(|remote| !remote.is_realtime) {
        let elsewhere = settings.get(remote.base_url_setting).is_some_and(|url| url != remote.home);
        if elsewhere || settings.get(remote.key_setting).is_some() {
            wanted.push(RemoteChoice { remote, model: None, base_url: None, key_variable: None, foreign: false });
        }
    }
    for choice in chosen {
        let Choice::Remote(choice) = choice else { continue };
        let choice = RemoteChoice { model: choice.model.filter(|_| choice.remote.is_realtime), ..choice };
        if !wanted.contains(&choice) {
            wanted.push(choice);
        }
    }
    if wanted.is_empty() {
        return vec![Check::ok("providers", "no key is set; local models need none")];
    }
    join_all(wanted.iter().map(|choice| provider(choice, settings))).await
}

async fn provider(choice: &RemoteChoice, settings: &Settings) -> Check {
    let name = choice.remote.name;
    let server = match choice.server(settings) {
        Ok(server) => server,
        Err(e) => return Check::bad(name, Outcome::Problem, e.to_string(), "see `duologue config show`"),
    };
    let (url, has_key) = (server.base_url.clone(), server.key.is_some());
    let answer = match Client::open(choice.remote, server) {
        Ok(client) => client.check(choice.model(Stage::Llm)).await,
        Err(e) => Err(e),
    };
    match answer {
        Ok(found) => {
            let key = if has_key { "takes the key" } else { "wants no key" };
            Check::ok(name, format!("{url} answers and {key} ({} ms)", found.took.as_millis()))
        }
        Err(e) => Check::bad(name, Outcome::Problem, e.message, &e.help),
    }
}
