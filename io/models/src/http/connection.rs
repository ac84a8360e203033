use super::failure::Fault;
use super::transport::Answer;
use crate::ModelError;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// Longest answer to a check, in bytes: resellers have hundreds of models, each with a description.
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
    /// Reads `answer`, which has to be JSON of the shape `T`; `models` reads the names out of it.
    pub(crate) async fn check<T: DeserializeOwned>(
        answer: impl Future<Output = Result<Answer, ModelError>>,
        models: impl FnOnce(T) -> Result<Vec<String>, Fault>,
    ) -> Result<Connection, ModelError> {
        let began = Instant::now();
        let mut answer = answer.await?;
        let body = answer.read_all(LIST_MAX).await?;
        let shape = |e| Fault::json("the answer is none of the documented shape", &e);
        let models = serde_json::from_slice(&body).map_err(shape).and_then(models);
        let mut models = models.map_err(|fault| answer.failures().fault(fault))?;
        models.sort_unstable();
        Ok(Connection { took: began.elapsed(), models })
    }

    /// Whether it has a model of that name; `None` where the server does not tell.
    pub fn offers(&self, model: &str) -> Option<bool> {
        (!self.models.is_empty()).then(|| self.models.iter().any(|m| m == model))
    }
}
