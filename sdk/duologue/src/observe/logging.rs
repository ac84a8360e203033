use crate::config::{LogFormat, LogLevel, Logging};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Sets the program's log up, on standard error. `DUOLOGUE_LOG` goes before the file, in the manner of `RUST_LOG`. Where the program
/// has set one up already, that one stays.
pub(crate) fn init(logging: &Logging) {
    let level = match logging.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let filter = EnvFilter::try_from_env("DUOLOGUE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // It quotes what servers of tools send, which are people's words.
    let filter = match "rmcp=off".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => EnvFilter::new("off"),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that there is one already.
    drop(match logging.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
    });
}
