//! The part of cargo's metadata that tidy uses. These types stop here.

use super::ReadError;
use crate::tidy::{Dependency, Kind, Package};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
pub(super) struct Metadata {
    packages: Vec<RawPackage>,
    workspace_members: Vec<String>,
    #[serde(default)]
    workspace_default_members: Vec<String>,
    resolve: Resolve,
    pub(super) target_directory: PathBuf,
}

#[derive(Deserialize)]
struct RawPackage {
    id: String,
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<RawDependency>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

/// Asks cargo.
pub(super) fn run(root: &Path) -> Result<Metadata, ReadError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|source| ReadError::Start { root: root.to_owned(), source })?;
    if !output.status.success() {
        return Err(ReadError::Cargo { stderr: String::from_utf8_lossy(&output.stderr).into_owned() });
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Metadata {
    /// Our own packages, ordered by folder.
    pub(super) fn packages(&self, root: &Path) -> Vec<Package> {
        let members = self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        let mut packages: Vec<_> = members.map(|package| self.package(package, root)).collect();
        packages.sort_by(|a, b| a.folder.cmp(&b.folder));
        packages
    }

    fn package(&self, raw: &RawPackage, root: &Path) -> Package {
        let folder = raw.manifest_path.parent().unwrap_or(root);
        let folder = folder.strip_prefix(root).unwrap_or(folder);
        Package {
            name: raw.name.clone(),
            folder: folder.to_string_lossy().replace('\\', "/"),
            dependencies: raw.dependencies.iter().map(RawDependency::model).collect(),
            closure: self.closure(&raw.id),
            default_member: self.workspace_default_members.contains(&raw.id),
        }
    }

    /// Names of the foreign crates that building the package compiles, tests left out.
    fn closure(&self, start: &str) -> BTreeSet<String> {
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let (mut seen, mut waiting) = (BTreeSet::from([start]), vec![start]);
        while let Some(node) = waiting.pop().and_then(|id| nodes.get(id)) {
            let shipped = node.deps.iter().filter(|edge| edge.dep_kinds.iter().any(EdgeKind::is_shipped));
            waiting.extend(shipped.map(|edge| edge.pkg.as_str()).filter(|id| seen.insert(id)));
        }
        let foreign =
            self.packages.iter().filter(|p| seen.contains(p.id.as_str()) && !self.workspace_members.contains(&p.id));
        foreign.map(|package| package.name.clone()).collect()
    }
}

impl RawDependency {
    fn model(&self) -> Dependency {
        let kind = match self.kind.as_deref() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        };
        Dependency { name: self.name.clone(), kind }
    }
}

impl EdgeKind {
    fn is_shipped(&self) -> bool {
        self.kind.as_deref() != Some("dev")
    }
}

#[cfg(test)]
mod tests {
    use super::Metadata;
    use std::path::Path;

    const ANSWER: &str = r#"{
        "packages": [
            {"id": "voice", "name": "duologue-voice", "manifest_path": "/w/core/voice/Cargo.toml",
             "dependencies": [{"name": "serde", "kind": null}, {"name": "proptest", "kind": "dev"}]},
            {"id": "serde", "name": "serde", "manifest_path": "/r/serde/Cargo.toml", "dependencies": []},
            {"id": "core", "name": "serde_core", "manifest_path": "/r/serde_core/Cargo.toml", "dependencies": []},
            {"id": "proptest", "name": "proptest", "manifest_path": "/r/proptest/Cargo.toml", "dependencies": []}
        ],
        "workspace_members": ["voice"],
        "workspace_default_members": ["voice"],
        "resolve": {"nodes": [
            {"id": "voice", "deps": [{"pkg": "serde", "dep_kinds": [{"kind": null}]},
                                     {"pkg": "proptest", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "serde", "deps": [{"pkg": "core", "dep_kinds": [{"kind": null}]}]}
        ]},
        "target_directory": "/w/target"
    }"#;

    #[test]
    fn a_package_knows_its_folder_and_what_its_build_compiles() {
        let metadata: Metadata = serde_json::from_str(ANSWER).unwrap();
        let packages = metadata.packages(Path::new("/w"));
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].folder, "core/voice");
        assert!(packages[0].default_member);
        assert_eq!(packages[0].closure.iter().collect::<Vec<_>>(), ["serde", "serde_core"]);
    }
}
