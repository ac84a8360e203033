//! The task that owns a child, life after life.

use super::in_flight::{Delivered, InFlight};
use super::process::Running;
use super::restarts::{Next, Restarts};
use super::{Answer, EngineError, EngineSpec};
use crate::protocol::{FrameError, Response};
use duologue_models::ModelErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// A request on its way to the child.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) id: u64,
    pub(super) frame: Vec<u8>,
    pub(super) to: mpsc::Sender<Result<Answer, EngineError>>,
}

/// What reaches the supervisor from outside.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) cancels: mpsc::UnboundedReceiver<u64>,
    pub(super) stop: watch::Receiver<bool>,
    /// For the ids of cancellations.
    pub(super) ids: Arc<AtomicU64>,
}

/// Serves requests until told to stop, with one child after the other.
pub(super) async fn supervise(spec: EngineSpec, first: Running, mut inbox: Inbox) {
    let mut restarts = Restarts::new(spec.restarts);
    let mut running = first;
    loop {
        let Some(cause) = serve(&spec, running, &mut inbox).await else { return };
        tracing::warn!(engine = spec.name, %cause, "a local engine failed and is started again");
        match start_again(&spec, cause, &mut restarts, &mut inbox).await {
            Some(next) => running = next,
            None => return,
        }
    }
}

/// Why a child's life is over.
enum End {
    Told,
    Broken(FrameError),
    Hung,
}

/// One child's life; returns the failure that ended it, or `None` when told to stop.
async fn serve(spec: &EngineSpec, mut running: Running, inbox: &mut Inbox) -> Option<EngineError> {
    let mut in_flight = InFlight::new(&spec.name, spec.silent_for);
    let engine = spec.name.clone();
    match relay(&mut running, &mut in_flight, inbox).await {
        End::Told => {
            in_flight.fail(&EngineError::ShutDown { engine });
            running.end().await;
            None
        }
        End::Hung => {
            let cause = EngineError::Silent { engine, after: spec.silent_for };
            in_flight.fail(&cause);
            running.kill().await;
            Some(cause)
        }
        End::Broken(broken) => {
            let cause = running.autopsy(&engine, broken).await;
            in_flight.fail(&cause);
            Some(cause)
        }
    }
}

/// Passes requests to the child and its events back.
async fn relay(running: &mut Running, in_flight: &mut InFlight, inbox: &mut Inbox) -> End {
    loop {
        let has_room = running.has_room();
        let hung = until(in_flight.deadline());
        tokio::select! {
            // What is given up is not worked on first.
            biased;
            () = stopped(&mut inbox.stop) => return End::Told,
            Some(target) = inbox.cancels.recv() => running.cancel(inbox.ids.fetch_add(1, Ordering::Relaxed), target),
            Some(ask) = inbox.asks.recv(), if has_room => {
                // Who gave up while waiting is not worth the work.
                if !ask.to.is_closed() {
                    in_flight.add(ask.id, ask.to, Instant::now());
                    running.send(ask.frame);
                }
            }
            frame = running.receive() => match frame {
                Ok((Response { id, event }, payload)) => {
                    if in_flight.deliver(id, event, payload, Instant::now()) == Delivered::Unread {
                        running.cancel(inbox.ids.fetch_add(1, Ordering::Relaxed), id);
                    }
                }
                Err(broken) => return End::Broken(broken),
            },
            () = hung => return End::Hung,
        }
    }
}

/// A new child after a failure, as soon as [`Restarts`] allows; `None` when told to stop. Requests wait meanwhile, but
/// for a rest, in which they are refused.
async fn start_again(
    spec: &EngineSpec,
    mut cause: EngineError,
    restarts: &mut Restarts,
    inbox: &mut Inbox,
) -> Option<Running> {
    loop {
        let curable = cause.kind() != ModelErrorKind::Configuration;
        match restarts.after_failure(Instant::now(), curable) {
            Next::StartAfter(pause) => tokio::select! {
                () = stopped(&mut inbox.stop) => return None,
                () = sleep(pause) => {}
            },
            Next::RestUntil(end) => {
                let (engine, failures) = (spec.name.clone(), restarts.count());
                tracing::error!(engine, failures, %cause, "a local engine is left alone for a while");
                rest(end, &EngineError::Resting { engine, failures, cause: Box::new(cause) }, inbox).await?;
            }
        }
        tokio::select! {
            () = stopped(&mut inbox.stop) => return None,
            started = Running::start(spec) => match started {
                Ok(running) => return Some(running),
                Err(error) => cause = error,
            }
        }
    }
}

/// Refuses requests until `end`; `None` when told to stop.
async fn rest(end: Instant, refusal: &EngineError, inbox: &mut Inbox) -> Option<()> {
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut inbox.stop) => return None,
            () = sleep_until(end) => return Some(()),
            Some(ask) = inbox.asks.recv() => {
                // Who gave up needs no answer.
                let _ = ask.to.try_send(Err(refusal.clone()));
            }
        }
    }
}

/// Until the engine is to end, by word or because its handle is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the handle is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
