//! Data packets.

use super::{Scene, everything, join};
use crate::proto::data_packet::Value;
use crate::proto::data_stream::header::ContentHeader;
use crate::proto::participant_info::Kind;
use crate::proto::{self, DataPacket, UserPacket};
use crate::{Input, Join, Output, ParticipantSid};

fn packet(text: &str) -> DataPacket {
    let value = Some(Value::User(UserPacket { payload: text.into(), ..Default::default() }));
    DataPacket { value, ..Default::default() }
}

impl Scene {
    fn sends(
        &mut self,
        from: &ParticipantSid,
        reliable: bool,
        packet: DataPacket,
    ) -> Vec<(ParticipantSid, DataPacket)> {
        self.drain();
        self.handle(Input::Data { from: from.clone(), reliable, packet: Box::new(packet) });
        self.received()
    }

    fn received(&mut self) -> Vec<(ParticipantSid, DataPacket)> {
        let of = |output| match output {
            Output::Data { to, packet, .. } => Some((to, packet)),
            _ => None,
        };
        let received = self.drain().into_iter().filter_map(of);
        received.flat_map(|(to, packet)| to.into_iter().map(move |to| (to, (*packet).clone()))).collect()
    }
}

fn whom(received: &[(ParticipantSid, DataPacket)]) -> Vec<ParticipantSid> {
    received.iter().map(|(to, _)| to.clone()).collect()
}

#[test]
fn all_others_get_it_with_its_sender() {
    let mut scene = Scene::new();
    let (anna, joe, eve) = (scene.comes("anna"), scene.comes("joe"), scene.comes("eve"));
    let forged = DataPacket { participant_identity: "joe".into(), participant_sid: joe.0.clone(), ..packet("hello") };
    let received = scene.sends(&anna, true, forged);
    let mut others = vec![joe, eve];
    others.sort();
    assert_eq!(whom(&received), others);
    assert_eq!((&received[0].1.participant_identity, &received[0].1.participant_sid), (&"anna".to_owned(), &anna.0));
}

#[test]
fn those_whom_it_names_get_it() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    scene.comes("eve");
    let to = |name: &str| DataPacket { destination_identities: vec![name.into()], ..packet("psst") };
    assert_eq!(whom(&scene.sends(&anna, false, to("joe"))), [joe]);
    assert_eq!(scene.sends(&anna, false, to("anna")), [], "never oneself");
    assert_eq!(scene.sends(&anna, false, to("nobody")), []);
}

#[test]
fn a_reliable_packet_waits_for_a_channel_and_a_lossy_one_does_not() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let joe = scene.room.join(scene.now, join("joe")).unwrap();
    assert_eq!(scene.sends(&anna, true, packet("one")), []);
    assert_eq!(scene.sends(&anna, false, packet("lost")), []);
    assert_eq!(scene.sends(&anna, true, packet("two")), []);
    scene.handle(Input::ChannelOpen { participant: joe.clone() });
    let payload = |packet: &DataPacket| match &packet.value {
        Some(Value::User(user)) => String::from_utf8(user.payload.clone()).unwrap(),
        other => panic!("{other:?}"),
    };
    let received = scene.received();
    assert_eq!(received.iter().map(|(_, packet)| payload(packet)).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(whom(&received), [joe.clone(), joe]);
}

#[test]
fn what_waits_is_bounded() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let joe = scene.room.join(scene.now, join("joe")).unwrap();
    (0..40).for_each(|_| drop(scene.sends(&anna, true, packet(&"x".repeat(60_000)))));
    scene.handle(Input::ChannelOpen { participant: joe });
    assert_eq!(scene.received().len(), (1 << 20) / 60_000);
}

#[test]
fn what_is_sent_again_after_a_resume_is_passed_on_once() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.comes("joe");
    let numbered = |sequence| DataPacket { sequence, ..packet("hello") };
    assert_eq!(scene.sends(&anna, true, numbered(1))[0].1.sequence, 1);
    assert_eq!(scene.sends(&anna, true, numbered(2)).len(), 1);
    assert_eq!(scene.sends(&anna, true, numbered(1)), []);
    assert_eq!(scene.sends(&anna, true, numbered(3)).len(), 1);
}

#[test]
fn nobody_sends_without_the_grant_or_for_the_server() {
    let mut scene = Scene::new();
    let permission = proto::ParticipantPermission { can_publish_data: false, ..everything() };
    let (anna, mute) = (scene.comes("anna"), scene.comes_as(Join { permission, ..join("mute") }));
    assert_eq!(scene.sends(&mute, true, packet("hello")), []);
    assert_eq!(scene.sends(&anna, true, DataPacket::default()), []);
    let said = || DataPacket { value: Some(Value::Transcription(Default::default())), ..Default::default() };
    assert_eq!(scene.sends(&anna, true, said()), [], "transcriptions in this form come from agents");
    let agent = scene.comes_as(Join { kind: Kind::Agent, ..join("agent") });
    assert_eq!(scene.sends(&agent, true, said()).len(), 2);
}

#[test]
fn an_agent_sends_text_for_another_and_nobody_else_does() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let agent = scene.comes_as(Join { kind: Kind::Agent, ..join("agent") });
    let heard = || {
        let text = Some(ContentHeader::TextHeader(Default::default()));
        let header = proto::data_stream::Header { content_header: text, ..Default::default() };
        let value = Some(Value::StreamHeader(header));
        DataPacket { value, participant_identity: "joe".into(), ..Default::default() }
    };
    let generated = |packet: &DataPacket| match &packet.value {
        Some(Value::StreamHeader(proto::data_stream::Header {
            content_header: Some(ContentHeader::TextHeader(text)),
            ..
        })) => text.generated,
        other => panic!("{other:?}"),
    };
    let received = scene.sends(&agent, true, heard());
    assert_eq!((received[0].1.participant_identity.as_str(), generated(&received[0].1)), ("joe", true));
    assert_eq!(received[0].1.participant_sid, agent.0);
    let received = scene.sends(&anna, true, heard());
    assert_eq!((received[0].1.participant_identity.as_str(), generated(&received[0].1)), ("anna", false));
}

#[test]
fn a_hidden_sender_stays_hidden() {
    let mut scene = Scene::new();
    let permission = proto::ParticipantPermission { hidden: true, ..everything() };
    let hidden = scene.comes_as(Join { permission, ..join("ghost") });
    scene.comes("anna");
    let received = scene.sends(&hidden, true, packet("boo"));
    assert_eq!((received.len(), received[0].1.participant_identity.as_str()), (1, ""));
}

#[test]
fn the_service_sends_to_all() {
    let mut scene = Scene::new();
    scene.comes("anna");
    scene.comes("joe");
    scene.drain();
    scene.room.send_data(scene.now, true, packet("dinner")).unwrap();
    assert_eq!(scene.received().len(), 2);
}
