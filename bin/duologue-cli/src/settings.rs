//! Settings: defaults < duologue.yaml < .env < .env.local < environment < flags, each with where it came from.

use duologue_conversation::scenario::parse_checked;
use duologue_engine::store::ModelStore;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A setting that exists.
struct Known {
    key: &'static str,
    env: &'static str,
    default: Option<&'static str>,
    secret: bool,
    is_number: bool,
    about: &'static str,
    /// What a value has to match, where not every text makes sense, and the same in words.
    pattern: Option<(&'static str, &'static str)>,
}

impl Known {
    const fn new(key: &'static str, env: &'static str, about: &'static str) -> Known {
        Known { key, env, default: None, secret: false, is_number: false, about, pattern: None }
    }

    const fn or(self, default: &'static str) -> Known {
        Known { default: Some(default), ..self }
    }

    const fn matching(self, pattern: &'static str, in_words: &'static str) -> Known {
        Known { pattern: Some((pattern, in_words)), ..self }
    }

    const fn number(self) -> Known {
        Known { is_number: true, ..self }
    }

    const fn secret(self) -> Known {
        Known { secret: true, ..self }
    }
}

/// The configuration file, in the working directory.
const FILE: &str = "duologue.yaml";
const PROVIDER: &str = "^(local|scripted|openai(/.+)?)$";
const PROVIDERS: &str = "is `local`, `openai`, `openai/MODEL` or `scripted`";

const KNOWN: [Known; 13] = [
    Known::new("home", "DUOLOGUE_HOME", "data directory"),
    Known::new("models", "DUOLOGUE_MODELS", "model cache"),
    Known::new("models_mirror", "DUOLOGUE_MODELS_MIRROR", "web server to fetch models from first"),
    Known::new("engine_dir", "DUOLOGUE_ENGINE_DIR", "engines, where not beside this program"),
    Known::new("stt", "DUOLOGUE_STT", "speech to text").or("local").matching(PROVIDER, PROVIDERS),
    Known::new("llm", "DUOLOGUE_LLM", "language model").or("local").matching(PROVIDER, PROVIDERS),
    Known::new("tts", "DUOLOGUE_TTS", "text to speech").or("local").matching(PROVIDER, PROVIDERS),
    Known::new("language_model", "DUOLOGUE_LANGUAGE_MODEL", "local language model, where several are here"),
    Known::new("openai.base_url", "OPENAI_BASE_URL", "OpenAI-compatible endpoint")
        .or("https://api.openai.com/v1")
        .matching("^https?://", "begins with `http://` or `https://`"),
    Known::new("openai.api_key", "OPENAI_API_KEY", "key for it").secret(),
    Known::new("retention.keep_days", "DUOLOGUE_KEEP_DAYS", "days after which conversations are removed").number(),
    Known::new("retention.keep_last", "DUOLOGUE_KEEP_LAST", "newest conversations that stay however old").number(),
    Known::new("retention.max_gib", "DUOLOGUE_MAX_GIB", "GiB that conversations may take together").number(),
];

/// The JSON Schema of `duologue.yaml`: what editors complete with, and what the file is checked with here.
pub(crate) fn schema() -> Value {
    let mut root = Map::new();
    for known in &KNOWN {
        let mut setting = json!({ "type": "string", "minLength": 1, "description": known.about });
        if known.is_number {
            setting = json!({ "type": "number", "exclusiveMinimum": 0, "description": known.about });
        }
        if let Some(default) = known.default {
            setting["default"] = default.into();
        }
        if let Some((pattern, in_words)) = known.pattern {
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
pub(crate) enum SettingsError {
    #[error("cannot read {path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{0}")]
    Refused(String),
    #[error(
        "{path}:{line}: this is no `NAME=value`\n  help: put a value with blanks or special characters in single quotes"
    )]
    EnvLine { path: PathBuf, line: usize },
    #[error("no home directory is known\n  help: set DUOLOGUE_HOME")]
    NoHome,
}

/// All settings in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, (String, Source)>,
}

