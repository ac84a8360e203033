//! A web server that misbehaves on demand.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::store::Address;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) path: String,
    /// The first byte of the range, if there was one.
    pub(super) from: Option<usize>,
    /// Whether only the first byte was asked for.
    pub(super) probe: bool,
}

/// What to answer.
pub(super) struct Answer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    /// How much of the body is sent.
    sent: usize,
    /// Keep the connection open afterwards instead of closing it.
    hang: bool,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), sent: 0, hang: false }
    }

    /// Not a byte, and the connection stays open.
    pub(super) fn silence() -> Self {
        Self { hang: true, ..Self::status(0) }
    }

    /// The whole, whatever was asked for.
    pub(super) fn whole(body: &[u8]) -> Self {
        Self { body: body.to_vec(), sent: body.len(), ..Self::status(200) }
    }

    /// What was asked for, as a good server does it.
    pub(super) fn good(asked: &Asked, whole: &[u8]) -> Self {
        match asked.from {
            None => Self::whole(whole),
            Some(from) => {
                let end = if asked.probe { from + 1 } else { whole.len() };
                let range = format!("Content-Range: bytes {from}-{}/{}", end - 1, whole.len());
                Self { status: 206, ..Self::whole(&whole[from..end]) }.header(range)
            }
        }
    }

    pub(super) fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    /// Closes the connection after so many bytes of the body.
    pub(super) fn breaking_at(self, sent: usize) -> Self {
        let sent = sent.min(self.body.len());
        Self { sent, ..self }
    }

    /// Falls silent after so many bytes of the body.
    pub(super) fn hanging_at(self, sent: usize) -> Self {
        Self { hang: true, ..self.breaking_at(sent) }
    }
}

/// Serves until the test process ends; connections are closed after each answer.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `answer` gets each request with the number of downloads (probes not counted) before it.
    pub(super) fn start(mut answer: impl FnMut(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("is bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            let mut hanging = Vec::new();
            let mut downloads = 0;
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                log.lock().expect("no panic").push(request.clone());
                let answer = answer(&request, downloads);
                downloads += usize::from(!request.probe);
                // A client that has what it wanted, or was killed, closes early: no matter.
                let _ = write(&stream, &answer);
                if answer.hang {
                    hanging.push(stream);
                }
            }
        });
        Self { address, asked }
    }

    /// Gives everybody the same file, well.
    pub(super) fn good(whole: Vec<u8>) -> Self {
        Self::start(move |asked, _| Answer::good(asked, &whole))
    }

    pub(super) fn address(&self) -> Address {
        Address::parse(&format!("http://{}", self.address)).expect("loopback is fine")
    }

    /// All requests so far but the probes.
    pub(super) fn downloads(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").iter().filter(|asked| !asked.probe).cloned().collect()
    }

    pub(super) fn requests(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }
}

/// An address on which nobody listens.
pub(super) fn closed_port() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("is bound");
    Address::parse(&format!("http://{address}")).expect("loopback is fine")
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let headers: Vec<_> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let range = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(": bytes=")?;
        name.eq_ignore_ascii_case("range").then(|| value.to_owned())
    });
    let from = range.as_deref().and_then(|range| range.split('-').next()?.parse().ok());
    Some(Asked { path, from, probe: range.as_deref() == Some("0-0") })
}

fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    if answer.status == 0 {
        return Ok(());
    }
    write!(stream, "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", answer.status, answer.body.len())?;
    for header in &answer.headers {
        write!(stream, "{header}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&answer.body[..answer.sent])?;
    stream.flush()
}
