//! Coming, going, and when a room is over.

use super::{Scene, everything, join, updates};
use crate::proto::leave_request::Action;
use crate::proto::participant_info::{Kind, State};
use crate::proto::request_response::Reason;
use crate::proto::signal_request::Message as Asked;
use crate::proto::signal_response::Message;
use crate::proto::{self, DisconnectReason};
use crate::{AdminError, Change, Event, Input, Join, JoinError, Output, ParticipantSid, ResumeError};

fn leave(messages: &[Message]) -> Option<(DisconnectReason, Action)> {
    messages.iter().find_map(|message| match message {
        Message::Leave(leave) => Some((leave.reason(), leave.action())),
        _ => None,
    })
}

fn closed(outputs: &[Output]) -> Option<DisconnectReason> {
    outputs.iter().find_map(|output| match output {
        Output::Event(Event::Closed(reason)) => Some(*reason),
        _ => None,
    })
}

fn agent(identity: &str) -> Join {
    Join { kind: Kind::Agent, ..join(identity) }
}

#[allow(deprecated)]
fn recorder() -> Join {
    let permission = proto::ParticipantPermission { hidden: true, recorder: true, ..everything() };
    Join { permission, ..join("recorder") }
}

#[test]
fn the_first_message_says_who_is_there() {
    let mut scene = Scene::new();
    scene.comes("anna");
    scene.drain();
    let joe = scene.room.join(scene.now, join("joe")).unwrap();
    let told = scene.told(&joe);
    let Some(Message::Join(response)) = told.first() else { panic!("{told:?}") };
    assert_eq!(response.participant.as_ref().unwrap().sid, joe.0);
    assert_eq!(response.participant.as_ref().unwrap().state(), State::Joined);
    assert_eq!(response.other_participants.iter().map(|p| p.identity.as_str()).collect::<Vec<_>>(), ["anna"]);
    assert_eq!((response.ping_interval, response.ping_timeout, response.subscriber_primary), (5, 15, false));
}

#[test]
fn others_see_somebody_join_become_active_and_leave() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.drain();
    let joe = scene.comes("joe");
    scene.signal(&joe, Asked::Leave(proto::LeaveRequest::default()));
    let seen = updates(&scene.told(&anna));
    let states: Vec<_> = seen.iter().map(|info| info.state()).collect();
    assert_eq!(states, [State::Joined, State::Active, State::Disconnected]);
    assert!(seen.is_sorted_by(|a, b| a.version < b.version));
    assert_eq!(seen[2].disconnect_reason(), DisconnectReason::ClientInitiated);
}

#[test]
fn the_same_identity_takes_the_place_of_the_old_one() {
    let mut scene = Scene::new();
    let old = scene.comes("anna");
    scene.drain();
    let new = scene.comes("anna");
    let outputs = scene.drain();
    assert!(outputs.contains(&Output::Out { participant: old.clone() }));
    let message = |output: &Output| match output {
        Output::Send { to, message } if *to == old => Some((**message).clone()),
        _ => None,
    };
    let told: Vec<_> = outputs.iter().filter_map(message).collect();
    assert_eq!(leave(&told), Some((DisconnectReason::DuplicateIdentity, Action::Disconnect)));
    assert_ne!(old, new);
    assert_eq!(scene.room.participants().count(), 1);
}

#[test]
fn who_is_never_connected_is_out_after_a_minute() {
    let mut scene = Scene::new();
    let anna = scene.room.join(scene.now, join("anna")).unwrap();
    scene.after(59);
    assert_eq!(leave(&scene.told(&anna)), None);
    scene.after(1);
    assert_eq!(leave(&scene.told(&anna)), Some((DisconnectReason::JoinFailure, Action::Disconnect)));
}

