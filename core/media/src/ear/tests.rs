use super::*;
use crate::mouth::Mouth;
use crate::packet::{Codec, l16_payload};
use crate::signal::{power, voiced};
use HeardKind::{Concealed, Received, Silence};
use proptest::prelude::*;

const L16: Codec = Codec::L16 { rate: 16_000 };
const RATE: u32 = 16_000;

/// A frame that can be told from all others.
fn numbered(n: usize) -> Frame {
    Frame::new(RATE, vec![1_000 + n as i16; 320]).unwrap()
}

fn speech(rate: u32, seconds: f64) -> Vec<Option<Frame>> {
    let frame = |s: &[i16]| Some(Frame::new(rate, s.to_vec()).unwrap());
    voiced(rate, seconds, 120.0).chunks_exact(rate as usize / 50).map(frame).collect()
}

/// Says one entry every 20 ms over a link on which packet n takes `way(n)` milliseconds each time it arrives, and
/// returns what the ear hears in each slot. Arrivals of a slot come before its pull.
fn talk(
    ear: &mut Ear,
    mouth: &mut Mouth,
    said: &[Option<Frame>],
    mut way: impl FnMut(usize) -> Vec<u64>,
) -> Vec<Heard> {
    let mut flying: Vec<(u64, usize, Packet)> = Vec::new();
    let (mut sent, mut heard) = (0, Vec::new());
    for slot in 0..said.len() as u64 {
        let now = slot * 20;
        if let Some(packet) = mouth.send(said[slot as usize].as_ref()).unwrap() {
            flying.extend(way(sent).into_iter().map(|ms| (now + ms, sent, packet.clone())));
            sent += 1;
        }
        flying.sort_by_key(|(at, n, _)| (*at, *n));
        let due = flying.partition_point(|(at, _, _)| *at <= now);
        for (at, _, packet) in flying.drain(..due) {
            ear.push(Mono::from_millis(at), packet);
        }
        heard.push(ear.pull(Mono::from_millis(now)));
    }
    heard
}

fn kinds(heard: &[Heard]) -> String {
    let letter = |kind| match kind {
        Received => 'r',
        Concealed => 'c',
        Silence => '.',
    };
    heard.iter().map(|h| letter(h.kind)).collect()
}

/// `n` numbered frames, then `pause` slots of nothing, over again for each entry.
fn script(parts: &[(usize, usize)]) -> Vec<Option<Frame>> {
    let mut said = Vec::new();
    for &(n, pause) in parts {
        said.extend((0..n).map(|_| Some(())).chain((0..pause).map(|_| None)));
    }
    said.iter().enumerate().map(|(i, s): (usize, &Option<()>)| s.map(|()| numbered(i))).collect()
}

fn ear() -> Ear {
    Ear::new(RATE, EarConfig::default())
}

fn mouth() -> Mouth {
    Mouth::new(L16, RATE, 1)
}

#[test]
fn a_clean_link_adds_forty_milliseconds_and_nothing_else() {
    let said = script(&[(10, 7), (3, 10)]);
    let mut ear = ear();
    let heard = talk(&mut ear, &mut mouth(), &said, |_| vec![0]);
    // Each stretch is followed by the packet in which the mouth runs out.
    assert_eq!(kinds(&heard), "..rrrrrrrrrrr......rrrr.......");
    for (slot, frame) in said.iter().enumerate().filter_map(|(i, f)| f.as_ref().map(|f| (i, f))) {
        assert_eq!(&heard[slot + 2].frame, frame, "said in slot {slot}");
    }
    let stats = ear.stats();
    assert_eq!((stats.received, stats.late, stats.lost, stats.concealed, stats.duplicates), (15, 0, 0, 0, 0));
    assert_eq!(stats.delay, Duration::from_millis(40));
}

#[test]
fn an_offset_between_the_clocks_does_not_matter() {
    let said = script(&[(5, 5)]);
    let mut ear = ear();
    let heard = talk(&mut ear, &mut mouth(), &said, |_| vec![67]);
    assert_eq!(kinds(&heard), ".....rrrrr");
    assert_eq!(ear.stats().delay, Duration::from_millis(33), "arrivals lie 7 ms after a pull: half a frame is rounded");
}

