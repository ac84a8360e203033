use crate::binding::Binding;
use duologue_a2a::call::jsonrpc::{self, Id};
use duologue_a2a::call::{Limits, http as rest};
use duologue_a2a::error::A2aError;
use duologue_a2a::model::StreamResponse;
use duologue_a2a::version::Dialect;

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number within the task, where the agent tells one.
    pub sequence: Option<u64>,
    /// The event.
    pub event: StreamResponse,
}

/// How the events of a stream are written.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) binding: Binding,
    pub(super) dialect: Dialect,
    pub(super) id: Id,
    pub(super) limits: Limits,
    pub(super) url: String,
}

impl Words {
    pub(super) fn read(&self, data: &[u8]) -> Result<StreamResponse, A2aError> {
        match self.binding {
            Binding::JsonRpc => jsonrpc::read_event(data, &self.id, self.dialect, &self.limits),
            _ => rest::read_event(data, self.dialect, &self.limits),
        }
    }
}
