//! A real OPA, started for a test.

use duologue_policy_engine::{Remote, RemoteConfig};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::timeout;

/// What `scripts/setup.sh --opa` installs.
const VERSION: &str = "1.22.2";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, which ends with this.
pub(crate) struct Opa {
    child: Child,
    url: String,
}

impl Drop for Opa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a server reads its policies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    V0,
    V1,
}

impl Opa {
    /// With the policies of a folder. `None`, said loudly, where there is no OPA.
    pub(crate) async fn start(folder: &Path, reads: Reads) -> Option<Opa> {
        let program = program()?;
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut command = Command::new(program);
        command.args(["run", "--server", "--skip-version-check", "--log-level", "error"]);
        if reads == Reads::V0 {
            command.arg("--v0-compatible");
        }
        command.arg("--addr").arg(format!("127.0.0.1:{port}")).arg(folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
        let server = Opa { child: child.expect("it starts"), url: format!("http://127.0.0.1:{port}") };
        let asked = server.asked("duologue/authz/allow");
        let ready = async {
            while asked.health().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, ready).await.expect("it listens");
        Some(server)
    }

    /// A way to ask it for a document.
    pub(crate) fn asked(&self, path: &str) -> Remote {
        let config = RemoteConfig { path: path.to_owned(), timeout: PATIENCE, ..RemoteConfig::new(&self.url) };
        Remote::new(&config).expect("an address")
    }
}

/// Where `scripts/setup.sh` puts it, or on the path. `None`, said loudly, where there is none.
pub(crate) fn program() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let user = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".cache")));
    let cache = std::env::var_os("DUOLOGUE_CI_CACHE").map(PathBuf::from).or_else(|| Some(user?.join("duologue-ci")));
    let installed = cache.map(|cache| cache.join(format!("tools/bin/opa-{VERSION}")));
    let found = installed.into_iter().chain([PathBuf::from("opa")]).find(|program| {
        let said = Command::new(program).arg("version").stdin(Stdio::null()).output();
        said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION))
    });
    if found.is_none() {
        assert!(std::env::var_os("DUOLOGUE_TEST_OPA").is_none(), "no OPA {VERSION} here: `scripts/setup.sh --opa`");
        eprintln!("SKIPPED: no OPA {VERSION} here; `scripts/setup.sh --opa` installs it");
    }
    found
}
