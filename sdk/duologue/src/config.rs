//! The file of an agent: who it is, what it may be asked by whom, where it is served, whom it knows.

mod read;
mod section;
#[cfg(feature = "voice")]
mod voice;

pub use read::ConfigError;
pub use section::{
    AgentEntry, Authorization, Breaker, Calls, CertSource, Config, DefaultPolicy, Engine, Identity, LogFormat,
    LogLevel, Logging, Metadata, Metrics, Mtls, Observability, Rate, Retry, Server, Tracing,
};
#[cfg(feature = "voice")]
pub use voice::Voice;
