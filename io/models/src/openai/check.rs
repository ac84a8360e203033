use super::transport::Transport;
use super::wire::ModelList;
use crate::ModelError;
use std::time::Duration;
use tokio::time::Instant;

/// Longest list of models, in bytes: resellers have hundreds, each with a description.
const LIST_MAX: usize = 8 << 20;

/// A server that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// From the call to the whole answer, connecting included.
    pub took: Duration,
    /// The names of its models, sorted; empty where the server names none.
    pub models: Vec<String>,
}

impl Connection {
    /// Whether it has a model of that name; `None` where the server does not tell.
    pub fn offers(&self, model: &str) -> Option<bool> {
        (!self.models.is_empty()).then(|| self.models.iter().any(|m| m == model))
    }
}

pub(super) async fn connection_check(transport: &Transport) -> Result<Connection, ModelError> {
    let began = Instant::now();
    let mut answer = transport.get_once("models").await?;
    let body = answer.read_all(LIST_MAX).await?;
    let list: ModelList = serde_json::from_slice(&body)
        .map_err(|_| answer.failures().malformed("the list of models is not JSON with `data`"))?;
    let mut models: Vec<String> = list.data.into_iter().map(|m| m.id).collect();
    models.sort_unstable();
    Ok(Connection { took: began.elapsed(), models })
}
