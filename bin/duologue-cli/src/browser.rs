//! Showing a file in the user's browser.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Some openers end when the browser has the page, others with the browser itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a browser was started. Where there is no screen nothing is tried: a text browser without a terminal would
/// wait for ever.
pub(crate) fn open(file: &Path) -> bool {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"];
    let has_screen = || screen.iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    let programs: &[&str] = if cfg!(target_os = "macos") {
        &["open"]
    } else if has_screen() {
        &["xdg-open", "wslview"]
    } else {
        &[]
    };
    programs.iter().any(|program| start(program, file).is_some_and(succeeds))
}

fn start(program: &str, file: &Path) -> Option<Child> {
    let mut command = Command::new(program);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C in this terminal is not meant for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().ok()
}

/// An opener that still runs after a while has a browser on its hands.
fn succeeds(mut opener: Child) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match opener.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(30)),
            Err(_) => return false,
        }
    }
    true
}
