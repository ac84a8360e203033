use crate::http::{Dialect, KeyHeader, provider_config};

const ANTHROPIC: Dialect = Dialect {
    key: KeyHeader::Named("x-api-key"),
    home: "anthropic.com",
    example: "https://api.anthropic.com/v1",
    kind: "a server of Anthropic's Messages API",
    also: None,
};

const GEMINI: Dialect = Dialect {
    key: KeyHeader::Named("x-goog-api-key"),
    home: "googleapis.com",
    example: "https://generativelanguage.googleapis.com/v1beta",
    kind: "a server of the Gemini API",
    also: Some("GOOGLE_API_KEY"),
};

provider_config!(
    /// Where Anthropic's API is and how to treat it. The first byte of its timeouts is the first event that says something.
    AnthropicConfig,
    "anthropic",
    "ANTHROPIC_API_KEY",
    ANTHROPIC
);

provider_config!(
    /// Where Google's API is and how to treat it. The first byte of its timeouts is the first event that says something.
    GeminiConfig,
    "gemini",
    "GEMINI_API_KEY",
    GEMINI
);

impl AnthropicConfig {
    /// Where a key is looked for, the first that is set.
    pub const KEY_VARIABLES: [&'static str; 1] = ["ANTHROPIC_API_KEY"];
    /// A small, quick model: a voice has to answer within a second.
    pub const LLM_MODEL: &'static str = "claude-haiku-4-5";
}

impl GeminiConfig {
    /// Where a key is looked for, the first that is set.
    pub const KEY_VARIABLES: [&'static str; 2] = ["GEMINI_API_KEY", "GOOGLE_API_KEY"];
    /// A quick model that can do without thinking first.
    pub const LLM_MODEL: &'static str = "gemini-2.5-flash";
}
