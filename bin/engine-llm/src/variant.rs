//! Two builds of one program: the portable one, and one for processors with AVX-512 beside it, which reads a prompt 1.4
//! times as fast (`scripts/fast-engine.sh`). Whoever starts the portable one gets the other where that can run.

use std::path::{Path, PathBuf};
use std::process::Stdio;

const FAST: &str = "duologue-engine-llm-avx512";
/// The argument of a process that only starts up and ends with 0.
pub(crate) const PROBE: &str = "--probe";

/// Whether llama.cpp is compiled for AVX-512 here, by the variable that its build reads.
fn is_fast() -> bool {
    matches!(option_env!("GGML_AVX512"), Some("ON"))
}

/// Whether processor and system have all that the fast build is compiled for.
#[cfg(target_arch = "x86_64")]
fn can_be_fast() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f")
        && has!("avx512cd")
        && has!("avx512bw")
        && has!("avx512dq")
        && has!("avx512vl")
        && has!("avx512vnni")
}

#[cfg(not(target_arch = "x86_64"))]
fn can_be_fast() -> bool {
    false
}

/// Says so if this build needs more than the processor has.
pub(crate) fn check() -> Result<(), &'static str> {
    if is_fast() && !can_be_fast() { Err("this engine was built for processors with AVX-512") } else { Ok(()) }
}

/// Goes on as the fast build where there is one that can run; returns where not.
pub(crate) fn become_fast() {
    if is_fast() || !can_be_fast() {
        return;
    }
    let Some(fast) = std::env::current_exe().ok().and_then(|own| fast_beside(&own)) else { return };
    if let Err(why) = probe(&fast) {
        eprintln!("note: {} does not start, this goes on without it: {why}", fast.display());
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = std::process::Command::new(&fast).args(std::env::args_os().skip(1)).exec();
        eprintln!("note: {} does not start: {error}", fast.display());
    }
}

/// Asks a build whether it starts: one that dies (a library that is missing, a file that is damaged, an instruction that
/// this processor lacks) must not cost more than its speed, and after `exec` there is no way back.
fn probe(program: &Path) -> Result<(), String> {
    let mut command = std::process::Command::new(program);
    command.arg(PROBE).stdin(Stdio::null()).stdout(Stdio::null());
    let run = command.output().map_err(|e| e.to_string())?;
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).map_or(String::new(), |line| format!("; {line}"));
    Err(format!("{}{last}", run.status))
}

/// The fast build beside the portable one, unless it is from an older build.
fn fast_beside(own: &Path) -> Option<PathBuf> {
    let fast = own.with_file_name(FAST);
    let built = |program: &Path| program.metadata().and_then(|found| found.modified()).ok();
    (fast.is_file() && built(&fast)? >= built(own)?).then_some(fast)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_fast_build_is_taken_unless_it_is_older() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("duologue-engine-llm");
        let built = |path: &Path, seconds| {
            let file = File::create(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        built(&own, 10);
        assert_eq!(fast_beside(&own), None);
        let fast = folder.path().join(FAST);
        built(&fast, 9);
        assert_eq!(fast_beside(&own), None);
        built(&fast, 10);
        assert_eq!(fast_beside(&own), Some(fast));
    }

    #[cfg(unix)]
    #[test]
    fn a_build_that_dies_at_start_is_not_become() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join(FAST);
        let write = |script: &str| {
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        };
        assert!(probe(&program).is_err(), "it is not there");
        write("[ \"$1\" = --probe ]");
        assert_eq!(probe(&program), Ok(()));
        write("kill -ILL $$");
        assert!(probe(&program).unwrap_err().contains("signal: 4"), "{:?}", probe(&program));
        write("echo 'libgomp.so.1: cannot open shared object file' >&2; exit 127");
        let why = probe(&program).unwrap_err();
        assert!(why.contains("127") && why.contains("libgomp.so.1"), "{why}");
        std::fs::write(&program, b"\x7fELF but cut off").unwrap();
        assert!(probe(&program).is_err());
    }
}
