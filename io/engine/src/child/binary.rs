use super::EngineError;
use std::env;
use std::path::{Path, PathBuf};

/// Names a folder that holds the engines.
const FOLDER_VARIABLE: &str = "DUOLOGUE_ENGINE_DIR";

/// Finds an engine's program by name (`duologue-engine-llm`): in `folder`, else that of `DUOLOGUE_ENGINE_DIR`, and nowhere
/// else where either is given; otherwise beside the running program (or above it, where tests and examples run), then in
/// `PATH`.
pub fn find_engine(name: &str, folder: Option<&Path>) -> Result<PathBuf, EngineError> {
    let configured = || env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folders = match folder.map(Path::to_owned).or_else(configured) {
        Some(folder) => vec![folder],
        None => {
            let own = env::current_exe().ok();
            let beside = own.iter().flat_map(|program| program.ancestors().skip(1).take(2)).map(Path::to_owned);
            let path = env::var_os("PATH").unwrap_or_default();
            beside.chain(env::split_paths(&path)).collect()
        }
    };
    find_in(name, folders)
}

fn find_in(name: &str, folders: Vec<PathBuf>) -> Result<PathBuf, EngineError> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let found = folders.iter().map(|folder| folder.join(&name)).find(|program| program.is_file());
    found.ok_or(EngineError::Missing { name, looked_in: folders })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_models::ModelErrorKind;

    #[test]
    fn the_first_folder_that_has_it_wins_and_a_missing_one_names_all_folders_and_the_remedy() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = vec![empty.path().to_owned(), full.path().to_owned()];
        let error = find_in("engine-x", folders.clone()).unwrap_err();
        assert_eq!(error.kind(), ModelErrorKind::Configuration);
        assert!(error.to_string().contains(&full.path().display().to_string()), "{error}");
        assert!(error.help().contains("make build"));
        let program = full.path().join(format!("engine-x{}", env::consts::EXE_SUFFIX));
        std::fs::write(&program, "").unwrap();
        assert_eq!(find_in("engine-x", folders).unwrap(), program);
    }
}
