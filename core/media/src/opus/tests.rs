use super::*;
use crate::signal::{power, voiced};
use proptest::prelude::*;
use std::sync::LazyLock;

fn encode_all(encoder: &mut Encoder, pcm: &[i16], frame: usize) -> Vec<Vec<u8>> {
    let mut buffer = [0u8; MAX_PACKET];
    pcm.chunks_exact(frame).map(|f| encoder.encode(f, &mut buffer).map(|n| buffer[..n].to_vec()).unwrap()).collect()
}

#[test]
fn a_voice_comes_out_at_any_rate_with_its_power() {
    let sound = voiced(24_000, 1.0, 120.0);
    let packets = encode_all(&mut Encoder::new(24_000, 1, Settings::SPEECH).unwrap(), &sound, 480);
    for rate in [8_000, 16_000, 24_000, 48_000] {
        let mut decoder = Decoder::new(rate, 1).unwrap();
        let mut heard = Vec::new();
        for packet in &packets {
            assert_eq!(packet_ticks(packet), Some(960));
            assert_eq!(decoder.decode(packet, &mut heard).unwrap(), rate as usize / 50);
        }
        let ratio = power(&heard[rate as usize / 5..]) / power(&sound[4_800..]);
        assert!((0.6..1.5).contains(&ratio), "{rate} Hz: power ratio {ratio}");
    }
}

#[test]
fn silence_is_not_transmitted_for_long() {
    let mut encoder = Encoder::new(16_000, 1, Settings::SPEECH).unwrap();
    let mut sound = voiced(16_000, 1.0, 120.0);
    sound.extend(vec![0i16; 32_000]);
    let packets = encode_all(&mut encoder, &sound, 320);
    let sent = packets[50..].iter().filter(|p| p.len() > 2).count();
    assert!(sent <= 20, "{sent} of 100 silent frames are to be sent");
    assert!(packets[..50].iter().all(|p| p.len() > 2));
}

#[test]
fn a_reset_encoder_starts_like_a_new_one() {
    let sound = voiced(24_000, 0.5, 150.0);
    let fresh = encode_all(&mut Encoder::new(24_000, 1, Settings::SPEECH).unwrap(), &sound, 480);
    let mut used = Encoder::new(24_000, 1, Settings::SPEECH).unwrap();
    encode_all(&mut used, &voiced(24_000, 0.3, 90.0), 480);
    used.reset();
    assert_eq!(encode_all(&mut used, &sound, 480), fresh);
}

#[test]
fn concealment_goes_on_with_the_sound_and_fades() {
    let sound = voiced(16_000, 0.7, 120.0);
    let packets = encode_all(&mut Encoder::new(16_000, 1, Settings::SPEECH).unwrap(), &sound, 320);
    let mut decoder = Decoder::new(16_000, 1).unwrap();
    let mut heard = Vec::new();
    for packet in &packets {
        decoder.decode(packet, &mut heard).unwrap();
    }
    let before = power(&heard[heard.len() - 320..]);
    let mut lost = Vec::new();
    for _ in 0..10 {
        assert_eq!(decoder.conceal(320, &mut lost).unwrap(), 320);
    }
    let powers: Vec<f64> = lost.chunks(320).map(|f| power(f) / before).collect();
    assert!(powers[0] > 0.2, "the first lost frame sounds on: {powers:?}");
    assert!(powers[9] < 0.05, "the tenth does not: {powers:?}");
}

#[test]
fn bad_arguments_are_errors() {
    assert_eq!(Encoder::new(44_100, 1, Settings::SPEECH).err(), Some(OpusError::Format { rate: 44_100, channels: 1 }));
    assert_eq!(Decoder::new(16_000, 3).err(), Some(OpusError::Format { rate: 16_000, channels: 3 }));
    let mut encoder = Encoder::new(16_000, 1, Settings::SPEECH).unwrap();
    let mut buffer = [0u8; MAX_PACKET];
    let length = |samples| Err(OpusError::Length { samples, channels: 1 });
    assert_eq!(encoder.encode(&[0; 333], &mut buffer), length(333));
    assert_eq!(encoder.encode(&[], &mut buffer), length(0));
    assert!(Decoder::new(16_000, 1).unwrap().decode(&[], &mut Vec::new()).is_err());
    assert_eq!(packet_ticks(&[3, 0]), None, "no frames");
    assert_eq!(packet_ticks(&[0x1b, 3]), None, "180 ms");
}

/// 0.8 s of speech at 24 kHz.
static PACKETS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let sound = voiced(24_000, 0.8, 120.0);
    encode_all(&mut Encoder::new(24_000, 1, Settings::SPEECH).unwrap(), &sound, 480)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn any_bytes_decode_or_are_refused(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..160), 1..6),
        rate in prop::sample::select(vec![8_000u32, 16_000, 24_000, 48_000]),
        channels in 1usize..=2,
    ) {
        let mut decoder = Decoder::new(rate, channels).unwrap();
        let mut heard = Vec::new();
        for packet in &packets {
            let before = heard.len();
            match decoder.decode(packet, &mut heard) {
                Ok(n) => prop_assert_eq!(heard.len(), before + n * channels),
                Err(_) => prop_assert_eq!(heard.len(), before),
            }
            if let Some(ticks) = packet_ticks(packet) {
                prop_assert!(ticks <= MAX_TICKS);
            }
        }
    }

    #[test]
    fn damaged_packets_decode_or_are_refused(damage in prop::collection::vec((0usize..40, 0usize..60, any::<u8>()), 1..20)) {
        let mut packets = PACKETS.clone();
        for (packet, at, value) in damage {
            let packet = &mut packets[packet];
            let at = at % packet.len();
            packet[at] = value;
        }
        let mut decoder = Decoder::new(16_000, 1).unwrap();
        let mut heard = Vec::new();
        for packet in &packets {
            let _ = decoder.decode(packet, &mut heard);
        }
        prop_assert!(heard.len() <= packets.len() * 1_920);
    }
}
