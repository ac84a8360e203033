use crate::channels::{Channel, Channels};
use crate::convert;
use crate::negotiation::Negotiation;
use crate::{Received, Rtp};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::config::DtlsCert;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, IceConnectionState, Input, Rtc};

/// The longest wait between questions whether a way still leads to the other side (RFC 8445 §14.3), and how many go
/// unanswered before it counts as lost.
const STUN_WAIT: Duration = Duration::from_secs(1);
const STUN_TRIES: usize = 6;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Searches for a way to the server (full ICE).
    Client,
    /// Waits where it is (ICE-lite).
    Server,
}

/// What a peer proves itself with; one for all peers of a server saves each of them a key pair.
#[derive(Clone)]
pub struct Certificate(DtlsCert);

impl Certificate {
    /// A new key pair, signed by itself. The other side knows it by the fingerprint in the description.
    pub fn generate() -> Result<Certificate, PeerError> {
        let provider = str0m::crypto::from_feature_flags();
        provider.dtls_provider.generate_certificate().map(Certificate).ok_or(PeerError::Certificate)
    }
}

/// How a peer is set up.
#[derive(Clone)]
pub struct Config {
    /// Which end it is.
    pub role: Role,
    /// Whether redundancy (RFC 2198) is agreed to.
    pub redundancy: bool,
    /// What it proves itself with; its own where there is none.
    pub certificate: Option<Certificate>,
}

impl Config {
    /// With redundancy, and a certificate of its own.
    pub fn new(role: Role) -> Config {
        Config { role, redundancy: true, certificate: None }
    }
}

/// Why a peer can't go on.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// No key pair.
    #[error("no certificate could be made for WebRTC; is the system short of randomness?")]
    Certificate,
    /// An address that nobody can be reached at.
    #[error("{0} is no address for media: {1}")]
    Address(SocketAddr, String),
    /// Not a candidate for a way.
    #[error("an ICE candidate of the other side cannot be read: {0}")]
    Candidate(String),
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Both sides have not agreed on it.
    #[error("this track, or its coding, was not agreed on with the other side; wait until it is published")]
    NotAgreed,
    /// Too much waits, or a lossy message did not fit.
    #[error("the data channel is full or not open; send less at once, or later")]
    Full,
}

/// Bytes between two addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// From here.
    pub source: SocketAddr,
    /// To there.
    pub destination: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Media and data can flow, for the first time.
    Connected,
    /// No way leads to the other side at the moment.
    Lost,
    /// A way was found again.
    Restored,
    /// Sound arrived.
    Audio(Received),
    /// A data channel opened, by either side.
    Opened(Channel),
    /// A message arrived.
    Data(Channel, Vec<u8>),
    /// It is over, by the other side's wish or by what it sent.
    Closed(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Transmit(Datagram),
    /// Take note of this.
    Event(Event),
    /// Nothing now; call [`Peer::handle_timeout`] at this moment, or after any other call.
    Timeout(Instant),
}

/// What is told with every packet, under the engine's usual numbers: whose it is, and how loud. Congestion is not measured:
/// that would cost a report for each six packets of speech, which could not be sent at a lower rate anyway.
fn extensions() -> ExtensionMap {
    let mut extensions = ExtensionMap::empty();
    extensions.set(1, Extension::AudioLevel);
    extensions.set(4, Extension::RtpMid);
    extensions
}

/// One end of a WebRTC connection.
pub struct Peer {
    pub(crate) rtc: Rtc,
    pub(crate) role: Role,
    pub(crate) negotiation: Negotiation,
    channels: Channels,
    now: Instant,
    lost: bool,
    connected: bool,
    closed: bool,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("role", &self.role).field("connected", &self.connected).finish_non_exhaustive()
    }
}

impl Peer {
    /// A peer that knows nobody yet.
    pub fn new(config: Config, now: Instant) -> Result<Peer, PeerError> {
        let certificate = match config.certificate {
            Some(certificate) => certificate,
            None => Certificate::generate()?,
        };
        let mut setup = Rtc::builder();
        // A way that leads nowhere is noticed in seconds; the engine's own patience is half a minute.
        setup.set_max_stun_rto(STUN_WAIT);
        setup.set_max_stun_retransmits(STUN_TRIES);
        let rtc = setup
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .set_dtls_cert(certificate.0)
            .set_ice_lite(config.role == Role::Server)
            .set_rtp_mode(true)
            .set_extension_map(extensions())
            .clear_codecs()
            .enable_opus(true, config.redundancy)
            // Clients offer sections for video, which need a codec to be answered; none is ever filled.
            .enable_vp8(config.role == Role::Server)
            .build(now);
        Ok(Peer {
            rtc,
            role: config.role,
            negotiation: Negotiation::default(),
            channels: Channels::default(),
            now,
            lost: false,
            connected: false,
            closed: false,
        })
    }

    /// An address of this side.
    pub fn add_local(&mut self, address: SocketAddr) -> Result<(), PeerError> {
        let refused = |why: String| PeerError::Address(address, why);
        let candidate = Candidate::host(address, "udp").map_err(|e| refused(e.to_string()))?;
        self.rtc.add_local_candidate(candidate);
        Ok(())
    }