#[test]
fn opus_is_heard_at_the_ears_rate() {
    for rate in [8_000, 16_000, 24_000, 48_000] {
        let mut ear = Ear::new(rate, EarConfig::default());
        let said = speech(24_000, 1.0);
        let heard = talk(&mut ear, &mut Mouth::new(Codec::Opus, 24_000, 4), &said, |_| vec![30]);
        let sound: Vec<i16> = heard.iter().flat_map(|h| h.frame.samples().to_vec()).collect();
        assert_eq!(sound.len(), rate as usize);
        let ratio = power(&sound[sound.len() / 5..]) / power(&voiced(24_000, 1.0, 120.0));
        assert!((0.5..1.5).contains(&ratio), "{rate} Hz: power ratio {ratio}");
        assert_eq!(ear.stats().concealed, 0);
    }
}

#[test]
fn linear_sound_is_resampled_to_the_ears_rate() {
    let mut ear = Ear::new(48_000, EarConfig::default());
    let heard = talk(&mut ear, &mut mouth(), &speech(RATE, 1.0), |_| vec![0]);
    assert!(heard.iter().all(|h| h.frame.samples().len() == 960));
    assert_eq!(kinds(&heard[2..]), "r".repeat(48));
}

#[test]
fn a_lost_packet_is_made_up_in_time() {
    for codec in [L16, Codec::Opus] {
        let mut ear = ear();
        let said = speech(RATE, 0.6);
        let lost = [10, 15, 16];
        let heard =
            talk(
                &mut ear,
                &mut Mouth::new(codec, RATE, 4),
                &said,
                |n| if lost.contains(&n) { vec![] } else { vec![5] },
            );
        assert_eq!(kinds(&heard[2..28]), "rrrrrrrrrrcrrrrccrrrrrrrrr", "{codec:?}");
        assert!(power(heard[12].frame.samples()) > 0.0);
        assert_eq!((ear.stats().lost, ear.stats().concealed), (3, 3));
        if codec == L16 {
            assert_eq!(heard[20].frame, said[18].clone().unwrap(), "what comes after keeps its place");
        }
    }
}

#[test]
fn no_more_than_sixty_milliseconds_are_made_up() {
    for codec in [L16, Codec::Opus] {
        let mut ear = ear();
        let said = speech(RATE, 0.6);
        let heard = talk(&mut ear, &mut Mouth::new(codec, RATE, 4), &said, |n| {
            if (10..20).contains(&n) { vec![] } else { vec![0] }
        });
        assert_eq!(kinds(&heard[2..]), "rrrrrrrrrrccc.......rrrrrrrr", "{codec:?}");
        let end = &heard[14].frame.samples()[310..];
        assert!(end.iter().all(|s| s.abs() < 250), "the last one fades out: {end:?}");
        assert!(heard[15..22].iter().all(|h| h.frame.is_silent()));
        assert_eq!(ear.stats().lost, 10);
    }
}

#[test]
fn a_packet_that_comes_too_late_is_dropped_and_counted() {
    let mut ear = ear();
    let heard = talk(&mut ear, &mut mouth(), &script(&[(20, 5)]), |n| if n == 8 { vec![75] } else { vec![0] });
    assert_eq!(kinds(&heard), "..rrrrrrrrcrrrrrrrrrrrr..");
    assert_eq!((ear.stats().late, ear.stats().lost, ear.stats().concealed), (1, 0, 1));
}

#[test]
fn reordering_and_duplicates_leave_no_trace_in_the_sound() {
    let said = script(&[(30, 5)]);
    let mut ear = ear();
    let heard = talk(&mut ear, &mut mouth(), &said, |n| match n % 5 {
        1 => vec![25],
        3 => vec![0, 0, 10, 500],
        _ => vec![0],
    });
    for (slot, frame) in said.iter().enumerate().filter_map(|(i, f)| f.as_ref().map(|f| (i, f))) {
        assert_eq!(&heard[slot + 2].frame, frame);
    }
    assert!(ear.stats().duplicates >= 12 && ear.stats().late == 0, "{:?}", ear.stats());
}

