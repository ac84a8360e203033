use super::routes::Routes;
use crate::config::StartError;
use duologue_rtc::Datagram;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::task::yield_now;

/// Bytes of a datagram at most; WebRTC keeps below what Ethernet carries.
const DATAGRAM_MAX: usize = 2_048;
/// Datagrams taken at a stroke.
const BATCH: usize = 64;
/// An address far away, to find out where packets leave towards the world. Nothing is sent there (RFC 5737, RFC 3849).
const FAR: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// The socket, as rooms send through it.
#[derive(Clone)]
pub(crate) struct Media {
    sending: Arc<std::net::UdpSocket>,
    /// Whether addresses of IPv4 are written as ones of IPv6 (RFC 4291 §2.5.5.2), since the socket is one.
    mapped: bool,
    /// What clients are told.
    pub(crate) advertised: Arc<[SocketAddr]>,
    pub(crate) routes: Routes,
}

impl Media {
    /// Opens the socket; the other half is to be run by [`Receiving::run`].
    pub(crate) fn open(address: SocketAddr, advertised: &[IpAddr]) -> Result<(Media, Receiving), StartError> {
        let wrong = |why| StartError::Address { what: "media (UDP)", address, why };
        let sending = std::net::UdpSocket::bind(address).map_err(wrong)?;
        sending.set_nonblocking(true).map_err(wrong)?;
        let receiving = sending.try_clone().and_then(UdpSocket::from_std).map_err(wrong)?;
        let own = sending.local_addr().map_err(wrong)?;
        let advertised: Arc<[SocketAddr]> =
            addresses(own.ip(), advertised).into_iter().map(|ip| SocketAddr::new(ip, own.port())).collect();
        if advertised.is_empty() {
            return Err(StartError::NoAddress);
        }
        let routes = Routes::default();
        let receiving = Receiving { socket: receiving, routes: routes.clone(), own: Arc::clone(&advertised) };
        Ok((Media { sending: Arc::new(sending), mapped: own.is_ipv6(), advertised, routes }, receiving))
    }

    /// Sends; what does not fit into the system's buffer is lost, as on the way.
    pub(crate) fn send(&self, datagram: &Datagram) {
        let to = match (datagram.destination.ip(), self.mapped) {
            (IpAddr::V4(ip), true) => SocketAddr::new(ip.to_ipv6_mapped().into(), datagram.destination.port()),
            _ => datagram.destination,
        };
        let _ = self.sending.send_to(&datagram.bytes, to);
    }
}

/// What arrives at the socket.
pub(crate) struct Receiving {
    socket: UdpSocket,
    routes: Routes,
    own: Arc<[SocketAddr]>,
}

impl Receiving {
    /// Hands everything that arrives to its room, for ever.
    pub(crate) async fn run(self) {
        let mut buffer = [0; DATAGRAM_MAX];
        loop {
            let mut next = self.socket.recv_from(&mut buffer).await;
            for _ in 0..BATCH {
                match next {
                    Ok((length, source)) => {
                        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                        let source = SocketAddr::new(source.ip().to_canonical(), source.port());
                        if let Some(destination) = self.destination(&source) {
                            self.routes.pass_on(Datagram { source, destination, bytes });
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // An ICMP error of an earlier datagram is told once, then reading goes on.
                    Err(_) => {}
                }
                next = self.socket.try_recv_from(&mut buffer);
            }
            yield_now().await;
        }
    }

    /// ICE looks for the address at which a datagram arrived among its own; which one it was does not matter.
    fn destination(&self, source: &SocketAddr) -> Option<SocketAddr> {
        let alike = self.own.iter().find(|own| own.is_ipv4() == source.is_ipv4());
        alike.or(self.own.first()).copied()
    }
}

/// What clients are to be told: what was configured, else where the socket is bound, else where packets leave this machine.
fn addresses(bound: IpAddr, configured: &[IpAddr]) -> Vec<IpAddr> {
    if !configured.is_empty() {
        return configured.to_vec();
    }
    if !bound.is_unspecified() {
        return vec![bound];
    }
    let mut found: Vec<IpAddr> =
        FAR.into_iter().filter(|far| far.is_ipv4() || bound.is_ipv6()).filter_map(leaves_at).collect();
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    found
}

/// Connecting a UDP socket sends nothing; it only looks the route up.
fn leaves_at(target: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect((target, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}
