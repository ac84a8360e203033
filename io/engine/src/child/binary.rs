use super::EngineError;
use std::env;
use std::path::{Path, PathBuf};

/// Names a folder that holds the engines.
const FOLDER_VARIABLE: &str = "DUOLOGUE_ENGINE_DIR";

/// Finds an engine's program by name (`duologue-engine-llm`): in `folder`, else that of `DUOLOGUE_ENGINE_DIR`, and nowhere
/// else where either is given; otherwise beside the running program (or above it, where tests and examples run), then in
/// `PATH`. Where a folder also has the engine for processors as good as this one (`…-avx512`), that is taken.
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
    find_in(name, has_avx512(), folders)
}

fn find_in(name: &str, avx512: bool, folders: Vec<PathBuf>) -> Result<PathBuf, EngineError> {
    let portable = format!("{name}{}", env::consts::EXE_SUFFIX);
    let fast = avx512.then(|| format!("{name}-avx512{}", env::consts::EXE_SUFFIX));
    let in_folder =
        |folder: &PathBuf| fast.iter().chain([&portable]).map(|name| folder.join(name)).find(|p| p.is_file());
    let found = folders.iter().find_map(in_folder);
    found.ok_or(EngineError::Missing { name: portable, looked_in: folders })
}

/// Whether processor and system have all that the engines named `…-avx512` are compiled for (`scripts/fast-engine.sh`).
#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f")
        && has!("avx512cd")
        && has!("avx512bw")
        && has!("avx512dq")
        && has!("avx512vl")
        && has!("avx512vnni")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_models::ModelErrorKind;

    #[test]
    fn the_first_folder_that_has_it_wins_and_a_missing_one_names_all_folders_and_the_remedy() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = vec![empty.path().to_owned(), full.path().to_owned()];
        let error = find_in("engine-x", false, folders.clone()).unwrap_err();
        assert_eq!(error.kind(), ModelErrorKind::Configuration);
        assert!(error.to_string().contains(&full.path().display().to_string()), "{error}");
        assert!(error.help().contains("make build"));
        let program = full.path().join(format!("engine-x{}", env::consts::EXE_SUFFIX));
        std::fs::write(&program, "").unwrap();
        assert_eq!(find_in("engine-x", true, folders).unwrap(), program);
    }

    #[test]
    fn the_engine_for_better_processors_is_taken_only_on_such() {
        let folder = tempfile::tempdir().unwrap();
        let [portable, fast] = ["engine-x", "engine-x-avx512"].map(|name| {
            let program = folder.path().join(format!("{name}{}", env::consts::EXE_SUFFIX));
            std::fs::write(&program, "").unwrap();
            program
        });
        let found = |avx512| find_in("engine-x", avx512, vec![folder.path().to_owned()]).unwrap();
        assert_eq!((found(false), found(true)), (portable, fast));
    }
}