#[test]
fn when_the_link_stalls_nothing_is_lost_and_delay_grows_by_what_was_made_up() {
    let mut ear = ear();
    let said = script(&[(30, 20), (10, 10)]);
    // Packets 10 to 13 are caught in a jam until 280 ms.
    let heard =
        talk(&mut ear, &mut mouth(), &said, |n| vec![if n < 10 { 0 } else { 280u64.saturating_sub(20 * n as u64) }]);
    assert_eq!(kinds(&heard[..50]), format!("..{}cc{}{}", "r".repeat(10), "r".repeat(21), ".".repeat(15)));
    for frame in said.iter().flatten() {
        assert!(heard.iter().any(|h| h.frame == *frame), "{} is not heard", frame.samples()[0]);
    }
    let stats = ear.stats();
    assert_eq!(stats.lost, 0);
    assert_eq!(stats.delay, Duration::from_millis(40), "the pause brought it back");
}

#[test]
fn jitter_raises_the_delay_within_bounds_and_calm_lowers_it_again() {
    let mut ear = ear();
    let mut m = mouth();
    let mut rough: u64 = 1;
    let mut jitter = |n: usize| {
        rough = rough.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n as u64);
        vec![rough >> 33 & 127]
    };
    let said = script(&[(100, 10); 4]);
    let heard = talk(&mut ear, &mut m, &said, &mut jitter);
    let (delay, target) = (ear.stats().delay.as_millis(), ear.stats().target.as_millis());
    assert!((120..=200).contains(&target) && (100..=200).contains(&delay), "{delay} {target}");
    let later = kinds(&heard[330..430]);
    assert!(later.matches('c').count() <= 3, "{later}");
    let mut calm = Ear { ready: Vec::new(), ..ear };
    for slot in 440..900u64 {
        let frame = (slot % 110 < 100).then(|| numbered(slot as usize));
        if let Some(packet) = m.send(frame.as_ref()).unwrap() {
            calm.push(Mono::from_millis(slot * 20), packet);
        }
        calm.pull(Mono::from_millis(slot * 20));
    }
    assert_eq!(calm.stats().delay, Duration::from_millis(40));
}

#[test]
fn the_first_words_of_a_call_are_heard_although_the_path_is_rough() {
    let said = script(&[(50, 10)]);
    for seed in 1..=20u64 {
        let mut rough = seed;
        let heard = talk(&mut ear(), &mut mouth(), &said, |_| {
            rough = rough.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            vec![50 + (rough >> 33) % 80]
        });
        let lost = said.iter().flatten().filter(|frame| heard.iter().all(|h| h.frame != **frame)).count();
        assert!(lost <= 4, "of fifty frames {lost} are not heard, with seed {seed}: {}", kinds(&heard));
    }
}

#[test]
fn a_pause_lasts_as_long_as_it_was_made_under_jitter() {
    let mut ear = ear();
    // The first packet of the second stretch comes 30 ms later than others do.
    let heard =
        talk(&mut ear, &mut mouth(), &script(&[(10, 12), (10, 10)]), |n| if n == 11 { vec![30] } else { vec![0] });
    assert_eq!(kinds(&heard), "..rrrrrrrrrrr...........rrrrrrrrrrr.......");
}

#[test]
fn a_sentence_that_is_cut_off_is_over_after_one_more_frame() {
    let square = |n: usize| (0..320).map(|i| if (n * 320 + i) % 133 < 66 { 12_000 } else { -12_000 }).collect();
    let loud: Vec<Option<Frame>> = (0..15).map(|n| Frame::new(RATE, square(n)).ok()).collect();
    for (codec, end) in [(L16, 1), (Codec::Opus, 2)] {
        for mut said in [speech(RATE, 0.3), loud.clone()] {
            said.extend(vec![None; 10]);
            let mut ear = ear();
            let heard = talk(&mut ear, &mut Mouth::new(codec, RATE, 4), &said, |_| vec![0]);
            assert_eq!(kinds(&heard), format!("..{}{}", "r".repeat(15 + end), ".".repeat(8 - end)), "{codec:?}");
            let after = &heard[18..];
            assert!(power(after[0].frame.samples()) < power(heard[16].frame.samples()) / 50.0);
            assert!(after[2..].iter().all(|h| h.frame.is_silent()));
            assert_eq!(ear.stats().concealed, 0);
        }
    }
}

