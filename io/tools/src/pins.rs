//! What was seen of tools of others before: [`Pins`]. The words of a tool are a stranger's, and a model follows words; so what changes
//! them is seen by somebody before a model reads them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Larger files are none of ours.
const FILE_MAX: u64 = 4 << 20;

/// By server and tool, the SHA-256 of name, description and parameters as they were when first seen, or allowed. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pins(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    file: Option<PathBuf>,
    known: Mutex<Known>,
}

type Known = BTreeMap<String, BTreeMap<String, String>>;

/// Why there are no pins.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// The file can't be read or written.
    #[error("{path} cannot be used: {why}\n  help: it holds what tools of others looked like when they were allowed")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says, or what is wrong.
        why: String,
    },
}

/// How a tool looks beside what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// For the first time; from now on it is known.
    First,
    /// As before.
    Same,
    /// It is not what it was.
    Changed,
}

impl Pins {
    /// For as long as this process runs.
    pub fn in_memory() -> Pins {
        Pins::default()
    }

    /// Kept in a file, which is made when something is seen. Blocks on the disk.
    ///
    /// # Errors
    /// [`PinsError`].
    pub fn at(file: &Path) -> Result<Pins, PinsError> {
        let known = Mutex::new(read(file)?);
        Ok(Pins(Arc::new(Shared { file: Some(file.to_owned()), known })))
    }

    /// Looks at a tool. What is seen first is known from then on.
    pub(crate) fn see(&self, server: &str, tool: &str, pin: &str) -> Seen {
        let mut known = self.lock();
        let before = |known: &Known| known.get(server)?.get(tool).cloned();
        // Another process, or a person, may have allowed it since.
        if before(&known).as_deref() != Some(pin) {
            self.reload(&mut known);
        }
        match before(&known) {
            Some(known) if known == pin => Seen::Same,
            Some(_) => Seen::Changed,
            None => {
                known.entry(server.to_owned()).or_default().insert(tool.to_owned(), pin.to_owned());
                if let Err(error) = self.save(&known) {
                    tracing::warn!(%error, "what a tool looks like is known for this process only");
                }
                Seen::First
            }
        }
    }

    /// From now on a tool looks like this.
    pub(crate) fn allow(&self, server: &str, tool: &str, pin: &str) -> Result<(), PinsError> {
        let mut known = self.lock();
        self.reload(&mut known);
        known.entry(server.to_owned()).or_default().insert(tool.to_owned(), pin.to_owned());
        self.save(&known)
    }

    fn reload(&self, known: &mut Known) {
        match self.0.file.as_deref().map(read) {
            Some(Ok(kept)) => *known = kept,
            Some(Err(error)) => tracing::warn!(%error, "what was allowed before is taken from memory"),
            None => {}
        }
    }

    /// In one step, so that whoever reads finds the old or the new whole.
    fn save(&self, known: &Known) -> Result<(), PinsError> {
        let Some(file) = &self.0.file else { return Ok(()) };
        let failed = |error: std::io::Error| PinsError::File { path: file.clone(), why: error.to_string() };
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let new = file.with_extension(format!("{}.new", std::process::id()));
        let text = serde_json::to_string_pretty(known).unwrap_or_default() + "\n";
        std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, file)).map_err(failed)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> Result<Known, PinsError> {
    let failed = |why: String| PinsError::File { path: file.to_owned(), why };
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Known::new()),
        Err(error) => return Err(failed(error.to_string())),
        Ok(meta) if meta.len() > FILE_MAX => return Err(failed(format!("it is larger than {FILE_MAX} bytes"))),
        Ok(_) => {}
    }
    let bytes = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

/// SHA-256, in hexadecimal digits, of the canonical form (RFC 8785) of everything that a model reads of a tool, as it came.
pub(crate) fn pin(name: &str, description: &str, parameters: &Value) -> Result<String, String> {
    let all = json!({ "name": name, "description": description, "parameters": parameters });
    let canonical = serde_json_canonicalizer::to_vec(&all).map_err(|error| error.to_string())?;
    Ok(hex(&canonical))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_known_until_it_is_allowed_also_by_somebody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("home/pins.json");
        let pins = Pins::at(&file).unwrap();
        assert_eq!(
            [pins.see("s", "t", "1"), pins.see("s", "t", "1"), pins.see("s", "t", "2")],
            [Seen::First, Seen::Same, Seen::Changed]
        );
        // Another process, later.
        let theirs = Pins::at(&file).unwrap();
        assert_eq!([theirs.see("s", "t", "2"), theirs.see("other", "t", "2")], [Seen::Changed, Seen::First]);
        theirs.allow("s", "t", "2").unwrap();
        assert_eq!([pins.see("s", "t", "2"), pins.see("other", "t", "2")], [Seen::Same, Seen::Same]);
        assert_eq!(pins.see("s", "t", "1"), Seen::Changed, "not back either");
    }

    #[test]
    fn a_pin_is_of_all_that_a_model_reads_and_of_no_order() {
        let schema = json!({"type": "object", "properties": {"a": {}, "b": {}}});
        let same: Value = serde_json::from_str(r#"{"properties":{"b":{},"a":{}},"type":"object"}"#).unwrap();
        let of = |name, words, schema: &Value| pin(name, words, schema).unwrap();
        assert_eq!(of("t", "d", &schema), of("t", "d", &same));
        assert_ne!(of("t", "d", &schema), of("t", "d ", &schema));
        assert_ne!(of("t", "d", &schema), of("t", "d", &json!({"type": "object"})));
    }

    #[test]
    fn a_file_that_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins.json");
        std::fs::write(&file, "[1]").unwrap();
        assert!(Pins::at(&file).unwrap_err().to_string().contains("pins.json"));
    }
}
