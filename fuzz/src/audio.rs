//! Packets and recordings.

use crate::number;
use duologue_ids::Mono;
use duologue_media::{Codec, Ear, EarConfig, Packet, PacketDecoder, decode_ogg_opus};
use std::time::Duration;

/// What travels between parties. What is read is written back the same.
pub fn packet(data: &[u8]) {
    if let Ok((packet, ssrc)) = Packet::from_rtp(data) {
        let bytes = packet.to_rtp(ssrc).expect("what was read can be written");
        assert_eq!(Packet::from_rtp(&bytes), Ok((packet, ssrc)));
    }
}

/// A jitter buffer: packets of any order and content, pulled every 20 ms.
pub fn ear(data: &[u8]) {
    let mut ear = Ear::new(16_000, EarConfig::default());
    let mut rest = data;
    for step in 0..200u64 {
        let now = Mono::from_millis(step * 20);
        let (len, after) = number(rest);
        let (bytes, after) = after.split_at(len.min(after.len()));
        rest = after;
        if let Ok((packet, _)) = Packet::from_rtp(bytes) {
            ear.push(now, packet);
        }
        ear.pull(now);
        if rest.is_empty() {
            break;
        }
    }
    ear.pull(Mono::ZERO + Duration::from_secs(3_600));
}

/// Payloads of a stream, one after the other: a length, then so many bytes.
pub fn opus(data: &[u8]) {
    let (how, mut rest) = number(data);
    let codec = if how & 1 == 0 { Codec::Opus } else { Codec::L16 { rate: 16_000 } };
    let mut decoder = PacketDecoder::new([8_000, 16_000, 24_000, 48_000][how >> 1 & 3]);
    let mut sequence = 0;
    while !rest.is_empty() && sequence < 50 {
        let (len, after) = number(rest);
        let (payload, after) = after.split_at(len.min(after.len()));
        rest = after;
        let packet = Packet {
            sequence,
            timestamp: u32::from(sequence) * 960,
            marker: len & 7 == 0,
            codec,
            payload: payload.to_vec(),
        };
        let mut samples = Vec::new();
        drop(decoder.decode(&packet, &mut samples));
        // RFC 6716 §3.1: a packet holds at most 120 ms.
        assert!(samples.len() <= 48 * 120, "{} samples", samples.len());
        sequence += 1;
    }
}

/// A recording.
pub fn ogg(data: &[u8]) {
    if let Ok(sound) = decode_ogg_opus(data, 16_000) {
        assert_eq!(sound.samples.len(), usize::from(sound.channels));
    }
}
