//! A platform on a free port, and a client that says exactly what it is told to say.

use duologue_api::{Access, Agent, Identity, Parts, Platform, Rooms};
use duologue_conversation::Archive;
use duologue_ids::Redacted;
use duologue_worker::Server;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    _agents: watch::Sender<Vec<Agent>>,
    _stop: oneshot::Sender<()>,
}

impl Served {
    /// Without login; the room server is one that nobody runs.
    pub(crate) async fn start(home: &Path) -> Served {
        Served::start_with(home, Access::loopback(), None).await
    }

    pub(crate) async fn start_with(home: &Path, access: Access, identity: Option<Identity>) -> Served {
        let (agents, shown) = watch::channel(Vec::new());
        let rooms = Rooms {
            server: Server::new("ws://127.0.0.1:9").unwrap(),
            address: "ws://127.0.0.1:9".into(),
            key: "key".into(),
            secret: Redacted::new("secret".into()),
            embedded: false,
        };
        let platform = Platform::new(Parts { rooms, archive: Archive::new(home), agents: shown, access });
        let bound = duologue_api::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = bound.address;
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(duologue_api::serve(bound, identity, platform, async move { drop(stopped.await) }));
        Served { address, _agents: agents, _stop: stop }
    }

    /// A request with these headers beside `Host`.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = self.address.to_string();
        let mut all = vec![("Host", host.as_str())];
        all.retain(|_| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")));
        all.extend_from_slice(headers);
        self.say(written(method, path, &all, body).into_bytes()).await
    }

    /// Spans, as a program exports them.
    pub(crate) async fn export(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let host = self.address.to_string();
        let mut all =
            vec![("Host", host.as_str()), ("Content-Type", "application/x-protobuf"), ("Content-Length", &length)];
        all.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        all.extend_from_slice(headers);
        let head = written("POST", "/v1/traces", &all, "");
        self.say([head.as_bytes(), body].concat()).await
    }

    async fn say(&self, request: Vec<u8>) -> Answer {
        let address = self.address;
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            // Who refuses a request may do so before all of it was sent.
            let _ = stream.write_all(&request);
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            Answer::read(&bytes)
        })
        .await
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    /// The next events of a stream, as name, id and data.
    pub(crate) fn events(&self, path: &str, last: Option<&str>) -> Events {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.address.to_string();
        let mut headers = vec![("Host", host.as_str()), ("Accept", "text/event-stream")];
        headers.extend(last.map(|id| ("Last-Event-ID", id)));
        stream.write_all(written("GET", path, &headers, "").as_bytes()).unwrap();
        Events(BufReader::new(stream))
    }
}

pub(crate) fn written(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let close = if headers.iter().any(|(name, _)| *name == "Accept") { "" } else { "Connection: close\r\n" };
    let content = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    };
    format!("{method} {path} HTTP/1.1\r\n{lines}{close}{content}\r\n{body}")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of the problem that it tells.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem["type"].as_str().unwrap().trim_start_matches("/problems/").to_owned()
    }
}

pub(crate) struct Events(BufReader<TcpStream>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: serde_json::Value,
}

impl Events {
    /// The next event; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Told> {
        let mut told = Told { name: String::new(), id: None, data: serde_json::Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("in time") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => told.name = name.to_owned(),
                Some(("id", id)) => told.id = Some(id.to_owned()),
                Some(("data", data)) => told.data = serde_json::from_str(data).expect("JSON"),
                // The last chunk of the answer (RFC 9112 §7.1).
                _ if line.trim_end() == "0" => return None,
                _ if line.trim().is_empty() && !told.name.is_empty() => return Some(told),
                _ => {}
            }
        }
    }

    /// The next event of that name.
    pub(crate) fn wait(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().unwrap_or_else(|| panic!("no {name} came"));
            if told.name == name {
                return told;
            }
        }
    }
}
