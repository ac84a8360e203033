//! Our client and our server, with a line between them that breaks again and again.

use crate::streams::hello;
use async_trait::async_trait;
use duologue_a2a::model::{AgentCapabilities, AgentCard, AgentExtension, Artifact, Part, StreamResponse, TaskState};
use duologue_gateway::extension::IDEMPOTENT_SEND;
use duologue_gateway::outbound::{Binding, Client, Options};
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind_loopback, serve};
use futures::StreamExt as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PIECES: u64 = 100;
/// Of what the server sends, so much goes through before the line breaks: the head of an answer and some events, of which gRPC
/// puts up to 16 KiB into one frame.
const BYTES: usize = 20_000;

/// Tells many pieces.
struct Teller;

#[async_trait]
impl Agent for Teller {
    fn card(&self) -> AgentCard {
        let extension = AgentExtension { uri: IDEMPOTENT_SEND.into(), ..AgentExtension::default() };
        let capabilities =
            AgentCapabilities { streaming: Some(true), extensions: vec![extension], ..AgentCapabilities::default() };
        AgentCard { name: "Teller".into(), capabilities, ..AgentCard::default() }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        turn.status(TaskState::Working, None).await?;
        for number in 0..PIECES {
            let parts = vec![Part::text("a piece of what is to be told ".repeat(30))];
            turn.artifact(Artifact { artifact_id: format!("a-{number}"), parts, ..Artifact::default() }).await?;
        }
        Ok(Answer::Done)
    }
}

/// Passes bytes on, and breaks each line after so many that came from the server.
async fn breaking(listener: TcpListener, server: SocketAddr, broken: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let broken = Arc::clone(&broken);
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(server).await else { return };
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            let up = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            let mut left = BYTES;
            let mut piece = [0; 1_024];
            while let Ok(read @ 1..) = from_server.read(&mut piece).await {
                if to_client.write_all(&piece[..read.min(left)]).await.is_err() {
                    break;
                }
                left = left.saturating_sub(read);
                if left == 0 {
                    broken.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            up.abort();
        });
    }
}

/// The numbers of what was told, and how often the line broke.
async fn told_over(binding: Binding) -> (Vec<Option<u64>>, usize) {
    let line = bind_loopback(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let server = bind_loopback(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let (address, behind) = (line.local_addr().expect("an address"), server.local_addr().expect("an address"));
    let config =
        GatewayConfig { grpc: Some(address.to_string()), ..GatewayConfig::loopback(format!("http://{address}")) };
    let gateway = Gateway::new(Arc::new(Teller), config);
    tokio::spawn(serve(gateway, server, std::future::pending(), Duration::ZERO));
    let broken = Arc::new(AtomicUsize::new(0));
    tokio::spawn(breaking(line, behind, Arc::clone(&broken)));

    let options = Options { bindings: vec![binding], ..Options::default() };
    let client = Client::connect(&format!("http://{address}"), options).await.expect("a card");
    let mut events = client.send_streaming_message(hello()).await.expect("a stream");
    let (mut numbers, mut state) = (Vec::new(), TaskState::Unspecified);
    while let Some(told) = events.next().await {
        let told = told.expect("it is taken up again");
        numbers.push(told.sequence);
        match told.event {
            StreamResponse::Task(task) => state = task.status.state,
            StreamResponse::StatusUpdate(update) => state = update.status.state,
            StreamResponse::ArtifactUpdate(_) | StreamResponse::Message(_) => {}
        }
    }
    assert_eq!(state, TaskState::Completed);
    (numbers, broken.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_line_that_breaks_loses_and_repeats_nothing() {
    for binding in [Binding::JsonRpc, Binding::Http, Binding::Grpc] {
        let (numbers, broken) = told_over(binding).await;
        // The task, that it is being worked on, the pieces, and that it is done.
        let all: Vec<Option<u64>> = (1..=PIECES + 3).map(Some).collect();
        assert_eq!(numbers, all, "{binding}");
        assert!(broken >= 3, "{binding}: the line broke {broken} times");
    }
}
