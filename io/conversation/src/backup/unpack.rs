//! Reading a backup: entry by entry, trusting nothing of it.

use super::compression::unpacked;
use super::manifest::{FORMAT, Hashing, MAX_BYTES, Manifest, ManifestFile, NAME, VERSION};
use super::{CHUNK, RestoreError, Step};
use crate::keeping::{is_plain_id, owned};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// What was read: files by conversation and name.
type Found = BTreeMap<(String, String), ManifestFile>;

/// Unpacks the backup at `path` into `into`, one folder for each conversation, and compares everything with its manifest.
pub(super) fn unpack(path: &Path, into: &Path, progress: &mut dyn FnMut(Step)) -> Result<Manifest, RestoreError> {
    let reading = |source| RestoreError::Read { path: path.into(), source };
    let file = File::open(path).map_err(reading)?;
    let metadata = file.metadata().map_err(reading)?;
    if !metadata.is_file() {
        return Err(RestoreError::NoBackup { path: path.into(), reason: "it is no file".to_owned() });
    }
    let state = ReadState { at: Cell::new(0), of: metadata.len(), has_ended: Cell::new(false) };
    let counted = Counted { inner: file, state: &state };
    let stream = unpacked(BufReader::with_capacity(CHUNK, counted)).map_err(|e| state.refuse(path, &e, None))?;
    let Some(stream) = stream else {
        return Err(match state.of {
            0 => RestoreError::Truncated { path: path.into(), after: None },
            _ => RestoreError::NoBackup { path: path.into(), reason: "it is no compressed tar file".to_owned() },
        });
    };
    Unpacker { path, into, state: &state, progress, found: Found::new(), last: None }.run(stream)
}

/// How far the file was read.
struct ReadState {
    at: Cell<u64>,
    of: u64,
    /// All of it was read.
    has_ended: Cell<bool>,
}

impl ReadState {
    /// A failure to read what was compressed: of a file that ended, or of one that is not what it was.
    fn refuse(&self, path: &Path, error: &io::Error, last: Option<&String>) -> RestoreError {
        let path = path.to_path_buf();
        // What decompressors and tar say of a sudden end has many forms; of a failing disk the number of the error is there.
        match error.raw_os_error() {
            Some(_) => RestoreError::Read { path, source: io::Error::new(error.kind(), error.to_string()) },
            None if self.has_ended.get() || error.kind() == io::ErrorKind::UnexpectedEof => {
                RestoreError::Truncated { path, after: last.cloned() }
            }
            None => RestoreError::Altered {
                path,
                what: match last {
                    Some(entry) => format!("in or after `{entry}`: {error}"),
                    None => error.to_string(),
                },
            },
        }
    }
}

struct Counted<'a> {
    inner: File,
    state: &'a ReadState,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.state.at.set(self.state.at.get() + n as u64);
        self.state.has_ended.set(n == 0 && !buffer.is_empty());
        Ok(n)
    }
}

struct Unpacker<'a> {
    path: &'a Path,
    into: &'a Path,
    state: &'a ReadState,
    progress: &'a mut dyn FnMut(Step),
    found: Found,
    /// Name of the entry that was read last.
    last: Option<String>,
}

