//! A peer and its UDP sockets.

use crate::net::server::Server;
use crate::room::error::JoinError;
use duologue_rtc::{Config, Datagram, Event, Output, Peer, Role};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;
use std::time::Instant;
use tokio::net::{UdpSocket, lookup_host};

/// Bytes of a datagram at most; WebRTC keeps below what Ethernet carries.
const DATAGRAM_MAX: usize = 2_048;
/// Datagrams taken at a stroke, so that a flood leaves room for everything else.
const BATCH: usize = 64;
/// An address far away, to find out where packets leave towards the world. Nothing is sent there (RFC 5737).
const FAR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);

/// The addresses at which a server can reach this machine: where packets leave towards it, and towards the world.
pub(crate) async fn addresses(server: &Server) -> Vec<IpAddr> {
    let (host, port) = server.host();
    let resolved = lookup_host((host, port)).await.map(Vec::from_iter).unwrap_or_default();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for target in resolved.into_iter().chain([FAR]) {
        if let Some(address) = leaves_at(target).filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    addresses
}

/// Connecting a UDP socket sends nothing; it only looks the route up.
fn leaves_at(target: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

/// A peer with a socket at each address.
pub(crate) struct Link {
    peer: Peer,
    sockets: Vec<(UdpSocket, SocketAddr)>,
    /// When time has to pass for the peer, whatever happens.
    pub(crate) deadline: Instant,
    pending: Pending,
}

/// What the peer has to go on with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Nothing,
    /// Datagrams were taken.
    Taken,
    /// It was asked for something, which goes out when time passes.
    Asked,
}

impl Link {
    pub(crate) async fn open(addresses: &[IpAddr], redundancy: bool) -> Result<Link, JoinError> {
        let now = Instant::now();
        let mut peer = Peer::new(Config { redundancy, ..Config::new(Role::Client) }, now)?;
        let mut sockets = Vec::new();
        let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "no route leads anywhere");
        for ip in addresses {
            match UdpSocket::bind((*ip, 0)).await.and_then(|socket| Ok((socket.local_addr()?, socket))) {
                Ok((address, socket)) => {
                    peer.add_local(address)?;
                    sockets.push((socket, address));
                }
                Err(error) => failure = error,
            }
        }
        if sockets.is_empty() {
            Err(failure.into())
        } else {
            Ok(Link { peer, sockets, deadline: now, pending: Pending::Asked })
        }
    }

    /// The peer, to look at.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The peer, to ask for something.
    pub(crate) fn ask(&mut self) -> &mut Peer {
        self.pending = Pending::Asked;
        &mut self.peer
    }

    /// Waits until something can be read. Safe to drop and call again.
    pub(crate) async fn readable(&self) {
        poll_fn(|context| {
            let ready = self.sockets.iter().any(|(socket, _)| socket.poll_recv_ready(context).is_ready());
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Takes what arrived.
    pub(crate) fn read(&mut self, now: Instant) {
        let mut buffer = [0; DATAGRAM_MAX];
        for (socket, destination) in &self.sockets {
            for _ in 0..BATCH {
                match socket.try_recv_from(&mut buffer) {
                    Ok((length, source)) => {
                        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                        self.peer.handle(now, &Datagram { source, destination: *destination, bytes });
                        self.pending = self.pending.max(Pending::Taken);
                    }
                    // An ICMP error of an earlier datagram is told once, then reading goes on.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                    Err(_) => break,
                }
            }
        }
    }

    /// Lets time pass, sends what is to be sent, and gives what happened. Costs nothing where nothing is pending.
    pub(crate) fn pump(&mut self, now: Instant) -> Vec<Event> {
        let pending = std::mem::replace(&mut self.pending, Pending::Nothing);
        let due = now >= self.deadline;
        if pending == Pending::Nothing && !due {
            return Vec::new();
        }
        if pending == Pending::Asked || due {
            self.peer.handle_timeout(now);
        }
        let mut events = Vec::new();
        loop {
            match self.peer.poll() {
                Output::Transmit(datagram) => self.send(&datagram),
                Output::Event(event) => events.push(event),
                Output::Timeout(at) => {
                    self.deadline = at;
                    return events;
                }
            }
        }
    }

    fn send(&self, datagram: &Datagram) {
        let socket = self.sockets.iter().find(|(_, address)| *address == datagram.source);
        if let Some((socket, _)) = socket {
            // A datagram that does not fit into the system's buffer is lost, as on the way.
            let _ = socket.try_send_to(&datagram.bytes, datagram.destination);
        }
    }
}
