//! What an agent tells about what it does: its log, figures for Prometheus, and traces.

mod listener;
mod logging;
mod metrics;
mod trace;

pub use listener::ListenerError;
pub(crate) use listener::{Listener, Watched};
pub(crate) use logging::init as init_logging;
pub(crate) use metrics::Metrics;
pub use trace::TraceError;
pub(crate) use trace::{Kind, Span, Traces};
