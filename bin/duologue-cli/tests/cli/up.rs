//! `duologue up` as a user has it: ports, what it says, and how it ends.

use crate::duologue;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FREE: [&str; 6] = ["--port", "0", "--rooms-port", "0", "--media-port", "0"];

struct Up {
    child: Child,
    said: Value,
}

impl Up {
    fn start(home: &Path, more: &[&str]) -> Up {
        Up::of(duologue(home).args(["--json", "up"]).args(FREE).args(more))
    }

    fn of(command: &mut Command) -> Up {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Up { child, said: serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")) }
    }

    fn get(&self, address: &str) -> (u16, String) {
        let rest = address.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    /// The next line of standard error that tells of this.
    fn told(&mut self, of: &str) -> String {
        let lines = BufReader::new(self.child.stderr.take().unwrap()).lines();
        lines.map(Result::unwrap).find(|line| line.starts_with(of)).unwrap()
    }

    fn address(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn one_line_says_where_everything_is_and_sigterm_ends_it() {
    let home = tempfile::tempdir().unwrap();
    let mut up = Up::start(home.path(), &[]);
    assert_eq!(up.get(up.address("ready")).0, 200, "the rooms answer with the keys that were made");
    assert_eq!(up.said["rooms"]["embedded"], true);
    let (status, page) = up.get(up.address("page"));
    assert!(status == 200 && page.contains("text/html"), "{page}");
    let told = if up.said["page_built"] == true { "<main" } else { "make page" };
    assert!(page.contains(told), "{page}");
    let kept = std::fs::read_to_string(up.address("keys")).unwrap();
    let secret = serde_json::from_str::<Value>(&kept).unwrap()["secret"].as_str().unwrap().to_owned();
    assert!(!up.said.to_string().contains(&secret), "no secret is printed");

    // A stream that is open must not hold it up.
    let events = up.address("events").strip_prefix("http://").unwrap().to_owned();
    let (host, path) = events.split_once('/').unwrap();
    let mut watching = TcpStream::connect(host).unwrap();
    write!(watching, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    watching.read_exact(&mut [0; 15]).unwrap();
    let pid = rustix::process::Pid::from_child(&up.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(up.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_agent_that_lacks_its_model_says_so_and_holds_up_nobody() {
    let home = tempfile::tempdir().unwrap();
    let mut up = Up::start(home.path(), &[]);
    assert_eq!(up.said["agents"][0], "support-agent");
    let about = format!("{}/platform", up.address("api"));
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut told = String::new();
    while !told.contains("duologue models fetch") {
        assert!(Instant::now() < deadline, "{told}");
        told = up.get(&about).1;
    }
    assert!(told.contains(r#""ready":false"#), "{told}");
    let line = up.told("Agent support-agent: ");
    assert!(line.contains("duologue models fetch"), "{line}");
    drop(up);
    let none = Up::start(home.path(), &["--no-agents"]);
    assert_eq!(none.said["agents"], serde_json::json!([]));
}

#[test]
fn a_room_server_that_is_down_is_told_on_the_console() {
    let home = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = duologue(home.path());
    command.args(["--json", "up", "--no-agents"]).args(FREE).env("LIVEKIT_URL", format!("ws://{closed}"));
    let mut up = Up::of(command.env("LIVEKIT_API_KEY", "key").env("LIVEKIT_API_SECRET", "hidden-secret"));
    let line = up.told("Rooms: ");
    assert!(line.contains(&closed.to_string()) && !line.contains("hidden-secret"), "{line}");
    assert_eq!(up.get(up.address("ready")).0, 502);
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_that_changes_it() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = refused(duologue(home.path()).args(["up", "--rooms-port", "0", "--media-port", "0", "--port", &port]));
    assert!(told.contains(&format!("127.0.0.1:{port}")) && told.contains("--port"), "{told}");
    let told = refused(duologue(home.path()).args(["up", "--port", "0", "--media-port", "0", "--rooms-port", &port]));
    assert!(told.contains(&format!("127.0.0.1:{port}")) && told.contains("--rooms-port"), "{told}");
    let told = refused(duologue(home.path()).args(["up", "--port", "much"]));
    assert!(told.contains("`much` is no port"), "{told}");
}

#[test]
fn one_data_directory_has_one_platform() {
    let home = tempfile::tempdir().unwrap();
    let first = Up::start(home.path(), &[]);
    let told = refused(duologue(home.path()).arg("up").args(FREE));
    assert!(told.contains("another `duologue up`") && told.contains("--home"), "{told}");
    drop(first);
    Up::start(home.path(), &[]);
}

#[test]
fn beyond_loopback_needs_tls_and_half_of_anything_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let told = refused(duologue(home.path()).args(["up", "--bind", "0.0.0.0"]).args(FREE));
    assert!(told.contains("needs TLS") && told.contains("--tls-cert"), "{told}");
    let told = refused(duologue(home.path()).args(["up", "--tls-cert", "cert.pem"]).args(FREE));
    assert!(told.contains("--tls-key"), "{told}");
    let told = refused(duologue(home.path()).arg("up").args(FREE).env("LIVEKIT_URL", "ws://127.0.0.1:9"));
    assert!(told.contains("LIVEKIT_API_KEY"), "{told}");
    let told = refused(duologue(home.path()).arg("up").args(FREE).env("LIVEKIT_API_KEY", "key"));
    assert!(told.contains("LIVEKIT_API_SECRET"), "{told}");
}
