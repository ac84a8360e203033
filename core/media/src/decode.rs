use crate::ear::voice::Voice;
use crate::opus::OpusError;
use crate::packet::Packet;

/// Makes sound of packets one by one, at once and in the order given: for a recorder that sits where packets neither
/// get lost nor overtake each other. Anybody else wants an [`crate::Ear`].
pub struct PacketDecoder(Voice);

impl PacketDecoder {
    /// A decoder to samples at `rate` Hz (8, 16, 24 or 48 kHz).
    pub fn new(rate: u32) -> PacketDecoder {
        PacketDecoder(Voice::new(rate))
    }

    /// Appends the sound of a packet; a packet with the marker begins a new stretch of speech.
    ///
    /// # Errors
    /// The payload is not what its codec says.
    pub fn decode(&mut self, packet: &Packet, out: &mut Vec<i16>) -> Result<(), OpusError> {
        if packet.marker {
            self.0.restart();
        }
        self.0.decode(packet.codec, &packet.payload, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;
    use crate::mouth::Mouth;
    use crate::packet::Codec;
    use crate::signal::{power, voiced};

    #[test]
    fn each_packet_gives_its_20_ms_at_once() {
        let sound = voiced(24_000, 0.5, 120.0);
        for codec in [Codec::Opus, Codec::L16 { rate: 16_000 }, Codec::L16 { rate: 24_000 }] {
            let (mut mouth, mut decoder) = (Mouth::new(codec, 24_000, 1), PacketDecoder::new(48_000));
            let mut heard = Vec::new();
            for (n, samples) in sound.chunks_exact(480).enumerate() {
                let packet = mouth.send(Some(&Frame::new(24_000, samples.to_vec()).unwrap())).unwrap().unwrap();
                decoder.decode(&packet, &mut heard).unwrap();
                assert_eq!(heard.len(), (n + 1) * 960, "{codec:?}");
            }
            let ratio = power(&heard) / power(&sound);
            assert!((0.6..1.4).contains(&ratio), "{codec:?}: power ratio {ratio}");
        }
    }

    #[test]
    fn a_damaged_packet_is_an_error() {
        let packet = Packet { sequence: 0, timestamp: 0, marker: true, codec: Codec::Opus, payload: vec![3, 0] };
        assert!(PacketDecoder::new(16_000).decode(&packet, &mut Vec::new()).is_err());
    }
}
