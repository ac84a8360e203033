//! Who is at the other end of a socket, as the kernel tells it.

use duologue_trust::{Caller, Process};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::{PeerCredentials, PeerPidfd};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use thiserror::Error;
use tokio::net::UnixStream;

/// Why it cannot be told who calls.
#[derive(Debug, Error)]
pub(super) enum NotAttested {
    /// The process is gone, or has become another.
    #[error("the process that connected is gone, or runs another program now")]
    Gone,
    /// The kernel does not tell.
    #[error("the kernel does not tell who calls ({0}): this takes Linux 6.5 or newer")]
    System(#[from] io::Error),
}

/// A process at the other end of a connection, as it was when the connection was accepted.
///
/// Its number alone is nothing to go by: processes end, and numbers are given again. So it is held by a descriptor (pidfd) that the
/// kernel gives out for the process that connected, and all that is read under its number is read between two looks at whether
/// that process is still there. What it runs is compared with what it ran at first.
#[derive(Debug)]
pub(super) struct Attested {
    process: Process,
    handle: OwnedFd,
    program: Program,
    /// Computed once: a file cannot be written while it runs.
    sha256: OnceLock<String>,
}

/// Tells a file from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    device: u64,
    inode: u64,
    path: PathBuf,
}

impl Attested {
    pub(super) fn of(stream: &UnixStream) -> Result<Attested, NotAttested> {
        let failed = |error: nix::Error| NotAttested::System(io::Error::from(error));
        let handle = getsockopt(stream, PeerPidfd).map_err(failed)?;
        let credentials = getsockopt(stream, PeerCredentials).map_err(failed)?;
        let pid = u32::try_from(credentials.pid()).map_err(|_| NotAttested::Gone)?;
        let uid = credentials.uid();
        check_alive(&handle, pid)?;
        let started = started(pid).ok_or(NotAttested::Gone)?;
        let program = program(pid)?;
        check_alive(&handle, pid)?;
        Ok(Attested { process: Process { uid, pid, started, boot: boot()? }, handle, program, sha256: OnceLock::new() })
    }

    /// Who it is, if that is still so. Hashes the program where `asks_for_bytes` of user and path, which may take a while.
    pub(super) fn caller(&self, asks_for_bytes: impl Fn(u32, &str) -> bool) -> Result<Caller, NotAttested> {
        let pid = self.process.pid;
        check_alive(&self.handle, pid)?;
        if program(pid)? != self.program {
            return Err(NotAttested::Gone);
        }
        let path = self.program.path.to_str().filter(|path| self.program.is_at(Path::new(path)));
        let hash = path.is_some_and(|path| asks_for_bytes(self.process.uid, path));
        let sha256 = if hash { Some(self.sha256()?) } else { None };
        check_alive(&self.handle, pid)?;
        Ok(Caller { process: self.process.clone(), path: path.map(str::to_owned), sha256 })
    }
}

impl Attested {
    fn sha256(&self) -> io::Result<String> {
        if let Some(known) = self.sha256.get() {
            return Ok(known.clone());
        }
        let digest = sha256(File::open(format!("/proc/{}/exe", self.process.pid))?)?;
        Ok(self.sha256.get_or_init(|| digest).clone())
    }
}

impl Program {
    /// Whether the file that this process sees under the path is the program: a path alone may be one of another namespace.
    fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|file| (file.dev(), file.ino()) == (self.device, self.inode))
    }
}

/// Whether a process that was seen before is still there.
pub(super) fn is_alive(process: &Process) -> bool {
    boot().is_ok_and(|boot| boot == process.boot) && started(process.pid) == Some(process.started)
}

fn program(pid: u32) -> Result<Program, NotAttested> {
    let link = format!("/proc/{pid}/exe");
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => NotAttested::Gone,
        _ => NotAttested::System(error),
    };
    let file = fs::metadata(&link).map_err(gone)?;
    let path = fs::read_link(&link).map_err(gone)?;
    Ok(Program { device: file.dev(), inode: file.ino(), path })
}

/// A pidfd tells the number of its process, and -1 once that is gone.
fn check_alive(handle: &OwnedFd, pid: u32) -> Result<(), NotAttested> {
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{}", handle.as_raw_fd()))?;
    let number = told.lines().find_map(|line| line.strip_prefix("Pid:"));
    let is_it = number.and_then(|number| number.trim().parse::<u32>().ok()) == Some(pid);
    if is_it { Ok(()) } else { Err(NotAttested::Gone) }
}

/// Ticks between the boot and the start of a process: the 22nd field, counted behind the name, which may have spaces in it.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn sha256(mut file: File) -> io::Result<String> {
    let mut hash = Hash(Sha256::new());
    io::copy(&mut file, &mut hash)?;
    Ok(hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
