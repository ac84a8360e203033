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
