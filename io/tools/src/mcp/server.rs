//! A server, for those who call its tools: [`Server`].

use super::connection::list;
use super::error::{CallFailed, ConnectError};
use super::keeping::{Shared, State};
use super::listing::Foreign;
use super::plan::Plan;
use super::{answer, keeping};
use crate::error::CallError;
use crate::pins::{Pins, PinsError};
use crate::text::one_line;
use crate::toolbox::{Names, Offer, Standing};
use duologue_chat::ToolCall;
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::{Peer, ServiceError};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a call waits for a server that is not there.
const AWAY: Duration = Duration::from_secs(5);
/// How long a server that let a call time out has to show that it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// How long the words of its refusals may be.
const WORDS_MAX: usize = 500;

/// A server whose connection is kept. Clones share it; when the last one is dropped it ends.
#[derive(Clone)]
pub(crate) struct Server(Arc<Owner>);

struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        // Its task may not come to it any more.
        self.shared.ties.group.kill();
    }
}

impl Server {
    pub(crate) fn start(plan: Plan, pins: &Pins, runtime: &Handle) -> Server {
        let shared = Arc::new(Shared::new(plan, pins.clone()));
        runtime.spawn(keeping::keep(shared.clone()));
        Server(Arc::new(Owner { shared }))
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared().plan.name
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Returns once it was tried for the first time; an error where it is needed and not there.
    pub(crate) async fn tried(&self) -> Result<(), ConnectError> {
        let mut states = self.shared().state.subscribe();
        let Ok(state) = states.wait_for(|state| state.tried).await else { return Ok(()) };
        match &state.trouble {
            Some(error) if self.shared().plan.required => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// What it has, with who has which name.
    pub(crate) fn offers(&self, names: &Names, place: usize) -> Vec<Offer> {
        let state = self.shared().state.borrow().clone();
        let known = state.tools.iter().map(|(tool, standing)| match standing {
            Standing::Offered | Standing::Quarantined if !names.claim(&tool.name, Some(place)) => {
                let why = "another source has a tool of this name; give the server a `prefix`".to_owned();
                self.offer(tool, Standing::Refused(why))
            }
            standing => self.offer(tool, standing.clone()),
        });
        let refused = state.refused.iter().map(|(original, why)| Offer {
            name: original.clone(),
            original: original.clone(),
            description: String::new(),
            parameters: Value::Null,
            pin: String::new(),
            ..self.bare(Standing::Refused(why.clone()))
        });
        known.chain(refused).collect()
    }

    fn offer(&self, tool: &Foreign, standing: Standing) -> Offer {
        Offer {
            name: tool.name.clone(),
            original: tool.original.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.schema().clone(),
            called_off: self.shared().plan.called_off.contains(&tool.original),
            pin: tool.pin.clone(),
            ..self.bare(standing)
        }
    }

    fn bare(&self, standing: Standing) -> Offer {
        Offer {
            name: String::new(),
            server: Some(self.name().to_owned()),
            original: String::new(),
            description: String::new(),
            parameters: Value::Null,
            timeout: self.shared().plan.timeout,
            called_off: false,
            pin: String::new(),
            standing,
        }
    }

    /// From now on a tool is as it looks now; whether there is one.
    pub(crate) fn allow(&self, original: &str) -> Result<bool, PinsError> {
        let shared = self.shared();
        let state = shared.state.borrow().clone();
        let Some((tool, _)) = state.tools.iter().find(|(tool, _)| tool.original == original) else { return Ok(false) };
        shared.pins.allow(&shared.plan.key, original, &tool.pin)?;
        shared.judge_again();
        Ok(true)
    }

    /// Calls a tool, by the name that models have for it.
    pub(crate) async fn call(&self, call: &ToolCall) -> Result<Value, CallError> {
        let within = self.shared().plan.timeout;
        match timeout(within, self.called(call)).await {
            Ok(result) => result,
            Err(_) => {
                // It may be slow, or dead.
                self.shared().doubt.notify_one();
                Err(CallError::TimedOut { tool: call.name.clone(), after: within })
            }
        }
    }

    async fn called(&self, call: &ToolCall) -> Result<Value, CallError> {
        let shared = self.shared();
        let (peer, number) = self.peer().await?;
        let state = shared.state.borrow().clone();
        let tool = state.tools.iter().find(|(tool, _)| tool.name == call.name);
        let (tool, standing) = tool.ok_or_else(|| CallError::Unknown(call.name.clone()))?;
        match standing {
            Standing::Offered => {}
            Standing::Quarantined => return Err(CallError::Quarantined(call.name.clone())),
            Standing::NotListed | Standing::Refused(_) => return Err(CallError::Unknown(call.name.clone())),
        }
        let misfits = tool.parameters.misfits(&call.arguments);
        if !misfits.is_empty() {
            return Err(CallError::Arguments(misfits));
        }
        let arguments = call.arguments.as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(tool.original.clone()).with_arguments(arguments);
        // Dropped, it tells the server that nobody waits any more.
        let answered = peer.call_tool_once(params).await.map_err(|error| self.failed(error, number))?;
        let server = || self.name().to_owned();
        match answered {
            CallToolResponse::Complete(result) => {
                answer::value(&result, shared.plan.result_max).map_err(CallError::Told)
            }
            CallToolResponse::InputRequired(_) => Err(CallFailed::AsksBack { server: server() }.into()),
            _ => Err(CallFailed::Garbled { server: server() }.into()),
        }
    }

    /// The connection, once there is one: a call that comes while there is none waits for a while.
    async fn peer(&self) -> Result<(Peer<RoleClient>, u64), CallError> {
        let shared = self.shared();
        let mut states = shared.state.subscribe();
        if states.borrow_and_update().peer.is_none() {
            shared.nudge.notify_one();
        }
        let there = timeout(AWAY, states.wait_for(|state| state.peer.is_some() || state.over)).await;
        let present = match there {
            Ok(Ok(state)) => state.peer.clone(),
            _ => None,
        };
        present.ok_or_else(|| {
            let trouble = shared.state.borrow().trouble.as_ref().map(ToString::to_string);
            let why = trouble.unwrap_or_else(|| "it is being started again".to_owned());
            CallFailed::Away { server: self.name().to_owned(), why }.into()
        })
    }

    fn failed(&self, error: ServiceError, number: u64) -> CallError {
        let (shared, server) = (self.shared(), self.name().to_owned());
        let failed = match error {
            ServiceError::McpError(error) => CallFailed::Refused { server, words: one_line(&error.message, WORDS_MAX) },
            ServiceError::TransportClosed | ServiceError::TransportSend(_) | ServiceError::Cancelled { .. } => {
                let too_large = shared.ties.too_large.load(Ordering::Relaxed);
                shared.lost(number);
                match too_large {
                    true => CallFailed::TooLarge { server, max: super::child::MESSAGE_MAX },
                    false => CallFailed::Lost { server },
                }
            }
            _ => CallFailed::Garbled { server },
        };
        failed.into()
    }

    /// Ends it in order, in a bounded time.
    pub(crate) async fn end(&self) {
        let shared = self.shared();
        shared.stop.cancel();
        let mut states = shared.state.subscribe();
        let _ = timeout(keeping::END_WITHIN, states.wait_for(|state| state.over)).await;
        shared.ties.group.kill();
    }
}

/// Whether a server answers, be it slowly.
pub(super) async fn is_alive(state: &State) -> bool {
    match &state.peer {
        Some((peer, _)) => timeout(SIGN_OF_LIFE, list(peer)).await.is_ok_and(|listed| listed.is_ok()),
        None => false,
    }
}
