//! Settings: defaults < duologue.yaml < .env < .env.local < environment < flags, each with where it came from.

use crate::known::{Kind, Known, SECONDS_MAX};
use crate::prices;
use crate::remote::REMOTES;
use duologue_engine::store::ModelStore;
use duologue_ids::Redacted;
use duologue_models::{Price, Timeouts};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

/// The configuration file, in the working directory.
const FILE: &str = "duologue.yaml";

/// All settings that exist, those of each provider last.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut known = vec![
        Known::new("home", &["DUOLOGUE_HOME"], "data directory"),
        Known::new("models", &["DUOLOGUE_MODELS"], "model cache"),
        Known::new("models_mirror", &["DUOLOGUE_MODELS_MIRROR"], "web server to fetch models from first"),
        Known::new("engine_dir", &["DUOLOGUE_ENGINE_DIR"], "engines, where not beside this program"),
        Known::new("stt", &["DUOLOGUE_STT"], "speech to text").or("local").of(Kind::Provider),
        Known::new("llm", &["DUOLOGUE_LLM"], "language model").or("local").of(Kind::Provider),
        Known::new("tts", &["DUOLOGUE_TTS"], "text to speech").or("local").of(Kind::Provider),
        Known::new("language_model", &["DUOLOGUE_LANGUAGE_MODEL"], "local language model, where several are here"),
        Known::new("timeouts.connect_s", &["DUOLOGUE_TIMEOUT_CONNECT"], "until a provider is connected")
            .or("10")
            .of(Kind::Seconds),
        Known::new(
            "timeouts.first_byte_s",
            &["DUOLOGUE_TIMEOUT_FIRST_BYTE"],
            "until its answer begins, retries included",
        )
        .or("15")
        .of(Kind::Seconds),
        Known::new("timeouts.stall_s", &["DUOLOGUE_TIMEOUT_STALL"], "between two pieces of an answer")
            .or("15")
            .of(Kind::Seconds),
        Known::new("timeouts.answer_s", &["DUOLOGUE_TIMEOUT_ANSWER"], "waited in all for one answer")
            .or("120")
            .of(Kind::Seconds),
        Known::new("trusted_endpoints", &["DUOLOGUE_TRUSTED_ENDPOINTS"], "addresses that a scenario may send a key to")
            .of(Kind::Urls),
        Known::new("retention.keep_days", &["DUOLOGUE_KEEP_DAYS"], "days after which conversations are removed")
            .of(Kind::Number),
        Known::new("retention.keep_last", &["DUOLOGUE_KEEP_LAST"], "newest conversations that stay however old")
            .of(Kind::Number),
        Known::new("retention.max_gib", &["DUOLOGUE_MAX_GIB"], "GiB that conversations may take together")
            .of(Kind::Number),
    ];
    known.extend([
        Known::new("livekit.url", &["LIVEKIT_URL"], "address of the LiveKit server").of(Kind::Server),
        Known::new("livekit.api_key", &["LIVEKIT_API_KEY"], "API key of the LiveKit server"),
        Known::new("livekit.api_secret", &["LIVEKIT_API_SECRET"], "secret of that key").secret(),
    ]);
    known.extend([
        Known::new("server.port", &["PORT"], "port of page and API").or("8000").of(Kind::Port),
        Known::new("server.bind", &["DUOLOGUE_BIND"], "address on which they listen").or("127.0.0.1"),
        Known::new("server.tls_cert", &["DUOLOGUE_TLS_CERT"], "their certificate with its chain, a PEM file"),
        Known::new("server.tls_key", &["DUOLOGUE_TLS_KEY"], "its private key, a PEM file"),
        Known::new(
            "identity.trust_domain",
            &["DUOLOGUE_TRUST_DOMAIN"],
            "trust domain of the identities that are given here",
        )
        .or("example.org"),
        Known::new("rooms.port", &["DUOLOGUE_ROOMS_PORT"], "port of the rooms' signalling (TCP)")
            .or("7880")
            .of(Kind::Port),
        Known::new("rooms.media_port", &["DUOLOGUE_MEDIA_PORT"], "port of the rooms' media (UDP)")
            .or("7882")
            .of(Kind::Port),
    ]);
    for remote in REMOTES.iter().filter(|remote| !remote.is_realtime) {
        let about = "address of the provider, or of a server that speaks its protocol";
        let url = Known::new(remote.base_url_setting, &[], about).or(remote.home).of(Kind::Url);
        known.push(Known { env: vec![remote.base_url_variable], ..url });
        known.push(Known::new(remote.key_setting, remote.key_variables, "key for it").secret());
    }
    known
});

