//! Signalling: how a connection to a server begins and is taken up again, and the messages in between.

use crate::net::refusal::ConnectError;
use crate::net::server::Server;
use crate::net::socket::Socket;
use crate::room::error::{CloseReason, JoinError};
use crate::room::link::Link;
use crate::room::options::{JoinOptions, PeerMode};
use duologue_livekit_wire::proto::client_info::Sdk;
use duologue_livekit_wire::proto::leave_request::Action;
use duologue_livekit_wire::proto::signal_response::Message as Response;
use duologue_livekit_wire::proto::{
    ClientInfo, ConnectionSettings, JoinRequest, JoinResponse, LeaveRequest, ReconnectReason, ReconnectResponse,
    SessionDescription, SignalRequest, SignalResponse,
};
use duologue_livekit_wire::{join, query};
use std::net::IpAddr;
use tokio::sync::mpsc;

/// The protocol that is spoken. From 18 on, data channels have fixed numbers instead of being opened.
const PROTOCOL: i32 = 16;
/// Messages that may wait, each way.
const QUEUE: usize = 256;
/// Sections for sound in the first offer; more are added when the server asks.
const SECTIONS: u32 = 3;

/// A line of signalling that runs by itself. Dropping it says goodbye to the socket.
pub(crate) struct Line {
    pub(crate) requests: mpsc::Sender<SignalRequest>,
    pub(crate) responses: mpsc::Receiver<Result<SignalResponse, ConnectError>>,
}

impl Line {
    fn spawn(mut socket: Socket) -> Line {
        let (requests, mut to_send) = mpsc::channel::<SignalRequest>(QUEUE);
        let (received, responses) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    request = to_send.recv() => match request {
                        Some(request) => if let Err(error) = socket.send(&request).await {
                            let _ = received.send(Err(error)).await;
                            return;
                        },
                        None => return socket.close().await,
                    },
                    response = socket.next::<SignalResponse>() => match response {
                        Ok(Some(response)) => if received.send(Ok(response)).await.is_err() {
                            return socket.close().await;
                        },
                        Ok(None) => return,
                        Err(error) => {
                            let _ = received.send(Err(error)).await;
                            return;
                        }
                    },
                }
            }
        });
        Line { requests, responses }
    }
}

/// A connection that has begun.
pub(crate) struct Joined {
    pub(crate) line: Line,
    pub(crate) response: Box<JoinResponse>,
    pub(crate) publisher: Link,
    /// The second connection, where sound comes in on one of its own.
    pub(crate) subscriber: Option<Link>,
}

/// What a new connection needs.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) server: Server,
    pub(crate) options: JoinOptions,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Setup {
    /// Joins as a new participant: with one connection for media, or with two where the server does not know that way.
    pub(crate) async fn join(&self, token: &str) -> Result<Joined, JoinError> {
        let mut request = request();
        if self.options.peers == PeerMode::Auto {
            let mut publisher = Link::open(&self.addresses, self.options.redundancy).await?;
            publisher.ask().open_channels();
            publisher.ask().hear(SECTIONS);
            let offer = publisher.ask().offer()?.unwrap_or_default();
            request.publisher_offer = Some(offered(offer, 1));
            match Socket::open(&self.server, "rtc/v1", &join_query(&request), token).await {
                Err(ConnectError::NotFound { .. }) => {}
                socket => {
                    let (line, response) = begin(socket?).await?;
                    return Ok(Joined { line, response, publisher, subscriber: None });
                }
            }
            request.publisher_offer = None;
        }
        let mut publisher = Link::open(&self.addresses, self.options.redundancy).await?;
        publisher.ask().open_channels();
        let subscriber = Some(Link::open(&self.addresses, self.options.redundancy).await?);
        let (line, response) = begin(Socket::open(&self.server, "rtc", &query::write(&request), token).await?).await?;
        Ok(Joined { line, response, publisher, subscriber })
    }

    /// Takes a connection up again whose socket was lost.
    pub(crate) async fn resume(
        &self,
        token: &str,
        sid: &str,
        single: bool,
        reason: ReconnectReason,
    ) -> Result<Resumed, ConnectError> {
        let request = JoinRequest {
            reconnect: true,
            participant_sid: sid.to_owned(),
            reconnect_reason: reason.into(),
            ..request()
        };
        let mut socket = if single {
            Socket::open(&self.server, "rtc/v1", &join_query(&request), token).await?
        } else {
            Socket::open(&self.server, "rtc", &query::write(&request), token).await?
        };
        match socket.first::<SignalResponse>().await?.message {
            Some(Response::Reconnect(response)) => Ok(Resumed::Again(Line::spawn(socket), response)),
            Some(Response::Leave(leave)) => Ok(Resumed::Leave(leave)),
            _ => Err(socket.foreign("its first message does not take the connection up again")),
        }
    }
}

/// How a server takes somebody who comes back.
pub(crate) enum Resumed {
    Again(Line, ReconnectResponse),
    Leave(LeaveRequest),
}

async fn begin(mut socket: Socket) -> Result<(Line, Box<JoinResponse>), JoinError> {
    match socket.first::<SignalResponse>().await?.message {
        Some(Response::Join(response)) => Ok((Line::spawn(socket), Box::new(response))),
        Some(Response::Leave(leave)) => Err(JoinError::SentAway(CloseReason::of(leave.reason))),
        _ => Err(socket.foreign("its first message lets nobody in").into()),
    }
}

fn join_query(request: &JoinRequest) -> String {
    // Base64 for addresses, but for the padding, which stands for itself in a query too (RFC 3986 §3.4).
    format!("join_request={}", join::write(request))
}

fn request() -> JoinRequest {
    JoinRequest {
        client_info: Some(ClientInfo {
            sdk: Sdk::Rust.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: PROTOCOL,
            os: std::env::consts::OS.into(),
            ..Default::default()
        }),
        // Each track is asked for by name: pictures, recorders and oneself would come with the rest.
        connection_settings: Some(ConnectionSettings { auto_subscribe: false, ..Default::default() }),
        ..Default::default()
    }
}

pub(crate) fn offered(sdp: String, id: u32) -> SessionDescription {
    SessionDescription { r#type: "offer".into(), sdp, id, ..Default::default() }
}

/// Whether a server that sends us away lets us come back, and how. Servers before protocol 13 say so with a flag.
pub(crate) fn action(leave: &LeaveRequest) -> Action {
    match leave.action() {
        Action::Disconnect if leave.can_reconnect => Action::Reconnect,
        action => action,
    }
}