impl Unpacker<'_> {
    fn run(mut self, stream: Box<dyn Read + '_>) -> Result<Manifest, RestoreError> {
        let mut tar = tar::Archive::new(stream);
        let mut manifest = None;
        // Raw: what stands for a long name or a link is told as what it is, and never acted upon.
        let entries = tar.entries().map_err(|e| self.broken(&e))?.raw(true);
        for entry in entries {
            let mut entry = entry.map_err(|e| self.broken(&e))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let is_file = entry.header().entry_type() == tar::EntryType::Regular;
            if manifest.is_some() {
                return Err(self.altered(format!("`{name}` follows its list of files")));
            }
            self.last = Some(name.clone());
            match parts(&name) {
                _ if !is_file => return Err(self.refused(name, "which is no regular file")),
                Ok(None) => manifest = Some(self.manifest(&mut entry)?),
                Ok(Some((id, file))) => self.file(&mut entry, (id, file), &name)?,
                Err(why) => return Err(self.refused(name, why)),
            }
        }
        // To the last byte, so that the checksum of the compression is looked at too.
        io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(|e| self.broken(&e))?;
        let manifest =
            manifest.ok_or_else(|| RestoreError::Truncated { path: self.path.into(), after: self.last.clone() })?;
        self.compare(&manifest)?;
        Ok(manifest)
    }

    fn manifest(&self, entry: &mut impl Read) -> Result<Manifest, RestoreError> {
        let mut text = Vec::new();
        entry.take(MAX_BYTES).read_to_end(&mut text).map_err(|e| self.broken(&e))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|e| self.altered(format!("its list of files: {e}")))?;
        if manifest.format != FORMAT {
            return Err(self.altered("its list of files is of something else".to_owned()));
        }
        if manifest.version != VERSION {
            return Err(RestoreError::TooNew { path: self.path.into(), version: manifest.version });
        }
        Ok(manifest)
    }

    fn file(&mut self, entry: &mut impl Read, (id, file): (&str, &str), name: &str) -> Result<(), RestoreError> {
        let folder = self.into.join(id);
        let path = folder.join(file);
        let writing = |source| RestoreError::Write { path: path.clone(), source };
        fs::create_dir_all(&folder).map_err(writing)?;
        let mut out = match File::create_new(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(self.altered(format!("it holds `{name}` twice")));
            }
            made => made.map_err(writing)?,
        };
        let (mut source, mut buffer) = (Hashing::new(entry), vec![0; CHUNK]);
        loop {
            let n = source.read(&mut buffer).map_err(|e| self.broken(&e))?;
            if n == 0 {
                break;
            }
            out.write_all(buffer.get(..n).unwrap_or_default()).map_err(writing)?;
            (self.progress)(Step { done: self.state.at.get(), of: self.state.of });
        }
        out.sync_all().map_err(writing)?;
        self.found.insert((id.to_owned(), file.to_owned()), source.finish(file));
        Ok(())
    }

    /// Whether everything is there that the list names, as it names it, and nothing else.
    fn compare(&self, manifest: &Manifest) -> Result<(), RestoreError> {
        let mut rest = self.found.clone();
        for conversation in &manifest.conversations {
            if !is_plain_id(&conversation.id) || conversation.files.is_empty() {
                return Err(self.refused(conversation.id.clone(), "which is no conversation"));
            }
            for listed in &conversation.files {
                let what = format!("conversations/{}/{}", conversation.id, listed.name);
                match rest.remove(&(conversation.id.clone(), listed.name.clone())) {
                    None => return Err(self.altered(format!("`{what}` is missing"))),
                    Some(found) if found != *listed => {
                        return Err(self.altered(format!("`{what}` does not have its checksum (SHA-256)")));
                    }
                    Some(_) => {}
                }
            }
        }
        match rest.into_keys().next() {
            Some((id, file)) => Err(self.altered(format!("`conversations/{id}/{file}` is not in its list of files"))),
            None => Ok(()),
        }
    }

    fn broken(&self, error: &io::Error) -> RestoreError {
        self.state.refuse(self.path, error, self.last.as_ref())
    }

    fn altered(&self, what: String) -> RestoreError {
        RestoreError::Altered { path: self.path.into(), what }
    }

    fn refused(&self, entry: String, why: &'static str) -> RestoreError {
        let entry: String = entry.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect();
        RestoreError::Unsafe { path: self.path.into(), entry, why }
    }
}

/// Conversation and file of an entry's name; `None` for the manifest.
fn parts(name: &str) -> Result<Option<(&str, &str)>, &'static str> {
    if name == NAME {
        return Ok(None);
    }
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["conversations", id, file] if is_plain_id(id) && owned().any(|own| own == *file) => Ok(Some((id, file))),
        _ if name.starts_with('/') || parts.contains(&"..") => Err("which would be written outside the archive"),
        _ => Err("which is no file of a conversation"),
    }
}
