use super::ReadError;
use crate::tidy::SourceFile;
use crate::tidy::source::test_modules;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every Rust file below `root`, ordered by path; build output and hidden folders left out.
pub(super) fn rust_files(root: &Path, target: &Path) -> Result<Vec<SourceFile>, ReadError> {
    let mut paths = Vec::new();
    collect(root, target, &mut paths)?;
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|source| ReadError::File { path: path.clone(), source })?;
        let below_root = path.strip_prefix(root).unwrap_or(&path);
        files.push(SourceFile::new(below_root.to_string_lossy().replace('\\', "/"), text));
    }
    mark_test_modules(&mut files);
    Ok(files)
}

fn collect(folder: &Path, target: &Path, paths: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let failed = |source| ReadError::File { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let skipped = name.starts_with('.') || matches!(&*name, "target" | "node_modules") || path == target;
        // Links are not followed: they could lead out of the workspace or in circles.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && !skipped {
            collect(&path, target, paths)?;
        } else if kind.is_file() && name.ends_with(".rs") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Marks the files of modules that another file declares as `#[cfg(test)] mod name;`.
fn mark_test_modules(files: &mut [SourceFile]) {
    let declared: BTreeSet<String> = files.iter().flat_map(declared_test_files).collect();
    for file in files.iter_mut() {
        let folder_of_module = |stem: &String| file.path.starts_with(&format!("{stem}/"));
        if declared.contains(file.path.trim_end_matches(".rs")) || declared.iter().any(folder_of_module) {
            file.mark_as_test();
        }
    }
}

/// Paths, without the ending, at which the test modules of `file` may lie.
fn declared_test_files(file: &SourceFile) -> Vec<String> {
    let stem = file.path.trim_end_matches(".rs");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let children = if matches!(name, "lib" | "main" | "mod") { folder } else { stem };
    test_modules(&file.code).into_iter().map(|module| format!("{children}/{module}")).collect()
}

#[cfg(test)]
mod tests {
    use super::mark_test_modules;
    use crate::tidy::SourceFile;

    #[test]
    fn modules_declared_for_tests_are_tests_as_a_whole() {
        let file = |path: &str, text: &str| SourceFile::new(path.to_owned(), text.to_owned());
        let mut files = [
            file("core/x/src/lib.rs", "mod turn;\n#[cfg(test)]\nmod laws;\n"),
            file("core/x/src/laws.rs", "fn a() {}\n"),
            file("core/x/src/turn.rs", "#[cfg(test)]\nmod cases;\n"),
            file("core/x/src/turn/cases.rs", "fn a() {}\n"),
        ];
        mark_test_modules(&mut files);
        assert_eq!(files.map(|file| file.all_test), [false, true, false, true]);
    }
}
