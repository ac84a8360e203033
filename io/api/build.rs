//! Takes the page that `make page` built into the program: a table of its files. A page that has not been built, or that is
//! being built at this moment, is an empty table, never a failure.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo:rerun-if-changed=page");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("page/built");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let table = table(&root, &out).unwrap_or_else(|error| {
        println!("cargo:warning=the page is left out: {error}; `make page`, then build again");
        "&[]".to_owned()
    });
    if let Err(error) = fs::write(out.join("page.rs"), table) {
        println!("cargo:warning=the page cannot be taken in: {error}");
    }
}

/// Copies come into the program, so that the page may be built anew at any time.
fn table(root: &Path, out: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (n, file) in files.iter().enumerate() {
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let copy = out.join(format!("page-{n}"));
        fs::copy(file, &copy)?;
        // Writing to a String does not fail.
        let _ = writeln!(table, "    ({name:?}, include_bytes!({:?}) as &[u8]),", copy.display().to_string());
    }
    table.push(']');
    Ok(table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
