//! Being asked to stop.

/// Waits for Ctrl-C or, on Unix, SIGTERM; `false` where neither can be waited for.
pub(crate) async fn interrupted() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                pressed = tokio::signal::ctrl_c() => pressed.is_ok(),
                received = terminate.recv() => received.is_some(),
            };
        }
    }
    tokio::signal::ctrl_c().await.is_ok()
}
