//! Dependencies point down only: bin → sdk → io → core, and nothing depends on bin, tests, benchmarks or xtask, but that benchmarks
//! may share what they measure.

use crate::tidy::model::Package;
use crate::tidy::{Finding, Layer, Workspace};

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let upward = workspace
        .internal_dependencies()
        .filter(|(from, to)| !allowed(from.layer(), to.layer()) && !are_benchmarks(from, to));
    upward
        .map(|(from, to)| Finding {
            rule: "directions",
            place: format!("{}/Cargo.toml", from.folder),
            what: format!("depends on {} in {}/", to.name, to.folder),
            why: "dependencies point down only (bin → sdk → io → core), so that core compiles and is tested alone"
                .into(),
            instead: "move what is needed down, or let core name a trait or an output that the layer above fills"
                .into(),
        })
        .collect()
}

fn allowed(from: Layer, to: Layer) -> bool {
    let siblings = from == to && matches!(from, Layer::Core | Layer::Io | Layer::Sdk);
    siblings || (to < from && to < Layer::Bin)
}

fn are_benchmarks(from: &Package, to: &Package) -> bool {
    [from, to].iter().all(|package| package.folder.starts_with("benches/"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::{package, packages};

    #[test]
    fn down_is_fine() {
        let fine = packages(vec![
            package("core/voice", &[]),
            package("io/engine", &["voice"]),
            package("bin/cli", &["engine"]),
        ]);
        assert_eq!(check(&fine), []);
    }

    #[test]
    fn up_and_onto_a_binary_is_not() {
        let up = packages(vec![package("core/voice", &["engine"]), package("io/engine", &[])]);
        assert_eq!(check(&up)[0].place, "core/voice/Cargo.toml");
        assert_eq!(check(&packages(vec![package("bin/a", &["b"]), package("bin/b", &[])])).len(), 1);
        assert_eq!(check(&packages(vec![package("benches/a", &["b"]), package("bin/b", &[])])).len(), 1);
        assert_eq!(check(&packages(vec![package("bin/a", &["b"]), package("benches/b", &[])])).len(), 1);
        assert_eq!(check(&packages(vec![package("benches/a", &["b"]), package("benches/b", &[])])), []);
    }
}