#[test]
fn counters_wrap_inside_a_sentence() {
    let mut ear = ear();
    for n in 0..200u16 {
        let packet = Packet {
            sequence: 65_500u16.wrapping_add(n),
            timestamp: (u32::MAX - 320 * 50).wrapping_add(320 * u32::from(n)),
            marker: n == 0,
            codec: L16,
            payload: l16_payload(numbered(n.into()).samples()),
        };
        let now = Mono::from_millis(20 * u64::from(n));
        ear.push(now, packet);
        let heard = ear.pull(now);
        if n >= 2 {
            assert_eq!(heard, Heard { frame: numbered(usize::from(n) - 2), kind: Received });
        }
    }
    assert_eq!((ear.stats().late, ear.stats().lost), (0, 0));
}

#[test]
fn the_codec_may_change_in_the_middle() {
    let mut ear = ear();
    let (mut a, mut b) = (mouth(), Mouth::new(Codec::Opus, RATE, 77));
    let said = speech(RATE, 1.0);
    let mut heard = Vec::new();
    for (slot, frame) in said.iter().enumerate() {
        let now = Mono::from_millis(20 * slot as u64);
        let speaker = if (20..40).contains(&slot) { &mut b } else { &mut a };
        ear.push(now, speaker.send(frame.as_ref()).unwrap().unwrap());
        heard.push(ear.pull(now));
    }
    assert_eq!(kinds(&heard), format!("..{}", "r".repeat(48)));
    assert_eq!((ear.stats().late, ear.stats().lost), (0, 0));
    assert_eq!(Some(&heard[49].frame), said[47].as_ref(), "linear again");
}

#[test]
fn a_flood_is_bounded_and_the_newest_is_played() {
    let mut ear = ear();
    for n in 0..5_000u32 {
        let packet = Packet {
            sequence: n as u16,
            timestamp: 320 * n,
            marker: false,
            codec: L16,
            payload: l16_payload(numbered(n as usize % 1_000).samples()),
        };
        ear.push(Mono::from_millis(u64::from(n / 250) * 20), packet);
        assert!(ear.queue.len() <= 50);
        if n % 250 == 249 {
            ear.pull(Mono::from_millis(u64::from(n / 250) * 20));
        }
    }
    let stats = ear.stats();
    assert!(stats.skipped + stats.late > 4_800, "{stats:?}");
    assert!(ear.ready.capacity() < 20_000);
}

#[test]
fn a_clock_that_runs_fast_or_slow_does_not_pile_up() {
    for nanos in [19_990_000u64, 20_010_000] {
        let mut ear = ear();
        let mut m = mouth();
        let mut concealed_late = 0;
        let (mut sent, slots) = (0u64, 30_000u64);
        for slot in 0..slots {
            let now = slot * 20_000_000;
            while sent * nanos <= now {
                let frame = (sent % 300 < 280).then(|| numbered(0));
                if let Some(packet) = m.send(frame.as_ref()).unwrap() {
                    ear.push(Mono(sent * nanos), packet);
                }
                sent += 1;
            }
            ear.pull(Mono(now));
            if slot == slots / 2 {
                concealed_late = ear.stats().concealed;
            }
        }
        let stats = ear.stats();
        assert!(stats.delay <= Duration::from_millis(100), "{stats:?}");
        assert!(stats.concealed - concealed_late < 50 && stats.skipped + stats.late < 50, "{nanos}: {stats:?}");
    }
}

#[test]
fn damaged_payloads_are_made_up() {
    let mut ear = ear();
    let mut m = Mouth::new(Codec::Opus, RATE, 1);
    let mut heard = Vec::new();
    for (slot, frame) in speech(RATE, 0.4).iter().enumerate() {
        let mut packet = m.send(frame.as_ref()).unwrap().unwrap();
        if slot == 5 {
            packet.payload = Vec::new();
        }
        if slot == 9 {
            packet.payload = vec![0xff; 7];
        }
        ear.push(Mono::from_millis(20 * slot as u64), packet);
        heard.push(ear.pull(Mono::from_millis(20 * slot as u64)));
    }
    assert_eq!(kinds(&heard), "..rrrrrcrrrcrrrrrrrr");
    assert_eq!(ear.stats().corrupt, 2);
}

