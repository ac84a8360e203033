//! Core may use the crates on this list: small, without clock, disk, sockets or threads of their own.

use crate::tidy::{Finding, Kind, Layer, Workspace};

/// Crates that core may ship, and what for.
const SHIPPED: [(&str, &str); 22] = [
    ("serde", "types that are stored or sent"),
    ("serde_json", "arguments and results of tools"),
    ("thiserror", "errors with advice"),
    ("rand_chacha", "randomness that a seed determines"),
    ("rand_core", "the trait of the above"),
    ("earshot", "voice activity detection"),
    ("ropus", "Opus encoder with DTX"),
    ("opus-rs", "Opus decoder with concealment as libopus has it"),
    ("ogg", "recordings that every player opens"),
    ("livekit-protocol", "LiveKit's messages as its makers generate them"),
    (
        "livekit-token",
        "what an access token grants, as its makers spell it; signed here, since their signer reads the clock",
    ),
    ("prost", "the encoding of the above"),
    ("base64", "requests that travel in an address, and tokens"),
    ("flate2", "requests that travel compressed, in memory"),
    ("hmac", "signatures of access tokens"),
    ("sha2", "the digest of the above"),
    ("serde_json_canonicalizer", "the form of a card that is signed (RFC 8785)"),
    ("serde_path_to_error", "where in a request the trouble is"),
    ("serde-saphyr", "YAML files, read with places"),
    ("schemars", "the schemas of those files"),
    ("regex", "the patterns of those schemas"),
    ("strsim", "which key was probably meant"),
];

/// Crates that core's tests and benchmarks may use beside those.
const FOR_TESTS: [&str; 6] = ["proptest", "criterion", "hound", "realfft", "prost-reflect", "protox"];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let core = workspace.packages.iter().filter(|package| package.layer() == Layer::Core);
    let all = core.flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)));
    all.filter(|(_, dependency)| workspace.package(&dependency.name).is_none())
        .filter(|(_, dependency)| !allowed(&dependency.name, dependency.kind))
        .map(|(package, dependency)| Finding {
            rule: "core-dependencies",
            place: format!("{}/Cargo.toml", package.folder),
            what: format!("depends on the crate {}", dependency.name),
            why: "core decides from its inputs alone; a crate with a clock, a disk or threads would decide behind its back".into(),
            instead: format!("use it in io/ and hand core the result, or add it with what it is for to {}", file!()),
        })
        .collect()
}

fn allowed(name: &str, kind: Kind) -> bool {
    SHIPPED.iter().any(|(shipped, _)| *shipped == name) || (kind == Kind::Dev && FOR_TESTS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::{package, packages};
    use crate::tidy::{Dependency, Kind};

    #[test]
    fn unknown_crates_are_refused_in_core_only() {
        assert_eq!(check(&packages(vec![package("core/voice", &["serde"]), package("io/engine", &["tokio"])])), []);
        assert_eq!(check(&packages(vec![package("core/voice", &["tokio"])]))[0].what, "depends on the crate tokio");
    }

    #[test]
    fn tests_may_use_more() {
        let mut voice = package("core/voice", &[]);
        voice.dependencies.push(Dependency { name: "proptest".into(), kind: Kind::Dev });
        assert_eq!(check(&packages(vec![voice])), []);
        assert_eq!(check(&packages(vec![package("core/voice", &["proptest"])])).len(), 1);
    }
}
