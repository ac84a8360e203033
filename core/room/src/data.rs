//! Data packets: who may send them, who gets them, and what waits for those whose channel is not open yet.

use crate::participant::Participant;
use crate::proto::DataPacket;
use crate::proto::data_packet::{Kind, Value};
use crate::proto::data_stream::header::ContentHeader;
use crate::room::Room;
use crate::{Output, ParticipantSid};
use duologue_livekit_wire::Message;
use std::collections::VecDeque;

/// Bytes that wait for one participant at most.
const MAX_BYTES: usize = 1 << 20;
/// Packets that do.
const MAX_PACKETS: usize = 512;

/// Reliable packets for somebody whose channel is not open yet. What is too much drops the oldest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backlog {
    packets: VecDeque<DataPacket>,
    bytes: usize,
}

impl Backlog {
    fn push(&mut self, packet: DataPacket) {
        self.bytes += packet.encoded_len();
        self.packets.push_back(packet);
        while self.bytes > MAX_BYTES || self.packets.len() > MAX_PACKETS {
            let Some(oldest) = self.packets.pop_front() else { break };
            self.bytes -= oldest.encoded_len();
        }
    }

    fn take(&mut self) -> VecDeque<DataPacket> {
        std::mem::take(self).packets
    }
}

impl Room {
    /// A packet of a participant: dropped where it may not send it, else stamped and passed on.
    pub(crate) fn data(&mut self, from: &ParticipantSid, reliable: bool, mut packet: DataPacket) {
        let Some(sender) = self.participants.get_mut(from) else { return };
        if !may_send(sender, &packet) {
            return;
        }
        if reliable && packet.sequence != 0 {
            // Sent again after a resume; it got through the first time.
            if packet.sequence <= sender.last_sequence {
                return;
            }
            sender.last_sequence = packet.sequence;
        }
        stamp(sender, &mut packet);
        if self.answers_call(from, &packet) {
            return;
        }
        self.pass_on(Some(from), reliable, packet);
    }

    /// Sends to those whom the packet names, or to all; never to whom it comes from.
    pub(crate) fn pass_on(&mut self, from: Option<&ParticipantSid>, reliable: bool, mut packet: DataPacket) {
        packet.set_kind(if reliable { Kind::Reliable } else { Kind::Lossy });
        let (identities, sids) = named(&packet);
        let metrics = matches!(packet.value, Some(Value::Metrics(_)));
        let mut to = Vec::new();
        for participant in self.participants.values_mut() {
            let named = (identities.is_empty() && sids.is_empty())
                || identities.contains(&participant.info.identity)
                || sids.contains(&participant.sid.0);
            if !named || from == Some(&participant.sid) || (metrics && !participant.permission.can_subscribe_metrics) {
                continue;
            }
            if participant.channel_open {
                to.push(participant.sid.clone());
            } else if reliable {
                participant.backlog.push(packet.clone());
            }
        }
        if !to.is_empty() {
            self.outputs.push_back(Output::Data { to, reliable, packet: Box::new(packet) });
        }
    }

    /// Somebody's channel is open: what waited for it goes first.
    pub(crate) fn channel_open(&mut self, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        participant.channel_open = true;
        for packet in participant.backlog.take() {
            self.outputs.push_back(Output::Data { to: vec![sid.clone()], reliable: true, packet: Box::new(packet) });
        }
    }
}

/// Transcriptions in this old form come from agents only, and who speaks is the server's to say.
#[allow(deprecated)]
fn may_send(sender: &Participant, packet: &DataPacket) -> bool {
    sender.permission.can_publish_data
        && match &packet.value {
            Some(Value::Transcription(_)) => sender.is_agent(),
            Some(Value::Speaker(_)) | None => false,
            Some(_) => true,
        }
}

/// Who sent it, whatever the packet says. Hidden senders have no name; the sid, by which receivers tell packets that come
/// twice, nobody can look up. Agents send text on behalf of others (what they heard them say), which is marked.
#[allow(deprecated)]
fn stamp(sender: &Participant, packet: &mut DataPacket) {
    let shown = |text: &String| if sender.visible() { text.clone() } else { String::new() };
    let (sid, identity) = (shown(&sender.info.sid), shown(&sender.info.identity));
    let for_another = sender.is_agent()
        && !packet.participant_identity.is_empty()
        && packet.participant_identity != sender.info.identity;
    // What follows a header is known by the same name, by which receivers put a text together.
    let goes_on = matches!(packet.value, Some(Value::StreamChunk(_) | Value::StreamTrailer(_)));
    let generated = match &mut packet.value {
        // Older clients read the sender inside.
        Some(Value::User(user)) => {
            (user.participant_sid, user.participant_identity) = (sid, identity.clone());
            None
        }
        Some(Value::ChatMessage(message)) => Some(&mut message.generated),
        Some(Value::StreamHeader(header)) => match &mut header.content_header {
            Some(ContentHeader::TextHeader(text)) => Some(&mut text.generated),
            _ => None,
        },
        _ => None,
    };
    match generated.filter(|_| for_another) {
        Some(generated) => *generated = true,
        None if for_another && goes_on => {}
        None => packet.participant_identity = identity,
    }
    packet.participant_sid.clone_from(&sender.info.sid);
}

/// Whom a packet is for: identities, and sids as older clients write them. Nobody named is everybody.
#[allow(deprecated)]
fn named(packet: &DataPacket) -> (Vec<String>, Vec<String>) {
    let mut identities = packet.destination_identities.clone();
    let mut sids = Vec::new();
    if let Some(Value::User(user)) = &packet.value {
        identities.extend(user.destination_identities.iter().cloned());
        sids.extend(user.destination_sids.iter().cloned());
    }
    (identities, sids)
}
