//! One connection.

use crate::connections::{Place, Signal};
use crate::peer::Peer;
use duologue_trust::Ended;
use rustls::AlertDescription;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A connection to somebody who is known. It ends by itself when its peer is no longer to be believed, or when it is too old;
/// reading and writing then fail with [`Ended`] inside the error.
pub struct Connection<S> {
    stream: TlsStream<S>,
    peer: Peer,
    signal: Arc<Signal>,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    heard: bool,
    _place: Place,
}

/// The other side refused this side's certificate, before anything of a request was read there.
///
/// In TLS 1.3 a client has done its part of the handshake before the server looks at its certificate, so that this is met when the
/// answer is read. See [`handshake_refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeRefusal {
    /// One's identity is known there and not wanted.
    #[error("the other side does not take calls from this identity: have it allowed there")]
    Unwanted,
    /// It was revoked.
    #[error("the other side says that this identity was revoked")]
    Revoked,
    /// The other side has nothing to show itself. It knows nobody's identity by then.
    #[error("the other side has no valid identity of its own: see that the authority it gets one from runs")]
    PeerHasNone,
    /// It was not believed there, as happens for a moment while authorities change.
    #[error(
        "the other side does not believe this side's certificate: see that it has the bundle of this trust domain, and that both clocks are right"
    )]
    NotBelieved,
}

impl HandshakeRefusal {
    /// Whether another attempt may end otherwise.
    pub fn may_pass(self) -> bool {
        matches!(self, HandshakeRefusal::NotBelieved | HandshakeRefusal::PeerHasNone)
    }

    /// What a client is told before it has shown who it is: in TLS 1.3 a server shows its own identity first, and one that has none
    /// says the same word (rustls: access denied) as one that does not want the caller.
    pub(crate) fn of_beginning(error: &rustls::Error) -> Option<HandshakeRefusal> {
        match HandshakeRefusal::of(error) {
            Some(HandshakeRefusal::Unwanted) => Some(HandshakeRefusal::PeerHasNone),
            other => other,
        }
    }

    /// What is told once both have shown who they are.
    pub(crate) fn of(error: &rustls::Error) -> Option<HandshakeRefusal> {
        use AlertDescription as Alert;
        let rustls::Error::AlertReceived(alert) = error else { return None };
        match alert {
            Alert::AccessDenied => Some(HandshakeRefusal::Unwanted),
            Alert::CertificateRevoked => Some(HandshakeRefusal::Revoked),
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::CertificateRequired
            | Alert::DecryptError
            | Alert::HandshakeFailure => Some(HandshakeRefusal::NotBelieved),
            _ => None,
        }
    }
}

/// What became of a connection.
#[derive(Clone, Debug)]
pub struct Fate(Arc<Signal>);

impl Fate {
    /// Why the other side refused it, where it did, before anything was read from it.
    pub fn refusal(&self) -> Option<HandshakeRefusal> {
        self.0.refusal.get().copied()
    }

    /// Why it was ended on this side, where it was.
    pub fn ended(&self) -> Option<Ended> {
        self.0.why.get().copied()
    }
}

/// Why a request failed, where it is because the other side refused this side's certificate: somewhere among the causes of the
/// error. The other side's program has not seen the request then.
pub fn handshake_refusal(error: &(dyn Error + 'static)) -> Option<HandshakeRefusal> {
    cause(error)
}

/// Why a request failed, where it is because the connection was ended on this side.
pub fn ended(error: &(dyn Error + 'static)) -> Option<Ended> {
    cause(error)
}

fn cause<T: Error + Copy + 'static>(error: &(dyn Error + 'static)) -> Option<T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(*found);
        }
        // An io::Error shows what is in it as its own words, and its cause's cause as its cause.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| cause::<T>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: TlsStream<S>, peer: Peer, place: Place) -> Connection<S> {
        let signal = Arc::clone(&place.signal);
        let end = Box::pin(signal.end.clone().cancelled_owned());
        Connection { stream, peer, signal, end, heard: false, _place: place }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Is cancelled when the connection is to be wound up: finish what is under way, take nothing new. Who does not is cut off.
    pub fn wind_up(&self) -> CancellationToken {
        self.signal.wind_up.clone()
    }

    /// Whether both sides agreed on HTTP/2.
    pub fn is_http2(&self) -> bool {
        self.stream.get_ref().1.alpn_protocol() == Some(b"h2")
    }

    /// Tells later what became of it, also to those who have given it away.
    pub fn fate(&self) -> Fate {
        Fate(Arc::clone(&self.signal))
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> Option<io::Error> {
        self.end.as_mut().poll(context).is_ready().then(|| {
            let why = self.signal.why.get().copied().unwrap_or(Ended::Aged);
            io::Error::new(io::ErrorKind::ConnectionAborted, why)
        })
    }

    /// Says what an error means that came before anything else did.
    fn explain(&self, error: io::Error) -> io::Error {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls.and_then(HandshakeRefusal::of) {
            Some(refusal) if !self.heard => {
                // The first is kept.
                let _ = self.signal.refusal.set(refusal);
                io::Error::new(io::ErrorKind::PermissionDenied, refusal)
            }
            _ => error,
        }
    }
}

impl<S> std::fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.is_over(context) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        let read = std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        self.heard |= buffer.filled().len() > before;
        Poll::Ready(read.map_err(|error| self.explain(error)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.is_over(context) {
            return Poll::Ready(Err(error));
        }
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        Poll::Ready(written.map_err(|error| self.explain(error)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.is_over(context) {
            return Poll::Ready(Err(error));
        }
        let flushed = std::task::ready!(Pin::new(&mut self.stream).poll_flush(context));
        Poll::Ready(flushed.map_err(|error| self.explain(error)))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
