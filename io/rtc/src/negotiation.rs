use crate::channels::Channels;
use crate::peer::{Peer, Role};
use crate::plain::without_redundancy;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};

/// Why two sides did not agree.
#[derive(Debug, thiserror::Error)]
pub enum NegotiationError {
    /// The text is no session description.
    #[error("the other side's session description cannot be read: {0}")]
    Unreadable(String),
    /// It is one, and it cannot be agreed to.
    #[error("the other side's session description is refused: {0}")]
    Refused(String),
    /// Nothing was offered.
    #[error("an answer came to no offer; it is late, drop it")]
    Unasked,
}

/// What the next offer is to contain.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Channels,
    /// As many more sections to hear something in.
    Hear(u32),
    /// A track under its id, with redundancy or without.
    Track(String, bool),
    /// A track that was agreed on is sent, or rests.
    Send(String, bool),
    /// Nothing new, but the other side waits for an offer.
    Again,
    RestartIce,
}

/// What was agreed on, is being agreed on, and is to be agreed on.
#[derive(Default)]
pub(crate) struct Negotiation {
    wishes: Vec<Wish>,
    pending: Option<Pending>,
    /// Sections in which this side hears, once it offered them.
    hearing: Vec<Mid>,
    tracks: Vec<Track>,
}

#[derive(Clone)]
struct Track {
    id: String,
    mid: Mid,
    redundant: bool,
}

struct Pending {
    offer: SdpPendingOffer,
    sdp: String,
    hearing: Vec<Mid>,
    tracks: Vec<Track>,
}

impl Peer {
    /// Wishes for the three data channels of LiveKit.
    pub fn open_channels(&mut self) {
        self.wish(Wish::Channels);
    }

    /// Wishes for `count` more sections in which the other side can send sound; with 0 for a new offer all the same.
    pub fn hear(&mut self, count: u32) {
        self.wish(if count == 0 { Wish::Again } else { Wish::Hear(count) });
    }

    /// Wishes for a section to send a track of sound in, with redundancy or without. `id` stands in its `a=msid`; letters
    /// and digits only.
    pub fn add_track(&mut self, id: &str, redundant: bool) {
        self.wish(Wish::Track(id.to_owned(), redundant));
    }

    /// Wishes that the section of a track which was agreed on be used, or rest until it is wished for again. What is sent
    /// there goes on under the same numbers.
    pub fn use_track(&mut self, id: &str, send: bool) {
        let about = |wish: &Wish| matches!(wish, Wish::Send(about, _) if about == id);
        self.negotiation.wishes.retain(|wish| !about(wish));
        self.wish(Wish::Send(id.to_owned(), send));
    }

    /// Wishes for a new search for ways to the other side, since none of the old ones leads there any more.
    pub fn restart_ice(&mut self) {
        self.wish(Wish::RestartIce);
    }

    fn wish(&mut self, wish: Wish) {
        let wishes = &mut self.negotiation.wishes;
        if matches!(wish, Wish::Hear(_) | Wish::Track(..)) || !wishes.contains(&wish) {
            wishes.push(wish);
        }
    }

    /// The section that carries a track of ours, once both sides agreed on it.
    pub fn mid_of(&self, id: &str) -> Option<Mid> {
        self.negotiation.tracks.iter().find(|track| track.id == id).map(|track| track.mid)
    }

    /// Whether [`Peer::offer`] would give one.
    pub fn wants_to_offer(&self) -> bool {
        self.negotiation.pending.is_none() && !self.negotiation.wishes.is_empty()
    }

    /// A description with all that was wished for; `None` while an offer is under way, and where nothing was wished for.
    pub fn offer(&mut self) -> Result<Option<String>, NegotiationError> {
        if !self.wants_to_offer() {
            return Ok(None);
        }
        let wishes = std::mem::take(&mut self.negotiation.wishes);
        let mut hearing = Vec::new();
        let mut tracks = Vec::new();
        let mut api = self.rtc.sdp_api();
        // What the other side answered as inactive is offered again.
        for mid in &self.negotiation.hearing {
            api.set_direction(*mid, Direction::RecvOnly);
        }
        for wish in wishes {
            match wish {
                Wish::Channels => Channels::offer(&mut api),
                Wish::Hear(count) => hearing
                    .extend((0..count).map(|_| api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None))),
                Wish::Track(id, redundant) => {
                    let stream = Some(id.clone());
                    let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, stream, Some(id.clone()), None);
                    tracks.push(Track { id, mid, redundant });
                }
                Wish::Send(id, send) => {
                    let track = self.negotiation.tracks.iter().find(|track| track.id == id);
                    let direction = if send { Direction::SendOnly } else { Direction::Inactive };
                    track.into_iter().for_each(|track| api.set_direction(track.mid, direction));
                }
                Wish::RestartIce => drop(api.ice_restart(true)),
                Wish::Again => {}
            }
        }
        if !api.has_changes() {
            // The engine offers only what changed; one more section is the change that disturbs nothing.
            hearing.push(api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None));
        }
        let Some((offer, pending)) = api.apply() else { return Ok(None) };
        let plain = |mid: &str| {
            let mut all = self.negotiation.tracks.iter().chain(&tracks);
            all.any(|track| !track.redundant && *track.mid == *mid)
        };
        let sdp = without_redundancy(&offer.to_sdp_string(), plain);
        self.negotiation.pending = Some(Pending { offer: pending, sdp: sdp.clone(), hearing, tracks });
        Ok(Some(sdp))
    }

    /// The offer that waits for its answer, to send it once more where it may have got lost.
    pub fn pending_offer(&self) -> Option<&str> {
        self.negotiation.pending.as_ref().map(|pending| pending.sdp.as_str())
    }

    /// Takes the answer to the offer under way. A refused one leaves everything as it was before the offer.
    pub fn accept(&mut self, answer: &str) -> Result<(), NegotiationError> {
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|e| NegotiationError::Unreadable(e.to_string()))?;
        let pending = self.negotiation.pending.take().ok_or(NegotiationError::Unasked)?;
        let accepted = self.rtc.sdp_api().accept_answer(pending.offer, answer);
        accepted.map_err(|e| NegotiationError::Refused(e.to_string()))?;
        self.negotiation.hearing.extend(pending.hearing);
        self.negotiation.tracks.extend(pending.tracks);
        Ok(())
    }

    /// The answer to an offer of the other side. An own offer under way is given up and has to be wished for again;
    /// in LiveKit only one side of a connection offers.
    pub fn answer(&mut self, offer: &str) -> Result<String, NegotiationError> {
        let offer = SdpOffer::from_sdp_string(offer).map_err(|e| NegotiationError::Unreadable(e.to_string()))?;
        self.negotiation.pending = None;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|e| NegotiationError::Refused(e.to_string()))?;
        Ok(answer.to_sdp_string())
    }

    /// Which end this is.
    pub fn role(&self) -> Role {
        self.role
    }
}
