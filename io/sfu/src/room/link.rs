use crate::media::{LinkId, Media, Way};
use duologue_rtc::{Certificate, Config, Datagram, Event, Output, Peer, PeerError, Role};
use std::time::Instant;

/// A WebRTC connection of a participant.
pub(crate) struct Link {
    pub(crate) peer: Peer,
    way: Way,
    /// When it has to be looked at again.
    pub(crate) due: Instant,
    /// Whether there may be something to send or to tell.
    dirty: bool,
    /// Whether media can flow.
    pub(crate) up: bool,
}

impl Link {
    pub(crate) fn open(media: &Media, way: Way, certificate: &Certificate, now: Instant) -> Result<Link, PeerError> {
        let config = Config { certificate: Some(certificate.clone()), ..Config::new(Role::Server) };
        let mut peer = Peer::new(config, now)?;
        media.advertised.iter().try_for_each(|address| peer.add_local(*address))?;
        Ok(Link { peer, way, due: now, dirty: false, up: false })
    }

    pub(crate) fn id(&self) -> LinkId {
        self.way.id()
    }

    /// Takes note of a description that goes to the other side.
    pub(crate) fn described(&mut self, sdp: &str) {
        self.way.described(sdp);
    }

    /// Marks that something was done with it; true where it has to be pumped and was not to be.
    pub(crate) fn touch(&mut self, now: Instant) -> bool {
        if std::mem::replace(&mut self.dirty, true) {
            return false;
        }
        self.peer.handle_timeout(now);
        true
    }

    /// A datagram arrived.
    pub(crate) fn take(&mut self, now: Instant, datagram: &Datagram) {
        if !self.way.knows(&datagram.source) && self.peer.accepts(datagram) {
            self.way.verified(datagram.source);
        }
        self.peer.handle(now, datagram);
    }

    /// Sends what is to be sent; gives what happened.
    pub(crate) fn pump(&mut self, media: &Media) -> Vec<Event> {
        self.dirty = false;
        let mut events = Vec::new();
        loop {
            match self.peer.poll() {
                Output::Transmit(datagram) => media.send(&datagram),
                Output::Event(event) => events.push(event),
                Output::Timeout(at) => {
                    self.due = at;
                    return events;
                }
            }
        }
    }
}
