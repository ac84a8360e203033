use super::stun;
use duologue_rtc::Datagram;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Addresses that one connection can be reached from at once; a client that wanders leaves the oldest behind.
const ADDRESSES_MAX: usize = 8;
/// Names, of which a search for new ways (ICE restart) makes one more.
const NAMES_MAX: usize = 4;

/// One WebRTC connection on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LinkId(pub(crate) u64);

/// A datagram for a connection.
pub(crate) struct Arrived {
    pub(crate) link: LinkId,
    pub(crate) datagram: Datagram,
}

/// Which room a datagram is for.
#[derive(Clone)]
struct Route {
    link: LinkId,
    to: mpsc::Sender<Arrived>,
}

#[derive(Default)]
struct Maps {
    by_name: HashMap<String, Route>,
    by_address: HashMap<SocketAddr, Route>,
}

/// Who has which address: told by the name in the first question that comes from there, once that has been verified.
#[derive(Clone, Default)]
pub(crate) struct Routes(Arc<Mutex<Maps>>);

impl Routes {
    fn maps(&self) -> MutexGuard<'_, Maps> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a datagram to its room. A room that does not keep up loses it, as on the way.
    pub(crate) fn pass_on(&self, datagram: Datagram) {
        let maps = self.maps();
        let named = stun::is_stun(&datagram.bytes).then(|| stun::username(&datagram.bytes)).flatten();
        let route = match named {
            Some(name) => maps.by_name.get(name),
            None => maps.by_address.get(&datagram.source),
        };
        if let Some(route) = route {
            let _ = route.to.try_send(Arrived { link: route.link, datagram });
        }
    }

    /// A way for a new connection, which is gone when that is dropped.
    pub(crate) fn way(&self, link: LinkId, to: mpsc::Sender<Arrived>) -> Way {
        Way { routes: self.clone(), route: Route { link, to }, names: Vec::new(), addresses: Vec::new() }
    }
}

/// How datagrams find a connection.
pub(crate) struct Way {
    routes: Routes,
    route: Route,
    names: Vec<String>,
    addresses: Vec<SocketAddr>,
}

impl Way {
    pub(crate) fn id(&self) -> LinkId {
        self.route.link
    }

    /// The connection goes by the names in a description that it gave (`a=ice-ufrag`, RFC 8839 §5.4).
    pub(crate) fn described(&mut self, sdp: &str) {
        for name in sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:")) {
            if self.names.iter().any(|known| known == name) {
                continue;
            }
            let mut maps = self.routes.maps();
            maps.by_name.insert(name.to_owned(), self.route.clone());
            self.names.push(name.to_owned());
            if self.names.len() > NAMES_MAX {
                maps.by_name.remove(&self.names.remove(0));
            }
        }
    }

    /// Somebody who knows the connection's password has asked from this address.
    pub(crate) fn verified(&mut self, address: SocketAddr) {
        if self.addresses.contains(&address) {
            return;
        }
        let mut maps = self.routes.maps();
        maps.by_address.insert(address, self.route.clone());
        self.addresses.push(address);
        if self.addresses.len() > ADDRESSES_MAX {
            let oldest = self.addresses.remove(0);
            forget(&mut maps, &oldest, self.route.link);
        }
    }

    /// Whether datagrams from an address come here already.
    pub(crate) fn knows(&self, address: &SocketAddr) -> bool {
        self.addresses.contains(address)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let mut maps = self.routes.maps();
        self.names.iter().for_each(|name| drop(maps.by_name.remove(name)));
        self.addresses.iter().for_each(|address| forget(&mut maps, address, self.route.link));
    }
}

/// An address may have gone to somebody else since.
fn forget(maps: &mut Maps, address: &SocketAddr, link: LinkId) {
    if maps.by_address.get(address).is_some_and(|route| route.link == link) {
        maps.by_address.remove(address);
    }
}
