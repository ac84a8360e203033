use super::SourceFile;
use std::collections::BTreeSet;

/// The workspace as the rules see it.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Our own packages, ordered by folder.
    pub(crate) packages: Vec<Package>,
    /// Every Rust file under the root, ordered by path.
    pub(crate) files: Vec<SourceFile>,
}

/// One of our own packages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    /// Name in its manifest.
    pub(crate) name: String,
    /// Folder below the root with `/` between parts: `core/voice`.
    pub(crate) folder: String,
    /// What its manifest asks for.
    pub(crate) dependencies: Vec<Dependency>,
    /// Names of all foreign crates that its default build compiles, however deep, tests left out.
    pub(crate) closure: BTreeSet<String>,
    /// Built by a bare `cargo build`.
    pub(crate) default_member: bool,
}

/// One line of a manifest's dependency tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Name of the package depended on.
    pub(crate) name: String,
    /// In which table it stands.
    pub(crate) kind: Kind,
}

/// Which of a manifest's tables a dependency stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]`
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

/// The top-level folders, from the ground up: a package may depend on layers below its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// Decides.
    Core,
    /// Does.
    Io,
    /// What users write against.
    Sdk,
    /// Wires.
    Bin,
    /// End-to-end tests, benchmarks, examples, xtask: stand on anything, nothing stands on them.
    Top,
}

impl Layer {
    /// The layer of a path below the root, by its first folder.
    pub(crate) fn of(path: &str) -> Layer {
        match path.split('/').next() {
            Some("core") => Layer::Core,
            Some("io") => Layer::Io,
            Some("sdk") => Layer::Sdk,
            Some("bin") => Layer::Bin,
            _ => Layer::Top,
        }
    }
}

impl Package {
    /// The layer that its folder puts it in.
    pub(crate) fn layer(&self) -> Layer {
        Layer::of(&self.folder)
    }
}

impl Workspace {
    /// The package of that name, if it is one of ours.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Every dependency of one of our packages on another of ours that is compiled into it (tests left out).
    pub(crate) fn internal_dependencies(&self) -> impl Iterator<Item = (&Package, &Package)> {
        self.packages.iter().flat_map(move |from| {
            let shipped = from.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev);
            shipped.filter_map(move |dependency| Some((from, self.package(&dependency.name)?)))
        })
    }
}

#[cfg(test)]
pub(crate) mod fixtures {
    use super::{Dependency, Kind, Package, Workspace};

    /// A package at `folder`, named after its last part, that depends on `names`.
    pub(crate) fn package(folder: &str, names: &[&str]) -> Package {
        let name = folder.rsplit('/').next().unwrap_or(folder).to_owned();
        let dependencies =
            names.iter().map(|name| Dependency { name: (*name).to_owned(), kind: Kind::Normal }).collect();
        Package { name, folder: folder.to_owned(), dependencies, ..Package::default() }
    }

    /// A workspace of packages, without files.
    pub(crate) fn packages(packages: Vec<Package>) -> Workspace {
        Workspace { packages, files: Vec::new() }
    }

    /// A workspace of one file, without packages.
    pub(crate) fn file(path: &str, text: &str) -> Workspace {
        Workspace { packages: Vec::new(), files: vec![super::SourceFile::new(path.to_owned(), text.to_owned())] }
    }
}
