use super::*;
use crate::opus::Decoder;
use crate::packet::l16_samples;
use crate::signal::{power, voiced};

fn frames(rate: u32, seconds: f64) -> Vec<Frame> {
    voiced(rate, seconds, 120.0)
        .chunks_exact(rate as usize / 50)
        .map(|s| Frame::new(rate, s.to_vec()).unwrap())
        .collect()
}

#[test]
fn time_goes_on_in_pauses_and_the_sequence_does_not() {
    for (codec, ticks, end) in [(Codec::Opus, 960u32, 2), (Codec::L16 { rate: 16_000 }, 320, 1)] {
        let mut mouth = Mouth::new(codec, 16_000, 1);
        let sound = frames(16_000, 0.1);
        let mut sent: Vec<(u32, Packet)> = Vec::new();
        for slot in 0..40u32 {
            let frame = (slot % 20 < 5).then(|| &sound[slot as usize % 20]);
            sent.extend(mouth.send(frame).unwrap().map(|p| (slot, p)));
        }
        assert_eq!(sent.len(), 2 * (5 + end), "twice five frames and the end of each");
        let (first, first_packet) = sent[0].clone();
        for (i, (slot, packet)) in sent.iter().enumerate() {
            assert_eq!(packet.sequence, first_packet.sequence.wrapping_add(i as u16));
            assert_eq!(packet.timestamp, first_packet.timestamp.wrapping_add((slot - first) * ticks));
            assert_eq!(packet.marker, i == 0 || i == 5 + end);
        }
    }
}

#[test]
fn seeds_give_different_and_repeatable_streams() {
    let first = |seed| Mouth::new(Codec::Opus, 24_000, seed).send(Some(&frames(24_000, 0.02)[0])).unwrap().unwrap();
    assert_eq!(first(1), first(1));
    assert_ne!((first(1).sequence, first(1).timestamp), (first(2).sequence, first(2).timestamp));
}

#[test]
fn l16_at_the_same_rate_is_untouched_and_ends_without_a_click() {
    let mut mouth = Mouth::new(Codec::L16 { rate: 16_000 }, 16_000, 3);
    let sound = frames(16_000, 0.12);
    let mut heard = Vec::new();
    for frame in &sound {
        l16_samples(&mouth.send(Some(frame)).unwrap().unwrap().payload, &mut heard);
    }
    let said: Vec<i16> = sound.iter().flat_map(|f| f.samples().to_vec()).collect();
    assert_eq!(heard, said);
    l16_samples(&mouth.send(None).unwrap().unwrap().payload, &mut heard);
    let jump = i32::from(heard[said.len()]) - i32::from(heard[said.len() - 1]);
    assert!(jump.abs() < 500, "a jump of {jump}");
    assert!(heard[said.len() + 80..].iter().all(|&s| s == 0));
    assert_eq!(mouth.send(None), Ok(None));
}

#[test]
fn sound_that_ended_in_silence_needs_no_end() {
    for (codec, rings) in [(Codec::Opus, 1), (Codec::L16 { rate: 16_000 }, 0), (Codec::L16 { rate: 8_000 }, 0)] {
        let mut mouth = Mouth::new(codec, 16_000, 3);
        mouth.send(Some(&frames(16_000, 0.02)[0])).unwrap();
        mouth.send(Some(&Frame::silence(16_000))).unwrap();
        let sent = (0..5).filter(|_| mouth.send(None).unwrap().is_some()).count();
        assert_eq!(sent, rings, "{codec:?}");
    }
}

#[test]
fn after_a_cut_the_decoder_falls_silent_and_the_next_start_is_clean() {
    let mut mouth = Mouth::new(Codec::Opus, 24_000, 3);
    let mut decoder = Decoder::new(16_000, 1).unwrap();
    let (mut heard, mut packets) = (Vec::new(), Vec::new());
    let sound = frames(24_000, 0.5);
    for frame in sound[..12].iter().map(Some).chain([None, None, None]) {
        packets.extend(mouth.send(frame).unwrap());
    }
    assert_eq!(packets.len(), 14);
    for packet in &packets {
        decoder.decode(&packet.payload, &mut heard).unwrap();
    }
    assert!(fade::ends_quietly(&heard, 16_000), "the end: {:?}", &heard[heard.len() - 80..]);
    let again = mouth.send(Some(&sound[0])).unwrap().unwrap();
    let mut fresh = Mouth::new(Codec::Opus, 24_000, 9);
    assert_eq!(again.payload, fresh.send(Some(&sound[0])).unwrap().unwrap().payload);
    assert!(again.marker);
}

#[test]
fn long_silence_inside_speech_is_left_out() {
    let mut mouth = Mouth::new(Codec::Opus, 16_000, 3);
    for frame in frames(16_000, 0.4) {
        assert!(mouth.send(Some(&frame)).unwrap().is_some());
    }
    let silence = Frame::silence(16_000);
    let sent: Vec<Packet> = (0..100).filter_map(|_| mouth.send(Some(&silence)).unwrap()).collect();
    assert!(sent.len() < 25, "{} packets of silence", sent.len());
    assert!(sent.last().unwrap().marker, "what refreshes the silence comes after a gap");
}

#[test]
fn a_steady_sound_is_not_left_out() {
    let mut mouth = Mouth::new(Codec::Opus, 24_000, 7);
    let buzz: Vec<i16> = (0..480).map(|i| if i % 200 < 100 { 4_000 } else { -4_000 }).collect();
    let buzz = Frame::new(24_000, buzz).unwrap();
    assert!((0..100).all(|_| mouth.send(Some(&buzz)).unwrap().is_some()));
}

#[test]
fn other_rates_are_resampled_without_a_gap() {
    let mut mouth = Mouth::new(Codec::L16 { rate: 8_000 }, 24_000, 3);
    let mut heard = Vec::new();
    for frame in frames(24_000, 0.5) {
        let packet = mouth.send(Some(&frame)).unwrap().unwrap();
        assert_eq!(packet.payload.len(), 320);
        l16_samples(&packet.payload, &mut heard);
    }
    let ratio = power(&heard) / power(&voiced(24_000, 0.5, 120.0));
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

#[test]
fn wrong_frames_and_codecs_are_errors_and_time_goes_on() {
    let frame = &frames(16_000, 0.02)[0];
    let mut mouth = Mouth::new(Codec::Opus, 24_000, 3);
    assert_eq!(mouth.send(Some(frame)), Err(MouthError::Rate { expected: 24_000, got: 16_000 }));
    let mut odd = Mouth::new(Codec::L16 { rate: 44_100 }, 16_000, 3);
    assert_eq!(odd.send(Some(frame)), Err(MouthError::Codec(44_100)));
}

#[test]
fn a_voice_that_is_announced_sends_silence_once_and_keeps_its_time() {
    let mut mouth = Mouth::new(Codec::Opus, 24_000, 1);
    assert_eq!(mouth.send(None), Ok(None));
    let mut sent = Vec::new();
    for announced in [true, false, true] {
        if announced {
            mouth.announce();
        }
        sent.extend(mouth.send(None).unwrap());
    }
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].timestamp.wrapping_sub(sent[0].timestamp), 2 * 960);
    assert_eq!(sent[1].sequence.wrapping_sub(sent[0].sequence), 1);
    let mut heard = Vec::new();
    crate::PacketDecoder::new(16_000).decode(&sent[0], &mut heard).unwrap();
    assert!(heard.iter().all(|s| s.abs() < 10), "it is silence");
}
