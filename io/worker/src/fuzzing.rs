//! What the fuzz targets feed with any bytes.

use crate::room::Kind;
use crate::room::people::People;
use crate::room::texts::Texts;
use duologue_livekit_wire::Message as _;
use duologue_livekit_wire::proto::data_packet::Value;
use duologue_livekit_wire::proto::signal_response::Message;
use duologue_livekit_wire::proto::{DataPacket, SignalResponse};

/// Messages of a server about who is there, each after two bytes of its length.
pub fn people(data: &[u8]) {
    let (mut people, mut rest) = (People::new(&[Kind::Standard, Kind::Agent]), data);
    while let [high, low, after @ ..] = rest {
        let (message, left) = after.split_at((usize::from(*high) << 8 | usize::from(*low)).min(after.len()));
        rest = left;
        match SignalResponse::decode(message).ok().and_then(|response| response.message) {
            Some(Message::Join(join)) => {
                people.restart(&join.participant.unwrap_or_default(), &join.other_participants);
            }
            Some(Message::Update(update)) => drop(people.update(&update.participants)),
            _ => {}
        }
        people.ask();
    }
}

/// Data packets, each after two bytes of its length: texts are put together from them.
pub fn texts(data: &[u8]) {
    let (mut texts, mut rest) = (Texts::default(), data);
    while let [high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (packet, left) = after.split_at(length.min(after.len()));
        rest = left;
        match DataPacket::decode(packet).ok().and_then(|packet| packet.value) {
            Some(Value::StreamHeader(header)) => drop(texts.begin("x", header)),
            Some(Value::StreamChunk(chunk)) => drop(texts.piece(("x", true), &chunk)),
            Some(Value::StreamTrailer(trailer)) => drop(texts.end(("x", true), trailer)),
            _ => {}
        }
    }
}
