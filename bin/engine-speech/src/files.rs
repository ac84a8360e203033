//! Finds the model files and turns what is wrong with them into advice.

use crate::g2p::{Phonemizer, UnknownWords};
use crate::network::Network;
use crate::recognise::Recogniser;
use crate::voice::{Character, Speaker, Voice};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model file is missing or unusable.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}. Run `duologue models fetch` to fetch the speech models again.", file.display())]
pub(crate) struct FileError {
    file: PathBuf,
    problem: String,
}

/// The folder of the speech models.
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Looks in `folder`, which has `hibari/` and `whisper-tiny.en/`.
    pub(crate) fn new(folder: PathBuf) -> Files {
        Files { folder }
    }

    /// Loads the recogniser.
    pub(crate) fn recogniser(&self, threads: usize) -> Result<Recogniser, FileError> {
        let folder = self.folder.join("whisper-tiny.en");
        let (weights, words) = (folder.join("model.bin"), folder.join("vocabulary.txt"));
        let vocabulary = String::from_utf8(read(&words)?).map_err(|e| problem(&words, e))?;
        let loaded = Recogniser::load(read(&weights)?, &vocabulary, threads);
        loaded.map_err(|e| problem(if e.is_about_vocabulary() { &words } else { &weights }, e))
    }

    /// Loads all voices that are there.
    pub(crate) fn speaker(&self) -> Result<Speaker, FileError> {
        let folder = self.folder.join("hibari");
        let heart = Arc::new(network(&folder.join("hibari.onnx"))?);
        let mut voices = vec![
            Voice { character: Character::heart(), network: Arc::clone(&heart) },
            Voice { character: Character::orion(), network: heart },
        ];
        let fenrir = folder.join("am_fenrir_v2.int8.onnx");
        if fenrir.exists() {
            voices.push(Voice { character: Character::fenrir(), network: Arc::new(network(&fenrir)?) });
        }
        let unknown = UnknownWords::new(network(&folder.join("oov.onnx"))?, json(&folder.join("oov.json"))?);
        Ok(Speaker::new(voices, Phonemizer::new(json(&folder.join("vocab.json"))?, unknown)))
    }
}

fn read(file: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(file).map_err(|e| problem(file, e))
}

fn network(file: &Path) -> Result<Network, FileError> {
    Network::load(read(file)?).map_err(|e| problem(file, e))
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T, FileError> {
    serde_json::from_slice(&read(file)?).map_err(|e| problem(file, e))
}

fn problem(file: &Path, problem: impl ToString) -> FileError {
    FileError { file: file.to_owned(), problem: problem.to_string() }
}
