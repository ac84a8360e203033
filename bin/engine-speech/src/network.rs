//! A small network in ONNX, run on one thread: these networks are faster than the hand-over to a second one.

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value, ValueOrView};
use std::sync::Arc;

/// A loaded network.
pub(crate) struct Network {
    model: Model,
    threads: Arc<ThreadPool>,
}

/// Why a network gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The file is not a network that can be run.
    #[error("it is not a usable ONNX file: {0}")]
    Load(String),
    /// Running it failed.
    #[error("the network failed: {0}")]
    Run(String),
    /// An output is not of the expected type or shape.
    #[error("output {0} of the network is not what is expected: is this another model?")]
    Output(&'static str),
}

impl Network {
    /// Reads an ONNX file's bytes.
    pub(crate) fn load(bytes: Vec<u8>) -> Result<Network, NetworkError> {
        let model = ModelOptions::with_all_ops().prepack_weights(true).load(bytes);
        let model = model.map_err(|e| NetworkError::Load(e.to_string()))?;
        Ok(Network { model, threads: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    /// Computes the named outputs from the named inputs.
    pub(crate) fn run<const I: usize, const O: usize>(
        &self,
        inputs: [(&'static str, ValueOrView); I],
        outputs: [&'static str; O],
    ) -> Result<[Value; O], NetworkError> {
        let failed = |e: rten::RunError| NetworkError::Run(e.to_string());
        let mut named = Vec::with_capacity(I);
        for (name, value) in inputs {
            named.push((self.model.node_id(name).map_err(failed)?, value));
        }
        let mut wanted = Vec::with_capacity(O);
        for name in outputs {
            wanted.push(self.model.node_id(name).map_err(failed)?);
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let values = self.model.run(named, &wanted, Some(options)).map_err(failed)?;
        values.try_into().map_err(|_| NetworkError::Run("outputs are missing".to_owned()))
    }
}
