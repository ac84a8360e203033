use super::{LoadError, Place};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Longest policy or data file, bytes.
const FILE_MOST: u64 = 32 * 1024 * 1024;
/// Most files of one policy, and levels of folders.
const FILES_MOST: usize = 1_000;
const LEVELS_MOST: usize = 16;

/// Where a policy is: files, and folders with all that is below them.
///
/// What ends in `.rego` is policy, what ends in `.json`, `.yaml` or `.yml` is data. Data stands below `data` where its file
/// stands below the folder that was named, as a bundle of OPA has it: the members of `limits/data.json` are in `data.limits`.
/// Links are followed, hidden files are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyPaths(pub Vec<PathBuf>);

impl PolicyPaths {
    /// One file or folder.
    pub fn one(path: impl Into<PathBuf>) -> PolicyPaths {
        PolicyPaths(vec![path.into()])
    }

    /// The policies in a folder, one by one: the folder itself where a policy file is in it, else those below it, in the order of
    /// their names. A file is one policy.
    ///
    /// # Errors
    /// [`LoadError::Unreadable`], and [`LoadError::Nothing`] where there is none.
    pub fn each(path: impl Into<PathBuf>) -> Result<Vec<PolicyPaths>, LoadError> {
        let path = path.into();
        let mut all = Vec::new();
        each(&path, LEVELS_MOST, &mut all)?;
        if all.is_empty() { Err(LoadError::Nothing(path.display().to_string())) } else { Ok(all) }
    }

    /// What tells without reading the files whether they are still the same.
    ///
    /// # Errors
    /// [`LoadError::Unreadable`].
    pub fn stamp(&self) -> Result<Stamp, LoadError> {
        let found = find(self)?;
        let entry = |found: Found| Ok((unreadable(&found.path, std::fs::metadata(&found.path))?, found.path));
        let entries = found.into_iter().map(entry).collect::<Result<Vec<_>, LoadError>>()?;
        Ok(Stamp(entries.into_iter().map(|(about, path)| (path, about.len(), about.modified().ok())).collect()))
    }
}

/// All that was named, separated by commas.
impl fmt::Display for PolicyPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.iter().map(|path| path.display().to_string()).collect();
        f.write_str(&shown.join(", "))
    }
}

/// Names, lengths and times of change of all files of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, u64, Option<SystemTime>)>);

/// All files of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Name and text, in the order of the names.
    pub(crate) policies: Vec<(String, String)>,
    pub(crate) data: Value,
    /// `sha256:` and the digest of all names and contents.
    pub(crate) digest: String,
}

