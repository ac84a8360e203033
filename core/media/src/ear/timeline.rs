use super::FRAME_TICKS;
use crate::packet::{Codec, Packet};

/// Ticks of the timeline in a second.
const CLOCK: i64 = 48_000;
/// A packet whose transit differs by more than this from the others' belongs to another stream.
const PLAUSIBLE: i64 = 2 * CLOCK;
/// Packets of the codec before the present one may still straggle in, this many sequence numbers back.
const STRAGGLERS: i64 = 100;

/// Puts packets on one line of time, whose numbers neither wrap nor depend on the codec.
///
/// Sequence numbers and timestamps are read relative to the newest packet (RFC 3550 §A.1). A new codec, or a sender that
/// started anew, opens a new stretch: its first packet is placed by its arrival, and all others relative to it.
#[derive(Default)]
pub(crate) struct Timeline {
    present: Option<Stretch>,
    /// Codec and last sequence number of the stretch before.
    past: Option<(Codec, u16)>,
    /// The packet that did not fit; if the next one follows it, the sender has started anew.
    odd: Option<(Codec, u16)>,
    /// Bit n: the sequence number n before the newest has been seen.
    seen: u128,
}

struct Stretch {
    codec: Codec,
    newest_raw: (u16, u32),
    newest_sequence: i64,
    newest_media: i64,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the line.
    At {
        /// Sequence number that never wraps.
        sequence: i64,
        /// Media time in ticks of 48 kHz.
        media: i64,
    },
    /// Seen before.
    Duplicate,
    /// Nowhere: too far from all others, or left over from another stretch.
    Nowhere,
}

impl Timeline {
    /// Places a packet that arrived at `arrival`, on a way whose shortest transit is `base`; a new stretch begins no
    /// earlier than `end`, where the sound known so far ends. All in ticks.
    pub(crate) fn place(&mut self, packet: &Packet, arrival: i64, base: i64, end: Option<i64>) -> Place {
        let Some(present) = &mut self.present else { return self.open(packet, arrival - base, end) };
        if present.codec != packet.codec {
            let straggler = self.past.is_some_and(|(codec, newest)| {
                codec == packet.codec && (-STRAGGLERS..=0).contains(&i64::from(distance(packet.sequence, newest)))
            });
            return if straggler { Place::Nowhere } else { self.open(packet, arrival - base, end) };
        }
        let ahead = i64::from(distance(packet.sequence, present.newest_raw.0));
        let ticks = i64::from(packet.timestamp.wrapping_sub(present.newest_raw.1) as i32);
        let media = present.newest_media + ticks * CLOCK / i64::from(packet.codec.clock_rate().max(1));
        if (arrival - media - base).abs() > PLAUSIBLE {
            return self.doubt(packet, arrival - base, end);
        }
        self.odd = None;
        let sequence = present.newest_sequence + ahead;
        if ahead > 0 {
            present.newest_raw = (packet.sequence, packet.timestamp);
            (present.newest_sequence, present.newest_media) = (sequence, media);
            self.seen = u32::try_from(ahead).ok().and_then(|by| self.seen.checked_shl(by)).unwrap_or(0) | 1;
        } else if let Some(bit) = u32::try_from(-ahead).ok().and_then(|by| 1u128.checked_shl(by)) {
            if self.seen & bit != 0 {
                return Place::Duplicate;
            }
            self.seen |= bit;
        }
        Place::At { sequence, media }
    }

    /// One packet from elsewhere is a stray; a second that follows it is a sender that started anew.
    fn doubt(&mut self, packet: &Packet, media: i64, end: Option<i64>) -> Place {
        if self.odd == Some((packet.codec, packet.sequence.wrapping_sub(1))) {
            return self.open(packet, media, end);
        }
        self.odd = Some((packet.codec, packet.sequence));
        Place::Nowhere
    }

    fn open(&mut self, packet: &Packet, media: i64, end: Option<i64>) -> Place {
        // Jitter alone must not tear a hole between the last packet of one codec and the first of the next.
        let joined = end.filter(|end| media < end + FRAME_TICKS);
        let media = joined.unwrap_or(media);
        let sequence = self.present.as_ref().map_or(0, |s| s.newest_sequence + 1);
        self.past = self.present.as_ref().map(|s| (s.codec, s.newest_raw.0));
        self.odd = None;
        self.seen = 1;
        self.present = Some(Stretch {
            codec: packet.codec,
            newest_raw: (packet.sequence, packet.timestamp),
            newest_sequence: sequence,
            newest_media: media,
        });
        Place::At { sequence, media }
    }
}

/// How far sequence number `a` is ahead of `b`.
fn distance(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const L16: Codec = Codec::L16 { rate: 16_000 };

    fn packet(codec: Codec, sequence: u16, timestamp: u32) -> Packet {
        Packet { sequence, timestamp, marker: false, codec, payload: Vec::new() }
    }

    #[test]
    fn both_counters_wrap_without_a_seam() {
        let mut line = Timeline::default();
        for i in 0..200_000i64 {
            let p = packet(Codec::Opus, (65_530 + i) as u16, (u32::MAX - 5_000).wrapping_add(960 * i as u32));
            assert_eq!(line.place(&p, 960 * i, 0, None), Place::At { sequence: i, media: 960 * i });
        }
    }

    #[test]
    fn reordered_packets_find_their_place_and_duplicates_are_seen() {
        let mut line = Timeline::default();
        let mut place = |n: u32| line.place(&packet(L16, n as u16, n * 320), 960 * i64::from(n), 0, None);
        let at = |n: i64| Place::At { sequence: n - 10, media: 960 * n };
        assert_eq!(
            [10, 13, 11, 13, 11, 12].map(&mut place),
            [at(10), at(13), at(11), Place::Duplicate, Place::Duplicate, at(12)]
        );
    }

    #[test]
    fn another_codec_goes_on_where_the_first_ended() {
        let mut line = Timeline::default();
        line.place(&packet(L16, 5, 0), 0, 0, None);
        let opus = packet(Codec::Opus, 900, 77);
        assert_eq!(line.place(&opus, 1_100, 0, Some(960)), Place::At { sequence: 1, media: 960 });
        assert_eq!(line.place(&packet(L16, 4, 0), 1_200, 0, Some(960)), Place::Nowhere, "a straggler");
        let next = packet(Codec::Opus, 901, 77 + 960);
        assert_eq!(line.place(&next, 1_920, 0, Some(1_920)), Place::At { sequence: 2, media: 1_920 });
    }

    #[test]
    fn a_stray_is_dropped_and_a_restart_is_followed() {
        let mut line = Timeline::default();
        line.place(&packet(L16, 5, 0), 0, 0, None);
        let far = 320_000_000;
        assert_eq!(line.place(&packet(L16, 77, far), 960, 0, None), Place::Nowhere);
        assert_eq!(line.place(&packet(L16, 6, 320), 960, 0, None), Place::At { sequence: 1, media: 960 });
        assert_eq!(line.place(&packet(L16, 77, far), 1_920, 0, None), Place::Nowhere);
        assert_eq!(line.place(&packet(L16, 78, far + 320), 2_880, 0, None), Place::At { sequence: 2, media: 2_880 });
    }
}
