//! A livekit-server as a child process, on free ports of the loopback interface.

use duologue_livekit_wire::token::{self, VideoGrants};
use duologue_worker::{Api, JoinOptions, Room, RoomEvent, Server};
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

const VERSION: &str = "1.13.5";
pub(crate) const KEY: &str = "devkey";
pub(crate) const SECRET: &str = "a-secret-of-at-least-32-characters";
/// Nothing takes longer, on a machine that does other things beside.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct LiveKit {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl LiveKit {
    /// `None`, said loudly, where there is none.
    pub(crate) async fn start() -> Option<LiveKit> {
        let Some(program) = program() else {
            assert!(
                std::env::var_os("DUOLOGUE_TEST_LIVEKIT").is_none(),
                "no livekit-server {VERSION} here: `scripts/setup.sh --livekit-server`"
            );
            eprintln!("SKIPPED: no livekit-server {VERSION} here; `scripts/setup.sh --livekit-server` installs it");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let (port, tcp, udp) = (free_tcp(), free_tcp(), free_udp());
        let config = format!(
            "port: {port}\nbind_addresses: [127.0.0.1]\nkeys: {{{KEY}: {SECRET}}}\nlogging: {{level: debug}}\n\
             rtc: {{tcp_port: {tcp}, udp_port: {udp}, node_ip: 127.0.0.1, use_external_ip: false, \
             enable_loopback_candidate: true}}\n"
        );
        let (file, log) = (folder.path().join("livekit.yaml"), folder.path().join("log"));
        std::fs::write(&file, config).expect("its configuration");
        let log: Stdio = match std::env::var_os("DUOLOGUE_TEST_LIVEKIT_LOG") {
            Some(path) => std::fs::File::options().create(true).append(true).open(path).expect("a log").into(),
            None => std::fs::File::create(log).expect("a log").into(),
        };
        let child = Command::new(program)
            .arg("--dev")
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it starts");
        let server = LiveKit { child, port, _folder: folder };
        timeout(PATIENCE, server.listening()).await.expect("it listens");
        Some(server)
    }

    async fn listening(&self) {
        let mut again = interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
        }
    }

    pub(crate) fn at(&self) -> Server {
        at(self.port)
    }

    pub(crate) fn api(&self) -> Api {
        self.at().api(KEY, SECRET)
    }

    /// Joins as somebody.
    pub(crate) async fn join(
        &self,
        room: &str,
        identity: &str,
        options: JoinOptions,
    ) -> (Room, mpsc::Receiver<RoomEvent>) {
        let (server, token) = (self.at(), token(room, identity));
        timeout(PATIENCE, Room::join(&server, &token, options)).await.expect("in time").expect("joined")
    }
}

impl Drop for LiveKit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn at(port: u16) -> Server {
    Server::new(&format!("ws://127.0.0.1:{port}")).expect("an address")
}

pub(crate) fn token(room: &str, identity: &str) -> String {
    token_of(SECRET, room, identity)
}

pub(crate) fn token_of(secret: &str, room: &str, identity: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = token::claims(KEY, identity, now, Duration::from_secs(600));
    claims.name = identity.to_owned();
    claims.video = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_update_own_metadata: Some(true),
        ..Default::default()
    };
    token::sign(&claims, secret).expect("a token")
}

/// Waits for an event that fits, passing over the others.
pub(crate) async fn wait<T>(events: &mut mpsc::Receiver<RoomEvent>, mut fits: impl FnMut(RoomEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the room goes on");
            if let RoomEvent::Closed(reason) = &event {
                panic!("closed: {reason}");
            }
            if let Some(found) = fits(event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

/// Where `scripts/setup.sh` puts it, or on the path.
fn program() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let user = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".cache")));
    let cache = std::env::var_os("DUOLOGUE_CI_CACHE").map(PathBuf::from).or_else(|| Some(user?.join("duologue-ci")));
    let installed = cache.map(|cache| cache.join(format!("tools/bin/livekit-server-{VERSION}")));
    installed.into_iter().chain([PathBuf::from("livekit-server")]).find(|program| {
        let said = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION))
    })
}

fn free_tcp() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn free_udp() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a free port");
    socket.local_addr().expect("an address").port()
}
