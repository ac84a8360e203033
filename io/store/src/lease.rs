use crate::UnixMs;

/// The right to be the only one who does something, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who has it.
    pub holder: String,
    /// Grows with every acquisition. Whatever is done under the lease carries it ([`crate::Commit::under`]), so that one
    /// who was thought dead changes nothing any more.
    pub token: u64,
    /// Until when, unless it is renewed.
    pub until: UnixMs,
}