impl Settings {
    /// Reads all sources. `folder` holds the files, `env` is the environment, `flags` are keys and values.
    pub(crate) fn read(
        folder: &Path,
        env: &BTreeMap<String, String>,
        flags: &[(&'static str, String)],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        for known in &KNOWN {
            if let Some(default) = known.default {
                settings.set(known.key, default, Source::Default);
            }
        }
        settings.read_yaml(&folder.join(FILE))?;
        for name in [".env", ".env.local"] {
            settings.read_env_file(&folder.join(name), name)?;
        }
        for known in &KNOWN {
            if let Some(value) = env.get(known.env).filter(|v| !v.is_empty()) {
                settings.set(known.key, value, Source::Environment(known.env.to_string()));
            }
        }
        for (key, value) in flags {
            settings.set(key, value, Source::Flag(format!("--{}", key.replace('_', "-"))));
        }
        settings.fill_home(env)?;
        settings.fill_models();
        Ok(settings)
    }

    /// The value of a setting.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.as_str())
    }

    /// The data directory.
    pub(crate) fn home(&self) -> PathBuf {
        PathBuf::from(self.get("home").unwrap_or("."))
    }

    /// Every setting as a row: key, value (masked), source, variable, what it is.
    pub(crate) fn rows(&self) -> Vec<[String; 5]> {
        let row = |k: &Known| {
            let (value, source) = self.shown(k).unwrap_or(("-".to_string(), "not set".to_string()));
            [k.key.to_string(), value, source, k.env.to_string(), k.about.to_string()]
        };
        KNOWN.iter().map(row).collect()
    }

    /// The same for scripts; `null` where nothing is set.
    pub(crate) fn as_json(&self) -> Value {
        let row = |k: &Known| {
            let (value, source) = self.shown(k).unzip();
            json!({ "key": k.key, "value": value, "source": source, "variable": k.env, "about": k.about })
        };
        json!({ "settings": KNOWN.iter().map(row).collect::<Vec<_>>() })
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
        let tree = parse_checked(FILE, &text, &schema()).map_err(|bad| {
            let told = bad.without_values().to_string();
            // Whoever prints an error says that it is one.
            SettingsError::Refused(told.trim_end().trim_start_matches("error: ").to_owned())
        })?;
        for known in &KNOWN {
            match tree.pointer(&format!("/{}", known.key.replace('.', "/"))) {
                Some(Value::String(value)) => self.set(known.key, value, Source::File(FILE.to_owned())),
                Some(Value::Number(value)) => self.set(known.key, &value.to_string(), Source::File(FILE.to_owned())),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_env_file(&mut self, path: &Path, name: &str) -> Result<(), SettingsError> {
        let Some(text) = read_if_there(path)? else { return Ok(()) };
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (variable, value) = entry.map_err(|e| env_problem(path, &text, &e))?;
            // Other programs' variables live in these files too.
            if let Some(known) = KNOWN.iter().find(|k| k.env == variable).filter(|_| !value.is_empty()) {
                self.set(known.key, &value, Source::File(name.to_string()));
            }
        }
        Ok(())
    }

    /// Where it can't be known, whoever needs models says so.
    fn fill_models(&mut self) {
        if self.get("models").is_none()
            && let Ok(store) = ModelStore::open(None)
        {
            self.set("models", &store.dir().to_string_lossy(), Source::Default);
        }
    }

    fn fill_home(&mut self, env: &BTreeMap<String, String>) -> Result<(), SettingsError> {
        if self.get("home").is_none() {
            let set = |name: &str| env.get(name).filter(|v| !v.is_empty()).map(PathBuf::from);
            let base = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|h| platform_data(&h)));
            let home = base.ok_or(SettingsError::NoHome)?.join("duologue");
            self.set("home", &home.to_string_lossy(), Source::Default);
        }
        Ok(())
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
        dotenvy::Error::LineParse(bad, _) => {
            let at = text.lines().position(|line| line.trim() == bad.trim()).map_or(0, |i| i + 1);
            SettingsError::EnvLine { path: path.into(), line: at }
        }
        other => SettingsError::File { path: path.into(), reason: other.to_string() },
    }
}

