//! Native inference stays in the engine processes: nobody else compiles it, and no process links two of its kind.

use crate::tidy::{Finding, Package, Workspace};

/// The crates that run models.
const INFERENCE: [&str; 3] = ["llama-cpp-2", "whisper-rs", "rten"];

/// Who may name them in a manifest.
const OWNERS: [&str; 3] = ["bin/engine-llm", "bin/engine-speech", "io/engine"];

/// Two copies of ggml whose symbols clash when linked into one program.
const CLASHING: [&str; 2] = ["llama-cpp-2", "whisper-rs"];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace
        .packages
        .iter()
        .flat_map(|package| [stranger(package), default_build(package), clash(package)])
        .flatten()
        .collect()
}

fn stranger(package: &Package) -> Option<Finding> {
    let named = package.dependencies.iter().find(|dependency| INFERENCE.contains(&dependency.name.as_str()))?;
    (!OWNERS.contains(&package.folder.as_str())).then(|| {
        finding(
            package,
            format!("depends on {}", named.name),
            "a crash in native code must end one engine and not every call, so it runs in child processes only",
            "ask the engine through the traits of io/models",
        )
    })
}

fn default_build(package: &Package) -> Option<Finding> {
    let compiled = INFERENCE.iter().find(|name| package.closure.contains(**name))?;
    package.default_member.then(|| {
        finding(
            package,
            format!("a bare `cargo build` of it compiles {compiled}"),
            "the default members build and test in seconds, without cmake or clang",
            "reach the engine as a child process, or take the package out of `default-members`",
        )
    })
}

fn clash(package: &Package) -> Option<Finding> {
    CLASHING.iter().all(|name| package.closure.contains(*name)).then(|| {
        finding(
            package,
            format!("links {} into one program", CLASHING.join(" and ")),
            "both carry ggml under the same symbols with different layouts: it links silently and computes nonsense",
            "one engine process for each",
        )
    })
}

fn finding(package: &Package, what: String, why: &str, instead: &str) -> Finding {
    let place = format!("{}/Cargo.toml", package.folder);
    Finding { rule: "native-engines", place, what, why: why.into(), instead: instead.into() }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::{package, packages};

    #[test]
    fn engines_may_and_others_may_not() {
        assert_eq!(check(&packages(vec![package("bin/engine-llm", &["llama-cpp-2"])])), []);
        assert_eq!(check(&packages(vec![package("io/conversation", &["rten"])])).len(), 1);
    }

    #[test]
    fn the_default_build_stays_light() {
        let mut cli = package("bin/duologue-cli", &[]);
        cli.closure.insert("rten".into());
        assert_eq!(check(&packages(vec![cli.clone()])), []);
        cli.default_member = true;
        assert_eq!(check(&packages(vec![cli])).len(), 1);
    }

    #[test]
    fn two_ggmls_never_meet() {
        let mut both = package("bin/engine-all", &[]);
        both.closure.extend(["llama-cpp-2".to_owned(), "whisper-rs".to_owned()]);
        assert!(check(&packages(vec![both]))[0].what.contains("into one program"));
    }
}
