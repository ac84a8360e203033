//! The one test here that looks at the clock: how fast virtual time is, is what it is about.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::disallowed_macros)]

use crate::log::{Log, over_internet, parties, runners};
use duologue_ids::Mono;
use duologue_media::{EarStats, Packet, PacketDecoder};
use duologue_sim::{BABBLE_RATE, Duet, LinkStats, Tap, run};
use duologue_voice::{CloseReason, Event, Opening};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// All events as they are, and a digest of all that was sent.
struct Digest {
    log: Log,
    /// Time, sender and every field of every packet.
    packets: DefaultHasher,
    /// The sound that each party sent, decoded.
    pcm: [(PacketDecoder, DefaultHasher); 2],
    samples: usize,
}

impl Tap for Digest {
    fn packet(&mut self, now: Mono, side: usize, packet: &Packet) {
        self.log.packet(now, side, packet);
        let Packet { sequence, timestamp, marker, codec, payload } = packet;
        (now, side, sequence, timestamp, marker, payload).hash(&mut self.packets);
        codec.clock_rate().hash(&mut self.packets);
        let (decoder, digest) = &mut self.pcm[side];
        let mut samples = Vec::new();
        decoder.decode(packet, &mut samples).expect("PCM");
        samples.hash(digest);
        self.samples += samples.len();
    }

    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        self.log.event(now, side, event);
    }
}

/// All of a conversation that can differ.
#[derive(PartialEq)]
struct Outcome {
    events: Vec<(Mono, usize, Event)>,
    /// Of the packets, and of each party's sound.
    digests: [u64; 3],
    links: [LinkStats; 2],
    ears: [EarStats; 2],
    samples: usize,
}

fn talk(seed: u64, seconds: u64) -> Outcome {
    let [mut joe, anna] = parties(seed);
    joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
    let pcm = [0, 1].map(|_| (PacketDecoder::new(BABBLE_RATE), DefaultHasher::new()));
    let tap = Digest { log: Log::default(), packets: DefaultHasher::new(), pcm, samples: 0 };
    let mut duet = Duet::new(over_internet(seed, seconds), [joe, anna], runners(seed), tap).expect("a duet");
    let ending = run(&mut duet).expect("it runs");
    assert_eq!(ending.reason, CloseReason::DurationLimit);
    let (links, ears) = ([0, 1].map(|s| duet.link_stats(s)), [0, 1].map(|s| duet.seat(s).ear_stats()));
    let Digest { log, packets, pcm: [(_, joe), (_, anna)], samples } = duet.tap;
    Outcome { events: log.events, digests: [packets, joe, anna].map(|d| d.finish()), links, ears, samples }
}

#[test]
fn an_hour_takes_seconds_and_comes_out_the_same_twice() {
    let timed = || {
        let began = Instant::now();
        (talk(9, 3_600), began.elapsed())
    };
    let ((first, one), (second, other)) = (timed(), timed());
    let turns = |o: &Outcome| o.events.iter().filter(|e| matches!(e.2, Event::ConversationItemAdded { .. })).count();
    assert!(turns(&first) > 400, "{} turns", turns(&first));
    assert!(first.samples > 1_800 * BABBLE_RATE as usize, "half of it is speech: {} samples", first.samples);
    assert!(first.events == second.events, "events differ");
    assert_eq!(first.digests, second.digests, "packets and sound differ");
    assert!(first == second, "what the links did and the ears heard differs");
    // The digest of another conversation is another: it does see a difference.
    assert_ne!(talk(1, 20).digests, talk(2, 20).digests);
    // The better of two: a machine that does other things beside must not fail the test.
    let took = one.min(other);
    println!("an hour of conversation took {took:?}");
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(10), "{took:?}");
}