fn each(path: &Path, levels: usize, into: &mut Vec<PolicyPaths>) -> Result<(), LoadError> {
    if !unreadable(path, std::fs::metadata(path))?.is_dir() {
        into.push(PolicyPaths::one(path));
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in unreadable(path, std::fs::read_dir(path))? {
        inside.push(unreadable(path, entry)?.path());
    }
    inside.sort();
    if inside.iter().any(|path| path.extension().is_some_and(|ending| ending == "rego")) {
        into.push(PolicyPaths::one(path));
        return Ok(());
    }
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    for folder in inside.iter().filter(|path| path.is_dir() && !is_hidden(path)) {
        if let Some(levels) = levels.checked_sub(1) {
            each(folder, levels, into)?;
        }
    }
    Ok(())
}

struct Found {
    path: PathBuf,
    /// Below what was named.
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Policy,
    Json,
    Yaml,
}

/// Reads all files; those of tests only `with_tests`.
pub(crate) fn read(paths: &PolicyPaths, with_tests: bool) -> Result<Files, LoadError> {
    let mut files = Files { policies: Vec::new(), data: Value::Object(Map::new()), digest: String::new() };
    let mut sum = Sha256::new();
    for found in find(paths)? {
        if !with_tests && found.name.ends_with("_test.rego") {
            continue;
        }
        let text = text_of(&found.path)?;
        for part in [&found.name, &text] {
            sum.update((part.len() as u64).to_be_bytes());
            sum.update(part);
        }
        match found.kind {
            Kind::Policy => files.policies.push((found.name, text)),
            kind => add_data(&mut files.data, &found.name, parse_data(&found.name, &text, kind)?)?,
        }
    }
    if files.policies.is_empty() {
        return Err(LoadError::Nothing(paths.to_string()));
    }
    let digest: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    files.digest = format!("sha256:{digest}");
    Ok(files)
}

fn text_of(path: &Path) -> Result<String, LoadError> {
    let about = unreadable(path, std::fs::metadata(path))?;
    if about.len() > FILE_MOST {
        let why = format!("it has {} bytes, and {FILE_MOST} is the most", about.len());
        return Err(LoadError::Unreadable { path: path.to_owned(), why });
    }
    unreadable(path, std::fs::read_to_string(path))
}

fn unreadable<T>(path: &Path, done: std::io::Result<T>) -> Result<T, LoadError> {
    done.map_err(|error| LoadError::Unreadable { path: path.to_owned(), why: error.to_string() })
}

fn find(paths: &PolicyPaths) -> Result<Vec<Found>, LoadError> {
    let mut all = Vec::new();
    for path in &paths.0 {
        if unreadable(path, std::fs::metadata(path))?.is_dir() {
            walk(path, "", LEVELS_MOST, &mut all)?;
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let kind = kind_of(&name).unwrap_or(Kind::Policy);
            all.push(Found { path: path.clone(), name, kind });
        }
    }
    // Names decide the order, so that the same files have the same digest wherever they lie.
    all.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(all)
}

fn walk(folder: &Path, below: &str, levels: usize, into: &mut Vec<Found>) -> Result<(), LoadError> {
    let too_much = |why: &str| LoadError::Unreadable { path: folder.to_owned(), why: why.to_owned() };
    let levels =
        levels.checked_sub(1).ok_or_else(|| too_much("folders are too deep here: is there a circle of links?"))?;
    for entry in unreadable(folder, std::fs::read_dir(folder))? {
        let path = unreadable(folder, entry)?.path();
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        // A link to nowhere is an editor's lock, or something that somebody will miss: only what is policy counts.
        let Ok(about) = std::fs::metadata(&path) else {
            if kind_of(&name).is_some() {
                unreadable(&path, std::fs::metadata(&path))?;
            }
            continue;
        };
        match kind_of(&name) {
            _ if about.is_dir() => walk(&path, &name, levels, into)?,
            Some(kind) => into.push(Found { path, name, kind }),
            None => {}
        }
        if into.len() > FILES_MOST {
            return Err(too_much(&format!("more than {FILES_MOST} files are here")));
        }
    }
    Ok(())
}

fn kind_of(name: &str) -> Option<Kind> {
    match name.rsplit_once('.')?.1 {
        "rego" => Some(Kind::Policy),
        "json" => Some(Kind::Json),
        "yaml" | "yml" => Some(Kind::Yaml),
        _ => None,
    }
}

fn parse_data(name: &str, text: &str, kind: Kind) -> Result<Value, LoadError> {
    let wrong = |line: u64, what: String| {
        let place = Place { file: name.to_owned(), line: u32::try_from(line).unwrap_or(0) };
        LoadError::Wrong { place, what }
    };
    match kind {
        Kind::Yaml => serde_saphyr::from_str(text).map_err(|error| {
            wrong(error.location().map_or(0, |place| place.line()), error.without_snippet().to_string())
        }),
        _ => serde_json::from_str(text).map_err(|error| wrong(error.line() as u64, error.to_string())),
    }
}

/// Puts the members of a file where the file stands below the folder.
fn add_data(data: &mut Value, name: &str, value: Value) -> Result<(), LoadError> {
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    let segments = folders.split('/').filter(|segment| !segment.is_empty()).rev();
    let value =
        segments.fold(value, |value, segment| Value::Object([(segment.to_owned(), value)].into_iter().collect()));
    let wrong =
        |what: &str| LoadError::Wrong { place: Place { file: name.to_owned(), line: 0 }, what: what.to_owned() };
    if !value.is_object() {
        return Err(wrong("data must be an object, whose members then stand below `data`"));
    }
    merge(data, value).map_err(|member| wrong(&format!("another file says something else of `data.{member}`")))
}

fn merge(into: &mut Value, from: Value) -> Result<(), String> {
    let (Value::Object(into), Value::Object(from)) = (into, from) else { return Err(String::new()) };
    for (name, value) in from {
        match into.get_mut(&name) {
            None => drop(into.insert(name, value)),
            Some(same) if *same == value => {}
            Some(other) => merge(other, value).map_err(|member| match member.as_str() {
                "" => name,
                member => format!("{name}.{member}"),
            })?,
        }
    }
    Ok(())
}
