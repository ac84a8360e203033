//! The folder of a run: made, or cleared of the run before, and never somebody else's.

use crate::files::{PAGE, RESULTS, TESTS, TIMING, read_run};
use crate::results::Run;
use duologue_conversation::FolderError;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Conversations, below the folder of a run.
const CONVERSATIONS: &str = "conversations";
/// Room that is given back for the results, so that a full disk does not cost what was held before.
const RESERVE: &str = ".reserve";
/// Bytes of results: of a run, and of each of its conversations.
const RUN_BYTES: usize = 160 << 10;
const CONVERSATION_BYTES: usize = 12 << 10;

/// Why a folder can't be used for a run.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It can't be made, looked into or cleared.
    #[error("{path} cannot be used: {why}\n  help: choose another folder with `--out DIR`")]
    Unusable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// There is something in it that no run put there.
    #[error(
        "{path} is not empty, and no earlier run is in it; its files could be overwritten\n  \
         help: choose another folder with `--out DIR`"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
}

/// Makes the folder of a run that is about to begin. What an earlier run wrote there is removed; `empty` takes its place,
/// so that a run whose process is killed tells that it is not complete.
pub(crate) fn begin(out: &Path, empty: &Run) -> Result<(), PlaceError> {
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |why| PlaceError::Unusable { path, why }
    };
    fs::create_dir_all(out).map_err(unusable(out))?;
    let is_empty = fs::read_dir(out).map_err(unusable(out))?.next().is_none();
    if !is_empty && read_run(out).is_err() {
        return Err(PlaceError::Foreign { path: out.into() });
    }
    for name in [RESULTS, TIMING, TESTS, PAGE, RESERVE] {
        let path = out.join(name);
        gone(fs::remove_file(&path)).map_err(unusable(&path))?;
    }
    clear(&out.join(CONVERSATIONS))?;
    let results = out.join(RESULTS);
    fs::write(&results, serde_json::to_vec_pretty(empty).unwrap_or_default()).map_err(unusable(&results))?;
    let room = out.join(RESERVE);
    fs::write(&room, vec![1; RUN_BYTES]).map_err(unusable(&room))
}

/// Holds back room for what the results will say of one more conversation.
pub(crate) fn reserve(out: &Path) -> Result<(), FolderError> {
    let path = out.join(RESERVE);
    let more = || OpenOptions::new().append(true).open(&path)?.write_all(&[1; CONVERSATION_BYTES]);
    more().map_err(|source| FolderError::Write { path: path.clone(), source })
}

/// Gives back what was held back for the results.
pub(crate) fn release(out: &Path) {
    drop(fs::remove_file(out.join(RESERVE)));
}

/// Removes `CASE/sNNN` and what is empty then; whatever else lies there is no run's.
fn clear(conversations: &Path) -> Result<(), PlaceError> {
    for case in folders(conversations)? {
        let is_seed = |path: &PathBuf| {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            name.strip_prefix('s').is_some_and(|n| n.len() >= 3 && n.bytes().all(|b| b.is_ascii_digit()))
        };
        for path in folders(&case)?.into_iter().filter(is_seed) {
            gone(fs::remove_dir_all(&path)).map_err(|why| PlaceError::Unusable { path, why })?;
        }
        drop(fs::remove_dir(&case));
    }
    drop(fs::remove_dir(conversations));
    Ok(())
}

/// The folders in a folder, links left out.
fn folders(of: &Path) -> Result<Vec<PathBuf>, PlaceError> {
    let entries = match fs::read_dir(of) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|why| PlaceError::Unusable { path: of.into(), why })?,
    };
    let is_folder = |e: &fs::DirEntry| e.file_type().is_ok_and(|t| t.is_dir());
    Ok(entries.flatten().filter(is_folder).map(|e| e.path()).collect())
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::{case, held, run};

    fn some() -> Run {
        run(vec![case("a", vec![held("a", 1, &[])], &[])])
    }

    #[test]
    fn a_run_takes_the_place_of_another_and_of_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("run");
        begin(&out, &some()).unwrap();
        let seed = out.join("conversations/a/s001");
        let others = [out.join("notes.txt"), out.join("conversations/c-12/summary.json")];
        for file in others.iter().chain([&seed.join("report.html"), &out.join(PAGE), &out.join(TESTS)]) {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        begin(&out, &some()).unwrap();
        assert!(!seed.exists() && !out.join(PAGE).exists() && !out.join(TESTS).exists());
        assert!(others.iter().all(|file| file.is_file()), "what no run wrote stays");
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        for name in [PAGE, "run.json", "notes.txt"] {
            let out = home.path().join(name);
            fs::create_dir(&out).unwrap();
            fs::write(out.join(name), "{}").unwrap();
            let told = begin(&out, &some()).unwrap_err().to_string();
            assert!(told.contains("is not empty") && told.contains("`--out DIR`"), "{told}");
            assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
            assert_eq!(fs::read(out.join(name)).unwrap(), b"{}");
        }
    }
}
