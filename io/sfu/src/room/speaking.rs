//! What somebody sends in which section of its connection.

use duologue_livekit_wire::proto::SessionDescription;
use duologue_livekit_wire::sdp::{self, Kind};
use duologue_room::TrackSid;
use duologue_rtc::Mid;
use std::collections::HashMap;

/// Sections of a client at most that are looked at.
const SECTIONS_MAX: usize = 256;

/// A section in which a client sends sound.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What the client calls the track.
    pub(crate) cid: String,
    /// The room's name for it, once known.
    pub(crate) track: Option<TrackSid>,
    /// Whether its first packet has come.
    pub(crate) live: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Speaking {
    sections: HashMap<Mid, Sent>,
}

impl Speaking {
    /// Takes note of what an offer says; returns the tracks that it does not carry any more.
    pub(crate) fn offered(&mut self, offer: &SessionDescription) -> Vec<TrackSid> {
        let mut now = HashMap::new();
        for section in sdp::sections(&offer.sdp).into_iter().take(SECTIONS_MAX) {
            let named = offer.mid_to_track_id.get(&section.mid).filter(|cid| !cid.is_empty()).cloned();
            let cid = named.or_else(|| section.msid.map(|(_, track)| track));
            if let (Kind::Audio, true, Some(cid)) = (section.kind, section.direction.sends(), cid) {
                now.insert(Mid::from(section.mid.as_str()), cid);
            }
        }
        let before = std::mem::take(&mut self.sections);
        let mut ended = Vec::new();
        for (mid, sent) in before {
            if now.get(&mid) == Some(&sent.cid) {
                now.remove(&mid);
                self.sections.insert(mid, sent);
            } else if let Some(track) = sent.track.filter(|_| sent.live) {
                ended.push(track);
            }
        }
        self.sections.extend(now.into_iter().map(|(mid, cid)| (mid, Sent { cid, track: None, live: false })));
        // A track that went on in another section has not ended.
        ended.retain(|track| !self.sections.values().any(|sent| sent.track.as_ref() == Some(track)));
        ended
    }

    pub(crate) fn section_mut(&mut self, mid: Mid) -> Option<&mut Sent> {
        self.sections.get_mut(&mid)
    }

    /// A track was unpublished; should it be announced anew, its packets make it live again.
    pub(crate) fn forget(&mut self, track: &TrackSid) {
        for sent in self.sections.values_mut().filter(|sent| sent.track.as_ref() == Some(track)) {
            (sent.track, sent.live) = (None, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(sections: &[(&str, &str, &str)]) -> SessionDescription {
        let section = |(mid, direction, msid): &(&str, &str, &str)| {
            format!("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na={direction}\r\na=msid:- {msid}\r\n")
        };
        SessionDescription { sdp: sections.iter().map(section).collect(), ..Default::default() }
    }

    #[test]
    fn a_section_that_stops_ends_its_track() {
        let mut speaking = Speaking::default();
        assert_eq!(speaking.offered(&offer(&[("0", "recvonly", "x"), ("1", "sendonly", "mic")])), []);
        assert!(speaking.section_mut("0".into()).is_none());
        let sent = speaking.section_mut("1".into()).unwrap();
        assert_eq!(sent.cid, "mic");
        (sent.track, sent.live) = (Some(TrackSid("TR_1".into())), true);
        assert_eq!(speaking.offered(&offer(&[("1", "sendonly", "mic"), ("2", "sendrecv", "other")])), []);
        assert_eq!(speaking.offered(&offer(&[("1", "inactive", "mic")])), [TrackSid("TR_1".into())]);
    }

    #[test]
    fn what_the_offer_says_itself_comes_before_its_streams() {
        let mut speaking = Speaking::default();
        let mut offer = offer(&[("1", "sendonly", "native")]);
        offer.mid_to_track_id.insert("1".into(), "cid".into());
        speaking.offered(&offer);
        assert_eq!(speaking.section_mut("1".into()).unwrap().cid, "cid");
    }
}
