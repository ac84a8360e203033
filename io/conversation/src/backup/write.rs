//! Writing a backup.

use super::compression::{Compression, Packer};
use super::manifest::{FORMAT, Hashing, Manifest, ManifestConversation, ManifestFile, NAME, VERSION};
use super::{BackupError, CHUNK, Step};
use crate::archive::Archive;
use crate::folder::{names, unfinished};
use crate::keeping::{Kept, own_files};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a backup came to.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Where it is.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What is in it.
    pub manifest: Manifest,
    /// Ids of those that are links and were left out.
    pub left_out: Vec<String>,
}

/// Copies every conversation that `archive` knows, those kept elsewhere too, to the new file `to`, while others may go on.
/// One that goes on is copied as far as it is, and marked. `created_at` is RFC 3339.
///
/// # Errors
/// See [`BackupError`]. Then there is no file `to`.
pub fn write_backup(
    archive: &Archive,
    to: &Path,
    created_at: &str,
    progress: &mut dyn FnMut(Step),
) -> Result<Backup, BackupError> {
    let compression = Compression::of(to).ok_or_else(|| BackupError::Name(to.into()))?;
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.into()));
    }
    let (links, kept): (Vec<Kept>, Vec<Kept>) = archive.kept().into_iter().partition(|k| k.is_link);
    let beside = unfinished(to);
    let failed = |source| BackupError::Write { path: to.into(), source };
    let written = create(&beside).map_err(failed).and_then(|file| {
        let packer = Packer::new(compression, file).map_err(failed)?;
        let of = kept.iter().map(|k| k.bytes).sum();
        let mut writer = Writer { tar: tar::Builder::new(packer), to, progress, step: Step { done: 0, of } };
        let manifest = writer.conversations(&kept, created_at)?;
        let file = writer.tar.into_inner().and_then(Packer::finish).map_err(failed)?;
        file.sync_all().and_then(|()| settle(&beside, to)).map_err(failed)?;
        Ok((manifest, file.metadata().map_or(0, |m| m.len())))
    });
    let (manifest, bytes) = written.inspect_err(|_| drop(fs::remove_file(&beside)))?;
    Ok(Backup { file: to.into(), bytes, manifest, left_out: links.into_iter().map(|k| k.id).collect() })
}

/// What people said is nobody else's business. An unfinished file of a process that was killed is overwritten.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives it its name, where nobody took that in the meantime; and so that it is there after a power cut.
fn settle(from: &Path, to: &Path) -> io::Result<()> {
    // Unlike a rename a link overwrites nothing; not every file system has them.
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from)?,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(e),
        Err(_) => fs::rename(from, to)?,
    }
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all())
}

struct Writer<'a> {
    tar: tar::Builder<Packer>,
    to: &'a Path,
    progress: &'a mut dyn FnMut(Step),
    step: Step,
}

impl Writer<'_> {
    fn conversations(&mut self, kept: &[Kept], created_at: &str) -> Result<Manifest, BackupError> {
        let conversations = kept.iter().map(|k| self.conversation(k)).collect::<Result<_, _>>()?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_at: created_at.to_owned(),
            duologue: env!("CARGO_PKG_VERSION").to_owned(),
            conversations,
        };
        let failed = |source: io::Error| BackupError::Write { path: self.to.into(), source };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|e| failed(e.into()))?;
        let mut header = header(text.len() as u64, 0);
        self.tar.append_data(&mut header, NAME, text.as_slice()).map_err(failed)?;
        Ok(manifest)
    }

    fn conversation(&mut self, kept: &Kept) -> Result<ManifestConversation, BackupError> {
        // Nobody begins to conclude or remove it while this is held; where it goes on, its process has the lock.
        let events = File::open(kept.folder.join(names::EVENTS)).ok();
        let running = events.as_ref().is_some_and(|f| matches!(f.try_lock_shared(), Err(fs::TryLockError::WouldBlock)));
        let mut files = Vec::new();
        for name in own_files(&kept.folder) {
            let path = kept.folder.join(&name);
            match File::open(&path) {
                Ok(file) => files.push(self.file(&kept.id, &name, (&path, file))?),
                // It was removed since.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(BackupError::Read { path, source }),
            }
        }
        Ok(ManifestConversation { id: kept.id.clone(), running, files })
    }

    /// A file that grows is copied as far as it was when it was opened.
    fn file(&mut self, id: &str, name: &str, (path, file): (&Path, File)) -> Result<ManifestFile, BackupError> {
        let reading = |source| BackupError::Read { path: path.into(), source };
        let metadata = file.metadata().map_err(reading)?;
        let modified = metadata.modified().ok().and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
        let (bytes, mut source) = (metadata.len(), Hashing::new(file.take(metadata.len())));
        let writing = |source| BackupError::Write { path: self.to.into(), source };
        let mut header = header(bytes, modified.map_or(0, |m| m.as_secs()));
        header.set_path(format!("conversations/{id}/{name}")).map_err(writing)?;
        header.set_cksum();
        let out = self.tar.get_mut();
        out.write_all(header.as_bytes()).map_err(writing)?;
        let (mut buffer, mut left) = (vec![0; CHUNK], bytes);
        while left > 0 {
            let n = source.read(&mut buffer).map_err(reading)?;
            if n == 0 {
                return Err(BackupError::Changed(path.into()));
            }
            out.write_all(buffer.get(..n).unwrap_or_default()).map_err(writing)?;
            left -= n as u64;
            self.step.done += n as u64;
            (self.progress)(self.step);
        }
        // The content of a tar file is filled up to whole blocks of 512 bytes.
        let filling = bytes.next_multiple_of(512) - bytes;
        out.write_all(&[0; 512][..filling as usize]).map_err(writing)?;
        Ok(source.finish(name))
    }
}

fn header(bytes: u64, modified: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(modified);
    header.set_entry_type(tar::EntryType::Regular);
    header
}
