use crate::http::{Dialect, KeyHeader, provider_config};

const DIALECT: Dialect = Dialect {
    key: KeyHeader::Authorization("Bearer"),
    home: "openai.com",
    example: OpenAiConfig::OPENAI_BASE_URL,
    kind: "an OpenAI-compatible server",
    also: None,
};

provider_config!(
    /// Where a server is and how to treat it. The caller resolves environment variables.
    OpenAiConfig,
    "openai",
    "OPENAI_API_KEY",
    DIALECT
);

impl OpenAiConfig {
    /// OpenAI's own address.
    pub const OPENAI_BASE_URL: &'static str = "https://api.openai.com/v1";
    /// OpenAI's model that hears and speaks by itself.
    pub const REALTIME_MODEL: &'static str = "gpt-realtime";

    /// A server by its base URL, without a key, with the defaults for all else.
    pub fn new(base_url: impl Into<String>) -> OpenAiConfig {
        OpenAiConfig { base_url: base_url.into(), ..OpenAiConfig::default() }
    }
}
