use super::tts::unexpected;
use crate::child::{Engine, HeavyGate, Urgency};
use crate::protocol::{Event, Op};
use async_trait::async_trait;
use duologue_models::{ModelError, Stt, TranscribeRequest, Transcript};
use futures::StreamExt;
use std::sync::Arc;

/// Recognition by the local speech engine.
#[derive(Debug)]
pub struct LocalStt {
    engine: Arc<Engine>,
    gate: HeavyGate,
}

impl LocalStt {
    /// Takes its turn at `gate`, before all that is less urgent.
    pub fn new(engine: Arc<Engine>, gate: HeavyGate) -> LocalStt {
        LocalStt { engine, gate }
    }
}

#[async_trait]
impl Stt for LocalStt {
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        let audio: Vec<u8> = request.audio.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let _permit = self.gate.pass(Urgency::Now).await;
        let mut answers = self.engine.ask(Op::Transcribe { language: request.language.to_string() }, &audio).await?;
        let mut transcript = Transcript::default();
        while let Some(answer) = answers.next().await {
            match answer?.event {
                Event::Transcript { text, confidence } => transcript = Transcript { text, confidence },
                Event::Done { .. } => {}
                other => return Err(unexpected(&other)),
            }
        }
        Ok(transcript)
    }
}
