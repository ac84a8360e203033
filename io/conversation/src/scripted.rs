//! The provider `scripted` for hearing and speaking: a babble that carries its words. It says what it is.

use async_trait::async_trait;
use duologue_models::{ModelError, SpeechRequest, SpeechStream, SpokenAudio, Stt, TranscribeRequest, Transcript, Tts};
use duologue_sim::{BABBLE_RATE, babble, understand};
use futures::StreamExt;

/// Reads the words that [`ScriptedTts`] put into its sound; hears nothing in anything else.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScriptedStt;

#[async_trait]
impl Stt for ScriptedStt {
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        Ok(Transcript { text: understand(&request.audio), confidence: None })
    }
}

/// Babbles: it sounds like a voice without words, and carries its words in its vowels, which live through Opus.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedTts {
    /// Hz.
    pub pitch: f32,
}

#[async_trait]
impl Tts for ScriptedTts {
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let samples = babble(&request.text, self.pitch, request.speed);
        let chunk = SpokenAudio { rate: BABBLE_RATE, samples, words: Vec::new() };
        Ok(futures::stream::iter([Ok(chunk)]).boxed())
    }
}
