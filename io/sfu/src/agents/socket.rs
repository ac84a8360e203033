//! The line of one worker.

use super::{Agents, Ask, wire};
use crate::clock::Clock;
use crate::config::ApiKey;
use crate::http::Socket;
use duologue_dispatch::Input;
use duologue_livekit_wire::proto::server_message::Message as Say;
use duologue_livekit_wire::proto::worker_message::Message as Said;
use duologue_livekit_wire::proto::{RegisterWorkerResponse, ServerInfo, ServerMessage, WorkerMessage, WorkerPong};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Messages that may wait for a worker.
const OUTBOX: usize = 1_024;

/// What a worker's line needs of the server.
pub(crate) struct Desk {
    pub(crate) agents: Agents,
    pub(crate) clock: Clock,
    pub(crate) server: ServerInfo,
    pub(crate) register_within: Duration,
}

/// Serves a worker until its line ends.
pub(crate) async fn serve(socket: Socket, key: Arc<ApiKey>, desk: Desk) {
    let (mut reader, mut writer) = socket.split();
    let first = timeout(desk.register_within, reader.next::<WorkerMessage>()).await;
    let Ok(Some(WorkerMessage { message: Some(Said::Register(register)) })) = first else {
        tracing::debug!("a worker did not register");
        return writer.close().await;
    };
    let (outbox, messages) = mpsc::channel(OUTBOX);
    let (reply, registered) = oneshot::channel();
    let (spec, to_self) = (wire::spec(register), outbox.downgrade());
    tracing::info!(agent = spec.agent_name, "a worker registers");
    desk.agents.say(Ask::Register { spec, key, outbox, reply });
    let Ok(worker) = registered.await else { return };
    let welcome =
        RegisterWorkerResponse { worker_id: worker.0.clone(), server_info: Some(desk.server), ..Default::default() };
    // Goes out before what waits in the box already.
    if !writer.send(&ServerMessage { message: Some(Say::Register(welcome)) }).await {
        return desk.agents.say(Ask::Heard(Input::WorkerGone { worker }));
    }
    let mut writing = tokio::spawn(writer.run(messages));
    let mut available = true;
    loop {
        let message = tokio::select! {
            message = reader.next::<WorkerMessage>() => message,
            _ = &mut writing => break,
        };
        let Some(message) = message else { break };
        match message.message {
            Some(Said::Ping(ping)) => {
                let pong = WorkerPong { last_timestamp: ping.timestamp, timestamp: desk.clock.unix_millis() };
                // A worker that does not read loses this one, and soon its line.
                let pong = ServerMessage { message: Some(Say::Pong(pong)) };
                if let Some(outbox) = to_self.upgrade() {
                    let _ = outbox.try_send(pong);
                }
            }
            Some(message) => {
                let heard = wire::said(&worker, message, &mut available);
                heard.into_iter().for_each(|input| desk.agents.say(Ask::Heard(input)));
            }
            None => {}
        }
    }
    tracing::info!(%worker, "a worker's line ended");
    writing.abort();
    desk.agents.say(Ask::Heard(Input::WorkerGone { worker }));
}