#[test]
fn who_lost_signalling_has_half_a_minute() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let joe = scene.comes("joe");
    scene.handle(Input::SignalLost { participant: anna.clone(), connection: 1 });
    scene.after(29);
    scene.drain();
    scene.room.resume(scene.now, &anna, "anna", 2).unwrap();
    let told = scene.told(&anna);
    assert!(matches!(told.first(), Some(Message::Reconnect(_))), "{told:?}");
    assert_eq!(updates(&told).len(), 2, "itself too");
    scene.handle(Input::SignalLost { participant: anna.clone(), connection: 1 });
    scene.after(60);
    assert_eq!(updates(&scene.told(&joe)), [], "the old connection does not matter");
    scene.handle(Input::SignalLost { participant: anna.clone(), connection: 2 });
    scene.after(30);
    assert_eq!(updates(&scene.told(&joe))[0].disconnect_reason(), DisconnectReason::SignalClose);
    assert_eq!(scene.room.resume(scene.now, &anna, "anna", 3), Err(ResumeError));
    assert_eq!(ResumeError.leave().reason(), DisconnectReason::StateMismatch);
}

#[test]
fn nobody_resumes_as_somebody_else() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    assert_eq!(scene.room.resume(scene.now, &anna, "joe", 2), Err(ResumeError));
    assert_eq!(scene.room.resume(scene.now, &ParticipantSid("PA_x".into()), "anna", 2), Err(ResumeError));
}

#[test]
fn who_lost_media_is_told_to_resume_and_then_to_join_anew() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.drain();
    scene.handle(Input::Disconnected { participant: anna.clone() });
    assert_eq!(leave(&scene.told(&anna)), Some((DisconnectReason::ConnectionTimeout, Action::Resume)));
    scene.after(4);
    scene.handle(Input::Connected { participant: anna.clone() });
    scene.after(5);
    assert_eq!(leave(&scene.told(&anna)), None);
    scene.handle(Input::Disconnected { participant: anna.clone() });
    scene.drain();
    scene.after(5);
    assert_eq!(leave(&scene.told(&anna)), Some((DisconnectReason::ConnectionTimeout, Action::Reconnect)));
}

#[test]
fn a_room_closes_when_nobody_comes_and_when_all_have_left() {
    let mut scene = Scene::new();
    assert_eq!(scene.room.poll(), Output::Timeout(duologue_ids::Mono::from_millis(300_000)));
    scene.after(299);
    let anna = scene.comes("anna");
    scene.after(1_000);
    scene.signal(&anna, Asked::Leave(proto::LeaveRequest::default()));
    scene.after(19);
    assert_eq!(closed(&scene.drain()), None);
    scene.after(1);
    assert_eq!(closed(&scene.drain()), Some(DisconnectReason::RoomClosed));
    assert_eq!(scene.room.join(scene.now, join("joe")), Err(JoinError::Closed));
    let mut scene = Scene::new();
    scene.after(300);
    assert_eq!(closed(&scene.drain()), Some(DisconnectReason::RoomClosed));
}

#[test]
fn agents_among_themselves_keep_a_room_open_if_it_says_so() {
    for keep in [true, false] {
        let mut scene = Scene::with(|config| config.agents_keep_open = keep);
        let one = scene.comes_as(agent("one"));
        scene.comes_as(agent("other"));
        scene.drain();
        scene.after(300);
        let told = scene.told(&one);
        assert_eq!(scene.room.is_closed(), !keep);
        assert_eq!(leave(&told).is_some(), !keep);
    }
}

#[test]
fn a_recorder_is_seen_by_nobody_and_keeps_no_room() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.drain();
    let recorder = scene.comes_as(recorder());
    assert_eq!(updates(&scene.told(&anna)), []);
    assert!(scene.room.info().active_recording);
    assert_eq!((scene.room.info().num_participants, scene.room.participants().count()), (1, 2));
    let track = scene.publishes(&anna);
    assert_eq!(scene.listeners(&track), std::slice::from_ref(&recorder));
    let unheard = scene.publishes(&recorder);
    assert_eq!(scene.listeners(&unheard), []);
    scene.room.remove(scene.now, "anna").unwrap();
    scene.drain();
    scene.after(20);
    assert_eq!(leave(&scene.told(&recorder)), Some((DisconnectReason::RoomClosed, Action::Disconnect)));
}

