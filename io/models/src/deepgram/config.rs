use crate::http::{Dialect, KeyHeader, provider_config};

const DIALECT: Dialect = Dialect {
    key: KeyHeader::Authorization("Token"),
    home: "deepgram.com",
    example: "https://api.deepgram.com/v1",
    kind: "Deepgram",
    also: Some(DeepgramConfig::KEY_VARIABLES[0]),
};

provider_config!(
    /// Where Deepgram is and how to treat it. The caller resolves environment variables.
    DeepgramConfig,
    "deepgram",
    "DEEPGRAM_API_KEY",
    DIALECT
);

impl DeepgramConfig {
    /// The variables that a key may be in; the first that is set counts.
    pub const KEY_VARIABLES: [&'static str; 2] = ["ASR_DEEPGRAM_API_KEY", "DEEPGRAM_API_KEY"];
    /// The usual transcription model.
    pub const STT_MODEL: &'static str = "nova-3";
    /// The usual family of voices.
    pub const TTS_MODEL: &'static str = "aura-2";
    /// A voice of that family.
    pub const VOICE: &'static str = "thalia";
}