/// The JSON Schema of `duologue.yaml`: what editors complete with, and what the file is checked with here.
pub fn settings_schema() -> Value {
    let mut root = Map::new();
    for known in KNOWN.iter() {
        let mut setting = match known.kind {
            Kind::Seconds => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": SECONDS_MAX }),
            Kind::Number => json!({ "type": "number", "exclusiveMinimum": 0 }),
            Kind::Port => json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        setting["description"] = known.about.into();
        if let Some(default) = known.default {
            let seconds = || default.parse::<u64>().ok().filter(|_| matches!(known.kind, Kind::Seconds | Kind::Port));
            setting["default"] = seconds().map_or_else(|| default.into(), Value::from);
        }
        if let Some(pattern) = known.kind.pattern() {
            let in_words = known.kind.in_words();
            setting["pattern"] = pattern.into();
            setting["$comment"] = format!("it {in_words}").into();
            setting["description"] = format!("{}; {in_words}", known.about).into();
        }
        if known.secret {
            setting["description"] = format!("{}; better kept in .env.local", known.about).into();
        }
        match known.key.split_once('.') {
            None => drop(root.insert(known.key.to_owned(), setting)),
            Some((group, key)) => {
                let group = root.entry(group).or_insert_with(|| section(Value::Object(Map::new())));
                group["properties"][key] = setting;
            }
        }
    }
    root.insert("prices".to_owned(), prices::schema());
    let mut schema = section(Value::Object(root));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "duologue.yaml".into();
    schema["description"] =
        "Settings of Duologue. What is left out has its default; .env, .env.local, the environment \
                             and flags go before this file."
            .into();
    schema
}

fn section(properties: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Source {
    Default,
    File(String),
    Environment(String),
    Flag(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(name) => f.write_str(name),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Why settings can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// `duologue.yaml` is wrong, with the places.
    #[error("{0}")]
    Refused(String),
    /// A line of `.env` or `.env.local` is wrong. It is not shown: it may hold a secret.
    #[error(
        "{path}:{line}: this is no `NAME=value`\n  help: put a value with blanks or special characters in single quotes"
    )]
    EnvLine {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// Nothing says where data belongs.
    #[error("no home directory is known\n  help: set DUOLOGUE_HOME")]
    NoHome,
}

/// All settings in force.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, Source)>,
    /// The environment over .env.local over .env, for keys that are named by their variable.
    variables: BTreeMap<String, Redacted<String>>,
    /// By `PROVIDER/MODEL`.
    prices: BTreeMap<String, Price>,
}

impl Settings {
    /// Reads all sources. `folder` holds the files, `env` is the environment, `flags` are keys, flags and values.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn read(
        folder: &Path,
        env: &BTreeMap<String, String>,
        flags: &[(&'static str, &'static str, String)],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        for known in KNOWN.iter() {
            if let Some(default) = known.default {
                settings.set(known.key, default, Source::Default);
            }
        }
        settings.read_yaml(&folder.join(FILE))?;
        for name in [".env", ".env.local"] {
            settings.read_env_file(&folder.join(name), name)?;
        }
        settings.take_variables(env, |name| Source::Environment(name.to_string()));
        for (key, flag, value) in flags {
            settings.set(key, value, Source::Flag((*flag).to_string()));
        }
        settings.fill_home(env);
        settings.fill_models();
        Ok(settings)
    }

    /// The value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.as_str())
    }

    /// The value of any variable, of the environment or of the files.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.expose().as_str())
    }

    /// How long to wait for providers; what is no time counts as its default, and [`Settings::problems`] tells it.
    pub fn timeouts(&self) -> Timeouts {
        let seconds = |key: &str, default: Duration| {
            let value = self.get(key).filter(|value| Kind::Seconds.fits(value)).and_then(|v| v.parse().ok());
            value.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(default)
        };
        let default = Timeouts::default();
        Timeouts {
            connect: seconds("timeouts.connect_s", default.connect),
            first_byte: seconds("timeouts.first_byte_s", default.first_byte),
            stall: seconds("timeouts.stall_s", default.stall),
            answer: seconds("timeouts.answer_s", default.answer),
        }
    }

    /// Addresses that a scenario may send a key to.
    pub fn trusted_endpoints(&self) -> impl Iterator<Item = &str> {
        self.get("trusted_endpoints").unwrap_or_default().split(',').map(str::trim).filter(|url| !url.is_empty())
    }

    /// Prices that go before those of the table, by `PROVIDER/MODEL`.
    pub fn prices(&self) -> &BTreeMap<String, Price> {
        &self.prices
    }

    /// Values that make no sense, a line each. Those of duologue.yaml are refused when it is read.
    pub fn problems(&self) -> Vec<String> {
        KNOWN.iter().filter_map(|known| self.problem(known)).collect()
    }

    fn problem(&self, known: &Known) -> Option<String> {
        let (value, source) = self.values.get(known.key).filter(|(value, _)| !known.kind.fits(value))?;
        let shown: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
        Some(format!("`{}` cannot be `{shown}` (from {source}): it {}", known.key, known.kind.in_words()))
    }

    /// Whether it is known where conversations are kept, for all that looks there.
    ///
    /// # Errors
    /// It is not.
    pub fn has_home(&self) -> Result<(), SettingsError> {
        self.get("home").map(drop).ok_or(SettingsError::NoHome)
    }

    /// The data directory.
    pub fn home(&self) -> PathBuf {
        PathBuf::from(self.get("home").unwrap_or("."))
    }

    /// Every setting as a row: key, value (masked), source, variable, what it is.
    pub fn rows(&self) -> Vec<[String; 5]> {
        let row = |k: &Known| {
            let (value, source) = self.shown(k).unwrap_or(("-".to_string(), "not set".to_string()));
            [k.key.to_string(), value, source, k.env.join(", "), k.about.to_string()]
        };
        KNOWN.iter().map(row).chain(self.price_rows()).collect()
    }

    fn price_rows(&self) -> impl Iterator<Item = [String; 5]> {
        self.prices.iter().map(|(model, price)| {
            [
                format!("prices.{model}"),
                prices::in_words(price),
                FILE.into(),
                String::new(),
                "its price, US dollars".into(),
            ]
        })
    }

    /// The same for scripts; `null` where nothing is set.
    pub fn as_json(&self) -> Value {
        let row = |k: &Known| {
            let (value, source) = self.shown(k).unzip();
            let (variable, problem) = (k.env.first(), self.problem(k));
            json!({ "key": k.key, "value": value, "source": source, "variable": variable, "variables": k.env,
                "about": k.about, "problem": problem })
        };
        json!({ "settings": KNOWN.iter().map(row).collect::<Vec<_>>(), "prices": self.prices })
    }

    /// Value, masked where it is secret, and source.
    fn shown(&self, known: &Known) -> Option<(String, String)> {
        let (value, source) = self.values.get(known.key)?;
        Some((if known.secret { mask(value) } else { value.clone() }, source.to_string()))
    }

    fn set(&mut self, key: &'static str, value: &str, source: Source) {
        self.values.insert(key, (value.to_string(), source));
    }

    fn read_yaml(&mut self, path: &Path) -> Result<(), SettingsError> {
        let Some(text) = read_if_there(path)? else { return Ok(()) };
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(());
        }
        let placed = duologue_yaml::parse(FILE, &text, &settings_schema()).map_err(|bad| {
            let told = bad.without_values().to_string();
            // Whoever prints an error says that it is one.
            SettingsError::Refused(told.trim_end().trim_start_matches("error: ").to_owned())
        })?;
        let tree = placed.value();
        for known in KNOWN.iter() {
            let value = match tree.pointer(&format!("/{}", known.key.replace('.', "/"))) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            self.set(known.key, &value, Source::File(FILE.to_owned()));
        }
        self.prices = prices::read(&tree["prices"]).map_err(SettingsError::Refused)?;
        Ok(())
    }

    fn read_env_file(&mut self, path: &Path, name: &str) -> Result<(), SettingsError> {
        let Some(text) = read_if_there(path)? else { return Ok(()) };
        let mut variables = BTreeMap::new();
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (variable, value) = entry.map_err(|e| env_problem(path, &text, &e))?;
            variables.insert(variable, value);
        }
        self.take_variables(&variables, |_| Source::File(name.to_string()));
        Ok(())
    }

    /// What these variables set; other programs' are among them.
    fn take_variables(&mut self, variables: &BTreeMap<String, String>, source: impl Fn(&str) -> Source) {
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        for known in KNOWN.iter() {
            if let Some((name, value)) = known.env.iter().find_map(|name| Some((name, set(name)?))) {
                self.set(known.key, value, source(name));
            }
        }
        let given = variables.iter().filter(|(_, value)| !value.is_empty());
        self.variables.extend(given.map(|(name, value)| (name.clone(), Redacted::new(value.clone()))));
    }

    /// Where it can't be known, whoever needs models says so.
    fn fill_models(&mut self) {
        if self.get("models").is_none()
            && let Ok(store) = ModelStore::open(None)
        {
            self.set("models", &store.dir().to_string_lossy(), Source::Default);
        }
    }

    fn fill_home(&mut self, env: &BTreeMap<String, String>) {
        if self.get("home").is_none() {
            let set = |name: &str| env.get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
            let base = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|h| platform_data(&h)));
            if let Some(home) = base.map(|base| base.join("duologue")) {
                self.set("home", &home.to_string_lossy(), Source::Default);
            }
        }
    }
}