    /// A candidate of the other side, as `candidate:…` (RFC 8839 §5.1).
    pub fn add_remote(&mut self, candidate: &str) -> Result<(), PeerError> {
        let read = Candidate::from_sdp_string(candidate).map_err(|e| PeerError::Candidate(e.to_string()))?;
        self.rtc.add_remote_candidate(read);
        Ok(())
    }

    /// Whether a datagram is for this peer, where several share a socket.
    pub fn accepts(&self, datagram: &Datagram) -> bool {
        self.receive(datagram).is_some_and(|input| self.rtc.accepts(&input))
    }

    /// Takes a datagram that arrived at `now`. What is no WebRTC is passed over.
    pub fn handle(&mut self, now: Instant, datagram: &Datagram) {
        self.now = now;
        let Some(input) = self.receive(datagram) else { return };
        // A single datagram that cannot be used, forged perhaps, ends nothing.
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a datagram was refused");
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "a timeout was refused");
        }
    }

    fn receive<'a>(&self, datagram: &'a Datagram) -> Option<Input<'a>> {
        let contents = datagram.bytes.as_slice().try_into().ok()?;
        let (source, destination) = (datagram.source, datagram.destination);
        Some(Input::Receive(self.now, Receive { proto: Protocol::Udp, source, destination, contents }))
    }

    /// Sends sound in the section `mid` (see [`Peer::mid_of`]).
    pub fn send(&mut self, mid: Mid, rtp: &Rtp) -> Result<(), SendError> {
        let pt = convert::payload_type(&self.rtc, mid, rtp.coding).ok_or(SendError::NotAgreed)?;
        let packet = convert::outgoing(rtp, pt, self.now);
        self.rtc.direct_api().stream_tx_by_mid(mid, None).ok_or(SendError::NotAgreed)?.write_rtp(packet);
        Ok(())
    }

    /// What is sent in a section from now on comes from another source (SSRC) than before, which the next description names:
    /// receivers of a section that has rested take the packets of a source they know for late ones, and drop them.
    pub fn renew_source(&mut self, mid: Mid) {
        let mut api = self.rtc.direct_api();
        let ssrc = api.new_ssrc();
        api.reset_stream_tx(mid, None, ssrc, None);
    }

    /// Sends a message. A reliable one waits for its channel to open and for room in it.
    pub fn send_data(&mut self, channel: Channel, bytes: Vec<u8>) -> Result<(), SendError> {
        if self.channels.send(&mut self.rtc, channel, bytes) { Ok(()) } else { Err(SendError::Full) }
    }

    /// Whether a channel is open for sending.
    pub fn is_open(&self, channel: Channel) -> bool {
        self.channels.is_open(channel)
    }

    /// Whether media has flowed, and still can.
    pub fn is_connected(&self) -> bool {
        self.connected && !self.lost && !self.closed
    }

    /// Says goodbye to the other side; the last datagrams are still polled.
    pub fn close(&mut self) {
        let _ = self.rtc.close();
    }

    /// The next thing to do; [`Output::Timeout`] when there is none.
    pub fn poll(&mut self) -> Output {
        loop {
            let output = match self.rtc.poll_output() {
                Ok(output) => output,
                Err(error) => {
                    self.rtc.disconnect();
                    return self.over(format!("the connection broke: {error}"));
                }
            };
            match output {
                str0m::Output::Timeout(at) => {
                    if !self.rtc.is_alive() && !self.closed {
                        return self.over("the connection was closed".into());
                    }
                    return Output::Timeout(at);
                }
                str0m::Output::Transmit(transmit) => {
                    let (source, destination) = (transmit.source, transmit.destination);
                    return Output::Transmit(Datagram { source, destination, bytes: transmit.contents.into() });
                }
                str0m::Output::Event(event) => {
                    if let Some(event) = self.event(event) {
                        return Output::Event(event);
                    }
                }
            }
        }
    }

    fn over(&mut self, why: String) -> Output {
        self.closed = true;
        Output::Event(Event::Closed(why))
    }

    fn event(&mut self, event: str0m::Event) -> Option<Event> {
        match event {
            str0m::Event::Connected => {
                self.connected = true;
                Some(Event::Connected)
            }
            str0m::Event::IceConnectionStateChange(state) => self.moved(state),
            str0m::Event::RtpPacket(packet) => convert::received(&mut self.rtc, packet).map(Event::Audio),
            str0m::Event::ChannelOpen(id, label) => self.channels.opened(&mut self.rtc, id, &label).map(Event::Opened),
            str0m::Event::ChannelData(data) => self.channels.kind(data.id).map(|kind| Event::Data(kind, data.data)),
            str0m::Event::ChannelClose(id) => {
                self.channels.closed(id);
                None
            }
            str0m::Event::ChannelBufferedAmountLow(_) => {
                self.channels.flush(&mut self.rtc);
                None
            }
            str0m::Event::Closed if !self.closed => {
                self.closed = true;
                Some(Event::Closed("the other side closed the connection".into()))
            }
            _ => None,
        }
    }

    fn moved(&mut self, state: IceConnectionState) -> Option<Event> {
        match state {
            IceConnectionState::Disconnected if !self.lost => {
                self.lost = true;
                Some(Event::Lost)
            }
            IceConnectionState::Connected | IceConnectionState::Completed if self.lost => {
                self.lost = false;
                Some(Event::Restored)
            }
            _ => None,
        }
    }
}