#[derive(Clone, Debug)]
enum Fate {
    Lost,
    Once(u64),
    Twice(u64, u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Lost),
        6 => (0u64..30).prop_map(Fate::Once),
        2 => (0u64..400).prop_map(Fate::Once),
        1 => (0u64..200, 0u64..400).prop_map(|(a, b)| Fate::Twice(a, b)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn whatever_the_link_does_each_pull_gives_a_frame_and_order_is_kept(
        fates in prop::collection::vec(fate(), 1..200),
        pause in 0usize..20,
        speech in 1usize..60,
        first in any::<u16>(),
    ) {
        let mut ear = ear();
        let mut arrivals: Vec<(u64, usize)> = Vec::new();
        let slot_of = |n: usize| n + n / speech * pause;
        for (n, fate) in fates.iter().enumerate() {
            let sent = 20 * slot_of(n) as u64;
            match fate {
                Fate::Lost => {}
                Fate::Once(a) => arrivals.push((sent + a, n)),
                Fate::Twice(a, b) => arrivals.extend([(sent + a, n), (sent + b, n)]),
            }
        }
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let (mut last, mut received) = (None, 0);
        let slots = slot_of(fates.len()) + 60;
        for slot in 0..slots {
            let now = 20 * slot as u64;
            while let Some((at, n)) = arrivals.next_if(|(at, _)| *at <= now) {
                let packet = Packet {
                    sequence: first.wrapping_add(n as u16),
                    timestamp: (u32::from(first) << 16).wrapping_add(320 * slot_of(n) as u32),
                    marker: n % speech == 0,
                    codec: L16,
                    payload: l16_payload(numbered(n).samples()),
                };
                ear.push(Mono::from_millis(at), packet);
            }
            let heard = ear.pull(Mono::from_millis(now));
            prop_assert_eq!(heard.frame.samples().len(), 320);
            prop_assert!(ear.ready.len() < 320 && ear.queue.len() <= 50);
            if heard.kind == Received {
                received += 1;
                let n = usize::from(heard.frame.samples()[319].unsigned_abs()) - 1_000;
                prop_assert_eq!(&heard.frame, &numbered(n));
                prop_assert!(last.is_none_or(|last| n > last), "{} after {:?}", n, last);
                last = Some(n);
            }
        }
        let stats = ear.stats();
        prop_assert!(stats.delay <= Duration::from_millis(2_500));
        prop_assert_eq!(ear.queue.len(), 0);
        prop_assert_eq!(stats.received, received + stats.late + stats.duplicates + stats.skipped);
        prop_assert!(stats.lost + received <= fates.len() as u64);
    }

    #[test]
    fn any_packets_at_any_time_are_survived(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), any::<bool>(), 0usize..6, prop::collection::vec(any::<u8>(), 0..400), 0u64..3_000), 1..80),
        rate in prop::sample::select(vec![8_000u32, 16_000, 24_000, 48_000]),
    ) {
        let codecs = [Codec::Opus, L16, Codec::L16 { rate: 48_000 }, Codec::L16 { rate: 8_000 }, Codec::L16 { rate: 44_100 }, Codec::L16 { rate: 0 }];
        let mut ear = Ear::new(rate, EarConfig::default());
        let (mut twin, mut now) = (Ear::new(rate, EarConfig::default()), 0);
        for (sequence, timestamp, marker, codec, payload, wait) in packets {
            // Half of the packets are close to each other, as those of one stream are.
            let near = wait % 2 == 0;
            let (sequence, timestamp) = if near { (sequence % 64, timestamp % 64 * 320) } else { (sequence, timestamp) };
            let packet = Packet { sequence, timestamp, marker, codec: codecs[codec], payload };
            ear.push(Mono::from_millis(now), packet.clone());
            twin.push(Mono::from_millis(now), packet);
            if wait % 3 == 0 {
                let heard = ear.pull(Mono::from_millis(now));
                prop_assert_eq!(heard.frame.samples().len(), rate as usize / 50);
                prop_assert_eq!(heard, twin.pull(Mono::from_millis(now)));
                now += if wait % 7 == 0 { wait } else { 20 };
            }
            prop_assert!(ear.ready.len() <= rate as usize / 8 && ear.queue.len() <= 50);
        }
        prop_assert_eq!(ear.stats(), twin.stats());
    }
}
