//! The providers that are reached over the network: one row each, and the clients behind them.

use crate::choice::Stage;
use duologue_conversation::scenario::own_voices;
use duologue_ids::Redacted;
use duologue_models::deepgram::{Deepgram, DeepgramConfig};
use duologue_models::elevenlabs::{ElevenLabs, ElevenLabsConfig};
use duologue_models::genai::{Anthropic, AnthropicConfig, Gemini, GeminiConfig};
use duologue_models::minimax::{MiniMax, MiniMaxConfig};
use duologue_models::openai::{OpenAi, OpenAiConfig};
use duologue_models::{Connection, Llm, ModelError, RealtimeConfig, RealtimeModel, Stt, Timeouts, Tts};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A provider as settings, flags and scenarios know it.
#[derive(Debug, PartialEq, Eq)]
pub struct Remote {
    /// As people write it.
    pub name: &'static str,
    /// The setting of its address.
    pub base_url_setting: &'static str,
    /// The setting of its key.
    pub key_setting: &'static str,
    /// The variable of its address.
    pub base_url_variable: &'static str,
    /// Where its key is looked for, the first that is set.
    pub key_variables: &'static [&'static str],
    /// Its own address.
    pub home: &'static str,
    /// The models that are taken where nobody names one; none where it has no such stage.
    stt: Option<&'static str>,
    llm: Option<&'static str>,
    tts: Option<&'static str>,
    /// Its model hears and speaks by itself: chosen as the language model, it is all three stages.
    pub is_realtime: bool,
}

macro_rules! remote {
    ($name:literal, $variable:literal, $keys:expr, $home:literal, $stt:expr, $llm:expr, $tts:expr) => {
        Remote {
            name: $name,
            base_url_setting: concat!($name, ".base_url"),
            key_setting: concat!($name, ".api_key"),
            base_url_variable: $variable,
            key_variables: &$keys,
            home: $home,
            stt: $stt,
            llm: $llm,
            tts: $tts,
            is_realtime: false,
        }
    };
}

const OPENAI_KEYS: [&str; 2] = ["OPENAI_API_KEY", "LLM_API_KEY"];

const OPENAI: Remote = remote!(
    "openai",
    "OPENAI_BASE_URL",
    OPENAI_KEYS,
    "https://api.openai.com/v1",
    Some("whisper-1"),
    Some("gpt-4o-mini"),
    Some("tts-1")
);

/// All of them. A new one is a row here, a variant of [`Client`], and two voices in `own_voices`.
#[rustfmt::skip]
pub const REMOTES: [Remote; 7] = [
    OPENAI,
    // The same account at the same address, so the same settings.
    Remote { name: "openai-realtime", stt: None, llm: Some(OpenAiConfig::REALTIME_MODEL), tts: None, is_realtime: true, ..OPENAI },
    remote!("deepgram", "DEEPGRAM_BASE_URL", DeepgramConfig::KEY_VARIABLES, "https://api.deepgram.com/v1",
        Some(DeepgramConfig::STT_MODEL), None, Some(DeepgramConfig::TTS_MODEL)),
    remote!("elevenlabs", "ELEVENLABS_BASE_URL", ElevenLabsConfig::KEY_VARIABLES, "https://api.elevenlabs.io/v1",
        Some(ElevenLabsConfig::STT_MODEL), None, Some(ElevenLabsConfig::TTS_MODEL)),
    remote!("minimax", "MINIMAX_BASE_URL", MiniMaxConfig::KEY_VARIABLES, "https://api.minimax.io/v1",
        None, None, Some("speech_2_6_turbo")),
    remote!("anthropic", "ANTHROPIC_BASE_URL", AnthropicConfig::KEY_VARIABLES, "https://api.anthropic.com/v1",
        None, Some(AnthropicConfig::LLM_MODEL), None),
    remote!("gemini", "GEMINI_BASE_URL", GeminiConfig::KEY_VARIABLES, "https://generativelanguage.googleapis.com/v1beta",
        None, Some(GeminiConfig::LLM_MODEL), None),
];

impl Remote {
    /// The provider of that name.
    pub fn named(name: &str) -> Option<&'static Remote> {
        REMOTES.iter().find(|remote| remote.name == name)
    }

    /// The model for a stage where nobody names one; `None` where it has no such stage.
    pub fn model(&self, stage: Stage) -> Option<&'static str> {
        match stage {
            Stage::Stt => self.stt,
            Stage::Llm => self.llm,
            Stage::Tts => self.tts,
        }
    }

    /// What it can do, for messages: "`stt` and `tts`".
    pub fn stages(&self) -> String {
        let stages = [Stage::Stt, Stage::Llm, Stage::Tts].into_iter().filter(|s| self.model(*s).is_some());
        stages.map(|s| format!("`{}`", s.as_str())).collect::<Vec<_>>().join(" and ")
    }
}

/// Where to reach a provider, and with what.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address.
    pub base_url: String,
    /// Key, where there is one.
    pub key: Option<Redacted<String>>,
    /// Where the key is looked for.
    pub key_variable: String,
    /// How long to wait for it.
    pub timeouts: Timeouts,
}

/// A client of a provider.
pub enum Client {
    /// OpenAI, and who speaks its protocol.
    OpenAi(OpenAi),
    /// Deepgram.
    Deepgram(Deepgram),
    /// ElevenLabs.
    ElevenLabs(ElevenLabs),
    /// MiniMax.
    MiniMax(MiniMax),
    /// Anthropic.
    Anthropic(Anthropic),
    /// Gemini.
    Gemini(Gemini),
    /// OpenAI's model that hears and speaks by itself.
    OpenAiRealtime(OpenAi),
}

