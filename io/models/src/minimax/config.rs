use crate::http::{Dialect, KeyHeader, provider_config};

const DIALECT: Dialect = Dialect {
    key: KeyHeader::Authorization("Bearer"),
    home: "minimax.io",
    example: "https://api.minimax.io/v1",
    kind: "MiniMax",
    also: Some(MiniMaxConfig::KEY_VARIABLES[0]),
};

provider_config!(
    /// Where MiniMax is and how to treat it. The caller resolves environment variables. Keys of old accounts want a
    /// group, which goes into the base URL: `https://api.minimax.io/v1?GroupId=...`.
    MiniMaxConfig,
    "minimax",
    "MINIMAX_API_KEY",
    DIALECT
);

impl MiniMaxConfig {
    /// The variables that a key may be in; the first that is set counts.
    pub const KEY_VARIABLES: [&'static str; 2] = ["TTS_MINIMAX_API_KEY", "MINIMAX_API_KEY"];
    /// The speech model with the shortest delay.
    pub const TTS_MODEL: &'static str = "speech-2.6-turbo";
    /// The usual voice.
    pub const VOICE: &'static str = "English_captivating_female1";
}
