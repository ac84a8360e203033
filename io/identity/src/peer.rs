use duologue_ids::SpiffeId;

/// Who is at the other end of a connection, proven by the handshake: there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer(SpiffeId);

impl Peer {
    pub(crate) fn new(id: SpiffeId) -> Peer {
        Peer(id)
    }

    /// Its identity.
    pub fn id(&self) -> &SpiffeId {
        &self.0
    }
}
