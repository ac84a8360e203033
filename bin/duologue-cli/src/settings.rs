//! Settings: defaults < duologue.yaml < .env < .env.local < environment < flags, each with where it came from.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A setting that exists.
struct Known {
    key: &'static str,
    env: &'static str,
    default: Option<&'static str>,
    secret: bool,
    about: &'static str,
}

const KNOWN: &[Known] = &[
    Known { key: "home", env: "DUOLOGUE_HOME", default: None, secret: false, about: "data directory" },
    Known { key: "models", env: "DUOLOGUE_MODELS", default: None, secret: false, about: "model cache" },
    Known {
        key: "models_mirror",
        env: "DUOLOGUE_MODELS_MIRROR",
        default: None,
        secret: false,
        about: "where to fetch models first",
    },
    Known {
        key: "engine_dir",
        env: "DUOLOGUE_ENGINE_DIR",
        default: None,
        secret: false,
        about: "where the engines are",
    },
    Known { key: "stt", env: "DUOLOGUE_STT", default: Some("local"), secret: false, about: "speech to text" },
    Known { key: "llm", env: "DUOLOGUE_LLM", default: Some("local"), secret: false, about: "language model" },
    Known { key: "tts", env: "DUOLOGUE_TTS", default: Some("local"), secret: false, about: "text to speech" },
    Known {
        key: "language_model",
        env: "DUOLOGUE_LANGUAGE_MODEL",
        default: None,
        secret: false,
        about: "local language model, where several are here",
    },
    Known {
        key: "openai.base_url",
        env: "OPENAI_BASE_URL",
        default: Some("https://api.openai.com/v1"),
        secret: false,
        about: "OpenAI-compatible endpoint",
    },
    Known { key: "openai.api_key", env: "OPENAI_API_KEY", default: None, secret: true, about: "key for it" },
];

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
    #[error("{path}: unknown setting `{key}`{hint}\n  help: `duologue config show` lists all settings")]
    Unknown { path: PathBuf, key: String, hint: String },
    #[error("{path}: setting `{key}` takes a text\n  help: write `{key}: value`")]
    NotText { path: PathBuf, key: String },
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
        for known in KNOWN {
            if let Some(default) = known.default {
                settings.set(known.key, default, Source::Default);
            }
        }
        settings.read_yaml(&folder.join("duologue.yaml"))?;
        for name in [".env", ".env.local"] {
            settings.read_env_file(&folder.join(name), name)?;
        }
        for known in KNOWN {
            if let Some(value) = env.get(known.env).filter(|v| !v.is_empty()) {
                settings.set(known.key, value, Source::Environment(known.env.to_string()));
            }
        }
        for (key, value) in flags {
            settings.set(key, value, Source::Flag(format!("--{}", key.replace('_', "-"))));
        }
        settings.fill_home(env)?;
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

    /// Every setting as a row: key, value (masked), source, what it is.
    pub(crate) fn rows(&self) -> Vec<[String; 4]> {
        let row = |k: &Known| {
            let (value, source) = match self.values.get(k.key) {
                Some((value, source)) if k.secret => (mask(value), source.to_string()),
                Some((value, source)) => (value.clone(), source.to_string()),
                None => ("-".to_string(), "not set".to_string()),
            };
            [k.key.to_string(), value, source, format!("{} [{}]", k.about, k.env)]
        };
        KNOWN.iter().map(row).collect()
    }

    fn set(&mut self, key: &'static str, value: &str, source: Source) {
        self.values.insert(key, (value.to_string(), source));
    }

    fn read_yaml(&mut self, path: &Path) -> Result<(), SettingsError> {
        let Some(text) = read_if_there(path)? else { return Ok(()) };
        let parsed: Result<BTreeMap<String, Value>, _> = serde_saphyr::from_str(&text);
        let tree = parsed.map_err(|e| SettingsError::File { path: path.into(), reason: e.to_string() })?;
        for (key, value) in flatten(&tree) {
            let Some(known) = KNOWN.iter().find(|k| k.key == key) else {
                return Err(SettingsError::Unknown { path: path.into(), hint: nearest(&key), key });
            };
            let Value::String(text) = value else {
                return Err(SettingsError::NotText { path: path.into(), key });
            };
            self.set(known.key, &text, Source::File("duologue.yaml".to_string()));
        }
        Ok(())
    }

    fn read_env_file(&mut self, path: &Path, name: &str) -> Result<(), SettingsError> {
        let Some(text) = read_if_there(path)? else { return Ok(()) };
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (variable, value) =
                entry.map_err(|e| SettingsError::File { path: path.into(), reason: e.to_string() })?;
            // Other programs' variables live in these files too.
            if let Some(known) = KNOWN.iter().find(|k| k.env == variable).filter(|_| !value.is_empty()) {
                self.set(known.key, &value, Source::File(name.to_string()));
            }
        }
        Ok(())
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
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(SettingsError::File { path: path.into(), reason: e.to_string() }),
    }
}

/// `openai: {base_url: x}` becomes `openai.base_url: x`.
fn flatten(tree: &BTreeMap<String, Value>) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (key, value) in tree {
        match value {
            Value::Object(inner) => out.extend(inner.iter().map(|(k, v)| (format!("{key}.{k}"), v.clone()))),
            other => out.push((key.clone(), other.clone())),
        }
    }
    out
}

fn nearest(key: &str) -> String {
    let best = KNOWN.iter().map(|k| (strsim::jaro_winkler(k.key, key), k.key)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.8).map_or(String::new(), |(_, k)| format!(", did you mean `{k}`?"))
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
        std::fs::write(dir.path().join("duologue.yaml"), "llm: a\nopenai:\n  base_url: http://x/v1\n").unwrap();
        assert_eq!(llm(&home, &[]).0, "a");
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
        std::fs::write(dir.path().join("duologue.yaml"), "lml: a\n").unwrap();
        let error = Settings::read(dir.path(), &keyed, &[]).unwrap_err().to_string();
        assert!(error.contains("`lml`"), "{error}");
    }
}
