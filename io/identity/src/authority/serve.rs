//! The sockets of an authority.

use super::attest::Attested;
use super::service::Service;
use super::{Inner, admin};
use crate::workload::wire::spiffe_workload_api_server::SpiffeWorkloadApiServer;
use duologue_trust::authority_header::PlainAuthority;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Connections at once, at most.
const CONNECTIONS: usize = 4_096;
/// Requests at once on one.
const STREAMS: u32 = 64;
/// Who shows no sign of life for so long is gone.
const ALIVE: Duration = Duration::from_secs(30);
/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// Listens on a socket with these permissions; one that a process left behind is replaced.
pub(super) fn bind(path: &Path, mode: u32) -> io::Result<UnixListener> {
    // Nothing but a socket is in the way.
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Serves the Workload API.
pub(super) async fn workload(listener: UnixListener, inner: Arc<Inner>) {
    accept(listener, |stream| answer(stream, Arc::clone(&inner))).await;
}

/// Serves the orders of whoever may give them.
pub(super) async fn orders(listener: UnixListener, inner: Arc<Inner>) {
    accept(listener, |stream| admin::answer(stream, Arc::clone(&inner))).await;
}

async fn accept<F>(listener: UnixListener, answer: impl Fn(UnixStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // Connections end with their listener.
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        while tasks.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let answered = answer(stream);
                tasks.spawn(async move {
                    answered.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, inner: Arc<Inner>) {
    let caller = match Attested::of(&stream) {
        Ok(caller) => Arc::new(caller),
        Err(error) => {
            tracing::info!(%error, "a connection to the Workload API was closed");
            return;
        }
    };
    let service = SpiffeWorkloadApiServer::new(Service { inner, caller }).max_decoding_message_size(64 << 10);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(ALIVE).max_concurrent_streams(STREAMS);
    builder.max_header_list_size(32 << 10);
    let connection = builder.serve_connection(TokioIo::new(Plain::new(stream)), TowerToHyperService::new(service));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the Workload API ended early");
    }
}

/// A socket whose clients may name the server as they like; see [`PlainAuthority`].
struct Plain {
    stream: UnixStream,
    plain: PlainAuthority,
    /// What the server is to read, and how much of it it has.
    out: Vec<u8>,
    given: usize,
}

impl Plain {
    fn new(stream: UnixStream) -> Plain {
        Plain { stream, plain: PlainAuthority::default(), out: Vec::new(), given: 0 }
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.given == this.out.len() {
            this.out.clear();
            this.given = 0;
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.plain.push(read.filled(), &mut this.out).map_err(io::Error::other)?;
        }
        let fit = buffer.remaining().min(this.out.len() - this.given);
        buffer.put_slice(&this.out[this.given..this.given + fit]);
        this.given += fit;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