fn mask(secret: &str) -> String {
    let shown: String = if secret.len() > 12 { secret.chars().take(3).collect() } else { String::new() };
    format!("{shown}****")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    #[test]
    fn each_source_overrides_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let home = env(&[("HOME", "/home/a")]);
        let llm = |env: &BTreeMap<String, String>, flags: &[(&'static str, String)]| {
            Settings::read(dir.path(), env, flags).unwrap().values["llm"].clone()
        };
        assert_eq!(llm(&home, &[]), ("local".into(), Source::Default));
        std::fs::write(dir.path().join("duologue.yaml"), "llm: openai/a\nopenai:\n  base_url: http://x/v1\n").unwrap();
        assert_eq!(llm(&home, &[]).0, "openai/a");
        std::fs::write(dir.path().join(".env"), "DUOLOGUE_LLM=b\nOTHER=1\n").unwrap();
        assert_eq!(llm(&home, &[]), ("b".into(), Source::File(".env".into())));
        std::fs::write(dir.path().join(".env.local"), "DUOLOGUE_LLM=c\n").unwrap();
        assert_eq!(llm(&home, &[]).0, "c");
        let with_env = env(&[("HOME", "/home/a"), ("DUOLOGUE_LLM", "d")]);
        assert_eq!(llm(&with_env, &[]).0, "d");
        assert_eq!(llm(&with_env, &[("llm", "e".into())]), ("e".into(), Source::Flag("--llm".into())));
    }

    #[test]
    fn secrets_are_masked_and_misspellings_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let keyed = env(&[("HOME", "/h"), ("OPENAI_API_KEY", "sk-very-secret-key")]);
        let rows = Settings::read(dir.path(), &keyed, &[]).unwrap().rows();
        let row = rows.iter().find(|r| r[0] == "openai.api_key").unwrap();
        assert_eq!(row[1], "sk-****");
        std::fs::write(dir.path().join("duologue.yaml"), "# mine\nlml: a\nopenai:\n  api_kee: sk-secret\n").unwrap();
        let error = Settings::read(dir.path(), &keyed, &[]).unwrap_err().to_string();
        assert!(error.starts_with("unknown key `lml`, did you mean `llm`?\n --> duologue.yaml:2:1"), "{error}");
        assert!(error.contains("unknown key `api_kee`, did you mean `api_key`?\n --> duologue.yaml:4:3"), "{error}");
        assert!(!error.contains("sk-secret"), "{error}");
        std::fs::remove_file(dir.path().join("duologue.yaml")).unwrap();
        std::fs::write(dir.path().join(".env"), "A=1\nOPENAI_API_KEY='sk-secret\n").unwrap();
        let error = Settings::read(dir.path(), &keyed, &[]).unwrap_err().to_string();
        assert!(error.contains(".env:2") && !error.contains("sk-secret"), "{error}");
    }

    #[test]
    fn a_file_of_comments_sets_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = env(&[("HOME", "/h")]);
        for text in ["", "# llm: openai\n\n"] {
            std::fs::write(dir.path().join("duologue.yaml"), text).unwrap();
            assert_eq!(Settings::read(dir.path(), &home, &[]).unwrap().get("llm"), Some("local"));
        }
    }

    /// `DUOLOGUE_WRITE_SCHEMAS=1 cargo test -p duologue-cli schema` writes it anew.
    #[test]
    fn the_committed_schema_is_that_of_the_settings() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/duologue.schema.json");
        if std::env::var_os("DUOLOGUE_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, serde_json::to_string_pretty(&schema()).unwrap() + "\n").unwrap();
        }
        let committed: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
        assert!(committed == schema(), "run with DUOLOGUE_WRITE_SCHEMAS=1 and commit docs/duologue.schema.json");
    }
}
