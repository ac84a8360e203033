//! One process that serves the conformance agent, and starts again when it was killed.

use crate::behaviour::Conformance;
use duologue_gateway::key::SigningKey;
use duologue_gateway::push::{Dialler, DiallerConfig, PushRules, Schedule, SenderConfig};
use duologue_gateway::{Gateway, GatewayConfig, Keeping, Pushing, TaskSettings, bind_loopback, serve};
use duologue_store::{Store, StoreConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, watch};

const URL: &str = "DUOLOGUE_TEST_KILL_URL";
const KEY: &str = "DUOLOGUE_TEST_KILL_KEY";
const PORT: &str = "DUOLOGUE_TEST_KILL_PORT";
/// What it says when it takes calls.
const READY: &str = "takes calls";

/// A process that may be there or not.
pub(crate) struct Replica {
    pub(crate) port: u16,
    command: Mutex<Command>,
    child: Mutex<Option<Child>>,
    is_up: watch::Sender<bool>,
}

impl Replica {
    pub(crate) async fn start(url: &str, key: &Path) -> Replica {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "replica::serves_until_it_is_killed", "--nocapture", "--ignored"])
            .env(URL, url)
            .env(KEY, key)
            .env(PORT, port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let (is_up, command) = (watch::Sender::new(false), Mutex::new(command));
        let replica = Replica { port, command, child: Mutex::new(None), is_up };
        replica.revive().await;
        replica
    }

    /// Sends SIGKILL; ends once the process is gone.
    pub(crate) async fn kill(&self) {
        self.is_up.send_replace(false);
        if let Some(mut child) = self.child.lock().await.take() {
            child.kill().await.expect("killed");
        }
    }

    /// Starts it; ends once it takes calls.
    pub(crate) async fn revive(&self) {
        let mut child = self.command.lock().await.spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        while !lines.next_line().await.expect("text").expect("it says when it is ready").contains(READY) {}
        // Whoever says something to a closed pipe ends.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        *self.child.lock().await = Some(child);
        self.is_up.send_replace(true);
    }

    /// Ends once it is there.
    pub(crate) async fn up(&self) {
        self.is_up.subscribe().wait_for(|is_up| *is_up).await.expect("it is never given up");
    }
}

/// Not a test of its own: what [`Replica`] starts.
#[test]
#[ignore = "serves until it is killed"]
fn serves_until_it_is_killed() {
    let setting = |name| std::env::var(name).ok();
    let (Some(url), Some(key), Some(port)) = (setting(URL), setting(KEY), setting(PORT)) else { return };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::ERROR).init();
    crate::run(async {
        let port: u16 = port.parse().expect("a port");
        let instance = format!("replica-{port}");
        let store = Store::open(StoreConfig { instance, ..StoreConfig::new(url) }).await.expect("a store");
        let key = SigningKey::load_or_make(Path::new(&key)).expect("a key");
        let agent = Conformance { push: true, requires_extension: false };
        let mut config = GatewayConfig::loopback(format!("http://127.0.0.1:{port}"));
        config.keeping = Keeping::Store(store);
        config.tasks = TaskSettings { lease: Duration::from_secs(1), attempts: 1_000, ..config.tasks };
        config.push = Some(pushing());
        config.key = Some(key);
        let listener = bind_loopback(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.expect("its port");
        let gateway = Gateway::new(Arc::new(agent), config);
        println!("{READY}");
        serve(gateway, listener, std::future::pending(), Duration::ZERO).await;
    });
}

/// To this machine, and in seconds what is else done in hours.
fn pushing() -> Pushing {
    let rules = PushRules { allow_loopback: true, ..PushRules::default() };
    let whole = Duration::from_secs(2);
    let dialler = Dialler::new(DiallerConfig { rules: rules.clone(), whole, ..DiallerConfig::default() });
    let schedule = Schedule {
        first: Duration::from_millis(100),
        longest: Duration::from_secs(1),
        attempts: 1_000,
        ..Schedule::default()
    };
    Pushing {
        rules,
        dialler: dialler.expect("a dialler"),
        sender: SenderConfig { schedule, ..SenderConfig::default() },
    }
}
