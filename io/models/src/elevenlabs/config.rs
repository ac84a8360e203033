use crate::http::{Dialect, KeyHeader, provider_config};

const DIALECT: Dialect = Dialect {
    key: KeyHeader::Named("xi-api-key"),
    home: "elevenlabs.io",
    example: "https://api.elevenlabs.io/v1",
    kind: "ElevenLabs",
    also: Some(ElevenLabsConfig::KEY_VARIABLES[0]),
};

provider_config!(
    /// Where ElevenLabs is and how to treat it. The caller resolves environment variables.
    ElevenLabsConfig,
    "elevenlabs",
    "ELEVENLABS_API_KEY",
    DIALECT
);

impl ElevenLabsConfig {
    /// The variables that a key may be in; the first that is set counts.
    pub const KEY_VARIABLES: [&'static str; 3] = ["TTS_ELEVENLABS_API_KEY", "ELEVENLABS_API_KEY", "ELEVEN_API_KEY"];
    /// The speech model with the shortest delay.
    pub const TTS_MODEL: &'static str = "eleven_flash_v2_5";
    /// A voice that every account has.
    pub const VOICE: &'static str = "JBFqnCBsd6RMkjVDRZzb";
    /// The usual transcription model, which streams; `scribe_v2` takes whole utterances only.
    pub const STT_MODEL: &'static str = "scribe_v2_realtime";
}