/// All configurations have the same fields.
macro_rules! config {
    ($config:ident, $server:expr) => {{
        let Server { base_url, key: api_key, key_variable, timeouts } = $server;
        $config { base_url, api_key, key_variable, timeouts, ..$config::default() }
    }};
}

impl Client {
    /// A client for a server that speaks the provider's protocol.
    ///
    /// # Errors
    /// Its own address wants a key, or the address is none.
    pub fn open(remote: &Remote, server: Server) -> Result<Client, ModelError> {
        Ok(match remote.name {
            "openai-realtime" => Client::OpenAiRealtime(OpenAi::new(config!(OpenAiConfig, server))?),
            "deepgram" => Client::Deepgram(Deepgram::new(config!(DeepgramConfig, server))?),
            "elevenlabs" => Client::ElevenLabs(ElevenLabs::new(config!(ElevenLabsConfig, server))?),
            "minimax" => Client::MiniMax(MiniMax::new(config!(MiniMaxConfig, server))?),
            "anthropic" => Client::Anthropic(Anthropic::new(config!(AnthropicConfig, server))?),
            "gemini" => Client::Gemini(Gemini::new(config!(GeminiConfig, server))?),
            _ => Client::OpenAi(OpenAi::new(config!(OpenAiConfig, server))?),
        })
    }

    /// Its speech to text, where it has any.
    pub fn stt(&self, model: &str) -> Option<Arc<dyn Stt>> {
        match self {
            Client::OpenAi(c) => Some(Arc::new(c.stt(model))),
            Client::Deepgram(c) => Some(Arc::new(c.stt(model))),
            Client::ElevenLabs(c) => Some(Arc::new(c.stt(model))),
            _ => None,
        }
    }

    /// Its language model, where it has any.
    pub fn llm(&self, model: &str) -> Option<Arc<dyn Llm>> {
        match self {
            Client::OpenAi(c) => Some(Arc::new(c.llm(model))),
            Client::Anthropic(c) => Some(Arc::new(c.llm(model))),
            Client::Gemini(c) => Some(Arc::new(c.llm(model))),
            _ => None,
        }
    }

    /// Its text to speech, where it has any.
    pub fn tts(&self, model: &str) -> Option<Arc<dyn Tts>> {
        match self {
            Client::OpenAi(c) => Some(Arc::new(c.tts(model))),
            Client::Deepgram(c) => Some(Arc::new(c.tts(model))),
            Client::ElevenLabs(c) => Some(Arc::new(c.tts(model))),
            Client::MiniMax(c) => Some(Arc::new(c.tts(model))),
            _ => None,
        }
    }

    /// A model that hears and speaks by itself.
    pub fn realtime(&self, model: &str) -> Option<Arc<dyn RealtimeModel>> {
        match self {
            Client::OpenAiRealtime(c) => Some(Arc::new(c.realtime(model))),
            _ => None,
        }
    }

    /// The cheapest call there is that wants a key; of a realtime `model`, a session in which nobody speaks.
    ///
    /// # Errors
    /// It is not there, or does not want the key.
    pub async fn check(&self, model: &str) -> Result<Connection, ModelError> {
        match self {
            Client::OpenAiRealtime(c) => {
                let began = Instant::now();
                c.realtime(model).connect(silent_session()).await?;
                Ok(Connection { took: began.elapsed(), models: vec![model.to_string()] })
            }
            Client::OpenAi(c) => c.connection_check().await,
            Client::Deepgram(c) => c.connection_check().await,
            Client::ElevenLabs(c) => c.connection_check().await,
            Client::MiniMax(c) => c.connection_check().await,
            Client::Anthropic(c) => c.connection_check().await,
            Client::Gemini(c) => c.connection_check().await,
        }
    }
}

/// What a session begins with that is only to be tried.
fn silent_session() -> RealtimeConfig {
    let [voice, _] = own_voices("openai-realtime").unwrap_or_default();
    RealtimeConfig {
        instructions: "".into(),
        tools: [].into(),
        voice: voice.into(),
        speed: 1.0,
        language: "en".into(),
        stretch_silence: Duration::from_millis(500),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a row says, its client does.
    #[test]
    fn every_row_has_its_client_and_its_voices() {
        for remote in &REMOTES {
            let server = Server {
                base_url: "http://127.0.0.1:9/v1".into(),
                key: None,
                key_variable: remote.key_variables[0].into(),
                timeouts: Timeouts::default(),
            };
            let client = Client::open(remote, server).unwrap();
            assert_eq!(client.stt("m").is_some(), remote.model(Stage::Stt).is_some(), "{}", remote.name);
            let thinks = client.llm("m").is_some() || client.realtime("m").is_some();
            assert_eq!(thinks, remote.model(Stage::Llm).is_some(), "{}", remote.name);
            assert_eq!(client.realtime("m").is_some(), remote.is_realtime, "{}", remote.name);
            assert_eq!(client.tts("m").is_some(), remote.model(Stage::Tts).is_some(), "{}", remote.name);
            let voices = own_voices(remote.name);
            let speaks = remote.is_realtime || remote.model(Stage::Tts).is_some();
            assert_eq!(voices.is_some(), speaks, "{}", remote.name);
            assert!(voices.is_none_or(|[a, b]| a != b));

            let home = Server {
                base_url: remote.home.into(),
                key: None,
                key_variable: "MY_KEY".into(),
                timeouts: Timeouts::default(),
            };
            let error = Client::open(remote, home).err().expect("its own address wants a key").to_string();
            assert!(error.contains("MY_KEY"), "{error}");
        }
    }
}
