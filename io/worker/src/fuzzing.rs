//! What the fuzz targets feed with any bytes.

use crate::room::texts::Texts;
use duologue_livekit_wire::Message;
use duologue_livekit_wire::proto::DataPacket;
use duologue_livekit_wire::proto::data_packet::Value;

/// Data packets, each after two bytes of its length: texts are put together from them.
pub fn texts(data: &[u8]) {
    let (mut texts, mut rest) = (Texts::default(), data);
    while let [high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (packet, left) = after.split_at(length.min(after.len()));
        rest = left;
        match DataPacket::decode(packet).ok().and_then(|packet| packet.value) {
            Some(Value::StreamHeader(header)) => drop(texts.begin("x", header)),
            Some(Value::StreamChunk(chunk)) => drop(texts.piece("x", &chunk)),
            Some(Value::StreamTrailer(trailer)) => drop(texts.end("x", trailer)),
            _ => {}
        }
    }
}
