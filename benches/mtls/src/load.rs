//! Who calls: over HTTP/1.1, each connection waiting for its answer before it calls again.

use crate::{CALLER, Failed, source};
use bytes::Bytes;
use clap::Args;
use duologue_identity::{Authorizer, Connections, Dialler, Endpoint, LedgerRules};
use duologue_ids::SpiffeId;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

#[derive(Args)]
pub(crate) struct Settings {
    /// The agent, as host:port
    address: String,
    /// The Workload API for mutual TLS; none: plaintext
    #[arg(long, requires = "callee")]
    socket: Option<Endpoint>,
    /// Who is to be there, and nobody else
    #[arg(long)]
    callee: Option<SpiffeId>,
    /// Calls at once, each on a connection of its own
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Makes a new connection for each call
    #[arg(long)]
    fresh: bool,
    /// Calls for so long
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// And at most so many times on each connection, or with --fresh on so many: the ports of a machine are 28,000
    #[arg(long, default_value_t = usize::MAX)]
    most: usize,
}

/// How an agent is reached.
struct Target {
    address: String,
    mutual: Option<(Dialler, Authorizer)>,
    /// What begins the ids of the messages: an agent of ours answers one that it has seen from memory.
    prefix: String,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What was seen, in order of time.
#[derive(Default)]
struct Seen {
    calls: Vec<Duration>,
    /// Until the handshake of a new connection was over on this side.
    handshakes: Vec<Duration>,
    refused: usize,
}

pub(crate) async fn run(settings: Settings) -> Result<(), Failed> {
    let mutual = match (&settings.socket, &settings.callee) {
        (Some(socket), Some(callee)) => {
            let source = source(socket, CALLER).await?;
            let dialler = Dialler::new(&source, &Connections::new(&source, LedgerRules::default()));
            Some((dialler, Authorizer::exactly([callee.clone()])))
        }
        _ => None,
    };
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let target = Rc::new(Target { address: settings.address, mutual, prefix: since_1970.as_nanos().to_string() });
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(settings.seconds);
    let (fresh, most) = (settings.fresh, settings.most);
    let mut callers = JoinSet::new();
    let local = LocalSet::new();
    for number in 0..settings.connections {
        let target = Rc::clone(&target);
        callers.spawn_local_on(async move { target.call_until(until, number, fresh, most).await }, &local);
    }
    let mut all = Seen::default();
    let gathered = local.run_until(async {
        while let Some(seen) = callers.join_next().await {
            let seen = seen??;
            all.calls.extend(seen.calls);
            all.handshakes.extend(seen.handshakes);
            all.refused += seen.refused;
        }
        Ok::<(), Failed>(())
    });
    gathered.await?;
    println!("{}", all.told(begun.elapsed()));
    Ok(())
}

impl Target {
    async fn call_until(&self, until: Instant, number: usize, fresh: bool, most: usize) -> Result<Seen, Failed> {
        let mut seen = Seen::default();
        let mut line = None;
        for turn in 0..most {
            let begun = Instant::now();
            if begun >= until {
                break;
            }
            let (mut sender, connection) = match line.take() {
                Some(line) => line,
                None => {
                    let stream = self.connect().await?;
                    seen.handshakes.push(begun.elapsed());
                    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                    // What goes wrong with a connection is told to the call.
                    (sender, tokio::task::spawn_local(async { drop(connection.await) }))
                }
            };
            let is_answered = self.call(&mut sender, &format!("{}-{number}-{turn}", self.prefix)).await;
            // The next call after one that was refused has another connection.
            let is_answered = is_answered.unwrap_or(false);
            if is_answered {
                seen.calls.push(begun.elapsed());
            } else {
                seen.refused += 1;
            }
            if is_answered && !fresh {
                line = Some((sender, connection));
            } else {
                // Hanging up is no part of the next call.
                drop(sender);
                connection.await?;
            }
        }
        Ok(seen)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failed> {
        if let Some((dialler, callee)) = &self.mutual {
            return Ok(Box::new(dialler.dial(&self.address, callee).await?));
        }
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    /// Whether a message is answered by a result.
    async fn call(&self, sender: &mut SendRequest<Full<Bytes>>, id: &str) -> Result<bool, Failed> {
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{{"message":{{"messageId":"{id}","role":"ROLE_USER","parts":[{{"text":"hello echo, this is a small message of about sixty bytes"}}]}}}}}}"#
        );
        let request = Request::post("/")
            .header(HOST, &self.address)
            .header(CONTENT_TYPE, "application/json")
            .header("a2a-version", "1.0")
            .body(Full::new(Bytes::from(message)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(status == StatusCode::OK && body.windows(8).any(|piece| piece == br#""result""#))
    }
}

impl Seen {
    /// As JSON, times in milliseconds.
    fn told(mut self, took: Duration) -> serde_json::Value {
        serde_json::json!({
            "requests": self.calls.len(),
            "refused": self.refused,
            "per_second": self.calls.len() as f64 / took.as_secs_f64(),
            "p50_ms": percentile(&mut self.calls, 0.5),
            "p99_ms": percentile(&mut self.calls, 0.99),
            "handshake_p50_ms": percentile(&mut self.handshakes, 0.5),
        })
    }
}

fn percentile(times: &mut [Duration], part: f64) -> Option<f64> {
    let at = ((times.len().checked_sub(1)?) as f64 * part).round() as usize;
    let (_, time, _) = times.select_nth_unstable(at);
    Some(time.as_secs_f64() * 1e3)
}
