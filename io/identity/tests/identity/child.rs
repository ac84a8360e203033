//! Other processes: this program, started again.

use crate::bed::{PATIENCE, hurried};
use duologue_identity::{Authority, AuthorityConfig, Entry, Executable, IdentitySource, Order, WorkloadClient};
use duologue_ids::Redacted;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const ROLE: &str = "DUOLOGUE_TEST_IDENTITY_ROLE";
const PLACE: &str = "DUOLOGUE_TEST_IDENTITY_PLACE";
const TOKEN: &str = "DUOLOGUE_TEST_IDENTITY_TOKEN";

pub(crate) struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    /// An authority that changes all the time.
    pub(crate) fn authority(folder: &Path) -> Other {
        Other::start("authority", folder, "")
    }

    /// A workload that says who it is and stays.
    pub(crate) fn workload(socket: &Path, token: &str) -> Other {
        Other::start("workload", socket, token)
    }

    fn start(role: &str, place: &Path, token: &str) -> Other {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "child::plays_its_role", "--nocapture", "--ignored"]);
        command.env(ROLE, role).env(PLACE, place).env(TOKEN, token);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Other { child, lines }
    }

    /// What it says next.
    pub(crate) async fn says(&mut self) -> String {
        loop {
            let line = self.lines.next_line().await.expect("text").expect("it says more");
            if let Some((_, said)) = line.split_once("says: ") {
                return said.to_owned();
            }
        }
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("killed");
    }
}

/// Not a test of its own: what [`Other`] starts.
#[tokio::test]
#[ignore = "plays a role until it is killed"]
async fn plays_its_role() {
    let setting = |name| std::env::var(name).ok();
    let (Some(role), Some(place)) = (setting(ROLE), setting(PLACE)) else { return };
    match role.as_str() {
        "authority" => authority(Path::new(&place)).await,
        _ => workload(&place, setting(TOKEN).unwrap_or_default()).await,
    }
}

async fn authority(folder: &Path) {
    let config =
        AuthorityConfig { timings: hurried(), ..AuthorityConfig::new(folder, "example.org".parse().expect("one")) };
    let authority = Authority::start(config).await.expect("an authority");
    for number in 0u64.. {
        let spiffe_id = crate::bed::id("spiffe://example.org/busy");
        let executable = Executable { path: format!("/bin/{}", number % 50), sha256: None };
        let entry = Entry { spiffe_id, uid: 1, executable };
        let order = if number / 50 % 2 == 0 { Order::AddEntry(entry) } else { Order::RemoveEntry(entry) };
        // What an earlier life left may be there or not.
        drop(authority.perform(order).await);
        if number == 0 {
            println!("says: ready");
        }
    }
}

async fn workload(socket: &str, token: String) {
    let token = (!token.is_empty()).then(|| Redacted::new(token));
    let client = WorkloadClient::new(format!("unix://{socket}").parse().expect("a socket"), token);
    let source = IdentitySource::workload_api(client, None);
    match source.ready(PATIENCE / 10).await {
        Ok(svid) => println!("says: {}", svid.id()),
        Err(error) => println!("says: {error}"),
    }
    std::future::pending::<()>().await;
}
