//! A webhook that answers as it is told, and keeps what it was sent.

use duologue_gateway::key::VerifyingKey;
use duologue_gateway::push::signature;
use duologue_store::UnixMs;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With this status.
    Status(u16),
    /// With these bytes, and the connection then stays open without another word.
    Raw(&'static str),
    /// Not at all: the connection is closed.
    Close,
    /// Not at all: the connection stays open.
    Hang,
    /// With 200, once [`Receiver::let_go`] says so.
    Held,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn text(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
    }

    /// Its id, once its signature is seen to be right.
    pub(crate) fn verified(&self, key: &VerifyingKey) -> String {
        let seconds: i64 = self.text(signature::TIMESTAMP).parse().expect("a number");
        signature::verify(&self.headers, &self.body, std::slice::from_ref(key), UnixMs(seconds * 1000)).expect("signed")
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) got: mpsc::UnboundedReceiver<Got>,
    held: Arc<Semaphore>,
}

impl Receiver {
    /// Answers with the replies in turn, and with 200 when there are none left.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Receiver::on(listener, replies, None)
    }

    pub(crate) fn on(
        listener: TcpListener,
        replies: impl IntoIterator<Item = Reply>,
        tls: Option<tokio_rustls::TlsAcceptor>,
    ) -> Receiver {
        let address = listener.local_addr().expect("an address");
        let (told, got) = mpsc::unbounded_channel();
        let held = Arc::new(Semaphore::new(0));
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let gate = Arc::clone(&held);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (told, replies, gate, tls) = (told.clone(), Arc::clone(&replies), Arc::clone(&gate), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, &told, &replies, &gate).await,
                        // Who does not trust the certificate goes away.
                        Some(tls) => match tls.accept(socket).await {
                            Ok(stream) => serve(stream, &told, &replies, &gate).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Receiver { address, got, held }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) async fn next(&mut self) -> Got {
        self.got.recv().await.expect("a receiver that runs")
    }

    /// Nothing has arrived that was not looked at.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.got.is_empty()
    }

    pub(crate) fn let_go(&self, number: usize) {
        self.held.add_permits(number);
    }
}

/// Requests of one connection, as far as they are what a client of HTTP/1.1 sends that knows the length of its body.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    told: &mpsc::UnboundedSender<Got>,
    replies: &Mutex<VecDeque<Reply>>,
    gate: &Semaphore,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let got = read(&mut stream).await?;
        let _ = told.send(got);
        let reply = replies.lock().expect("no panic").pop_front().unwrap_or(Reply::Status(200));
        let answer = match reply {
            Reply::Status(code) => format!("HTTP/1.1 {code} Told\r\ncontent-length: 0\r\n\r\n"),
            Reply::Raw(bytes) => bytes.to_owned(),
            Reply::Close => return None,
            Reply::Hang => std::future::pending().await,
            Reply::Held => {
                gate.acquire().await.ok()?.forget();
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Got> {
    let (mut line, mut headers) = (String::new(), HeaderMap::new());
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        let value = HeaderValue::from_str(value).ok()?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Got { line: line.trim_end().to_owned(), headers, body })
}