fn platform_data(home: &Path) -> PathBuf {
    if cfg!(target_os = "macos") { home.join("Library/Application Support") } else { home.join(".local/share") }
}

fn read_if_there(path: &Path) -> Result<Option<String>, SettingsError> {
    let refuse = |reason| SettingsError::File { path: path.into(), reason };
    match std::fs::read(path) {
        // Neither the line nor the byte is shown: it may belong to a secret.
        Ok(bytes) => {
            duologue_models::text(bytes).map(Some).map_err(|e| refuse(format!("line {} is no UTF-8 text", e.line)))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(refuse(e.to_string())),
    }
}

/// The message of the parser quotes the line, and the line may hold a secret.
fn env_problem(path: &Path, text: &str, error: &dotenvy::Error) -> SettingsError {
    match error {
        dotenvy::Error::LineParse(..) => {
            // The parser quotes what it stumbled over, which may begin lines before; the longest good beginning tells where.
            let lines: Vec<&str> = text.lines().collect();
            let reads =
                |n: &usize| dotenvy::from_read_iter((lines[..*n].join("\n") + "\n").as_bytes()).all(|e| e.is_ok());
            let good = (0..lines.len()).rev().find(reads).unwrap_or(0);
            SettingsError::EnvLine { path: path.into(), line: good + 1 }
        }
        other => SettingsError::File { path: path.into(), reason: other.to_string() },
    }
}

fn mask(secret: &str) -> String {
    let shown: String = if secret.len() > 12 { secret.chars().take(3).collect() } else { String::new() };
    format!("{shown}****")
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