#[test]
fn who_watches_unseen_keeps_no_room() {
    let mut scene = Scene::new();
    let permission = proto::ParticipantPermission { hidden: true, ..everything() };
    let watcher = scene.comes_as(Join { permission, ..join("watcher") });
    scene.after(300);
    assert_eq!(leave(&scene.told(&watcher)), Some((DisconnectReason::RoomClosed, Action::Disconnect)));
}

#[test]
fn a_full_room_takes_agents_and_those_who_come_again() {
    let mut scene = Scene::with(|config| config.max_participants = 1);
    scene.comes("anna");
    assert_eq!(scene.room.join(scene.now, join("joe")), Err(JoinError::Full(1)));
    assert!(scene.room.join(scene.now, agent("helper")).is_ok());
    assert!(scene.room.join(scene.now, join("anna")).is_ok());
}

#[test]
fn a_deleted_room_says_so_to_everybody() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.comes("joe");
    scene.drain();
    scene.handle(Input::Close(DisconnectReason::RoomDeleted));
    assert_eq!(leave(&scene.told(&anna)), Some((DisconnectReason::RoomDeleted, Action::Disconnect)));
    assert_eq!(scene.room.poll(), Output::Timeout(duologue_ids::Mono::FAR));
}

#[test]
fn metadata_changes_with_the_grant_only() {
    let ask = |request_id, attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let request = proto::UpdateParticipantMetadata { request_id, attributes, ..Default::default() };
        Asked::UpdateMetadata(request)
    };
    let answer = |told: &[Message]| match told.iter().find(|m| matches!(m, Message::RequestResponse(_))) {
        Some(Message::RequestResponse(response)) => (response.request_id, response.reason()),
        _ => panic!("{told:?}"),
    };
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let joe = scene.comes("joe");
    scene.drain();
    scene.signal(&anna, ask(7, &[("mood", "good"), ("gone", "")]));
    let told = scene.told(&anna);
    assert_eq!(answer(&told), (7, Reason::Ok));
    assert_eq!(updates(&told)[0].attributes["mood"], "good");
    scene.signal(&anna, ask(8, &[("mood", "")]));
    assert_eq!(updates(&scene.told(&joe))[0].attributes.len(), 0);
    scene.signal(&anna, ask(9, &[("long", &"x".repeat(64_001))]));
    assert_eq!(answer(&scene.told(&anna)), (9, Reason::LimitExceeded));
    let permission = Some(proto::ParticipantPermission { can_update_metadata: false, ..everything() });
    scene.room.update(scene.now, "anna", Change { permission, ..Default::default() }).unwrap();
    scene.drain();
    scene.signal(&anna, ask(10, &[("mood", "bad")]));
    assert_eq!(answer(&scene.told(&anna)), (10, Reason::NotAllowed));
}

#[test]
fn both_kinds_of_ping_are_answered() {
    let mut scene = Scene::with(|config| config.wall_zero_ms = 1_000);
    let anna = scene.comes("anna");
    scene.drain();
    scene.signal(&anna, Asked::Ping(5));
    scene.signal(&anna, Asked::PingReq(proto::Ping { timestamp: 7, rtt: 0 }));
    let pong = proto::Pong { last_ping_timestamp: 7, timestamp: 1_000 };
    assert_eq!(scene.told(&anna), [Message::Pong(1_000), Message::PongResp(pong)]);
}

#[test]
fn tokens_are_renewed_at_once_and_every_five_minutes() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let refresh = Output::Refresh { to: anna };
    assert!(scene.drain().contains(&refresh));
    scene.after(299);
    assert!(!scene.drain().contains(&refresh));
    scene.after(1);
    assert!(scene.drain().contains(&refresh));
}

#[test]
fn the_service_names_who_is_missing() {
    let mut scene = Scene::new();
    let missing = AdminError::NoParticipant("anna".into());
    assert_eq!(scene.room.remove(scene.now, "anna"), Err(missing));
    let room = scene.room.set_metadata(scene.now, "quiet".into()).unwrap();
    assert_eq!(room.metadata, "quiet");
}
