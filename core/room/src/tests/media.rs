//! Tracks, and who hears them.

use super::{Scene, everything, join, microphone, updates};
use crate::proto::request_response::Reason;
use crate::proto::signal_request::Message as Asked;
use crate::proto::signal_response::Message;
use crate::proto::{self, TrackSource, TrackType};
use crate::{AdminError, Change, Forwarding, Input, Join, Output, ParticipantSid, TrackSid};

fn subscription(track: &TrackSid, subscribe: bool) -> Asked {
    let track_sids = vec![track.0.clone()];
    Asked::Subscription(proto::UpdateSubscription { track_sids, subscribe, participant_tracks: Vec::new() })
}

fn refusal(told: &[Message]) -> Option<Reason> {
    told.iter().find_map(|message| match message {
        Message::RequestResponse(response) => Some(response.reason()),
        _ => None,
    })
}

fn forwards(outputs: &[Output], whom: &ParticipantSid) -> Vec<Forwarding> {
    let of = |output: &Output| match output {
        Output::Forward { to, state, .. } if to == whom => Some(*state),
        _ => None,
    };
    outputs.iter().filter_map(of).collect()
}

#[test]
fn a_track_is_seen_when_its_media_arrives() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    scene.drain();
    scene.signal(&anna, Asked::AddTrack(microphone("mic")));
    let outputs = scene.drain();
    assert_eq!(outputs.len(), 1, "only its publisher learns of it: {outputs:?}");
    scene.signal(&anna, Asked::AddTrack(microphone("mic")));
    assert_eq!(scene.drain(), outputs, "announced twice, it is one");
    let track = scene.room.track_of(&anna, "mic").unwrap().clone();
    scene.handle(Input::MediaArrived { track: track.clone(), mid: "3".into() });
    let seen = updates(&scene.told(&joe));
    assert_eq!((seen[0].tracks[0].sid.as_str(), seen[0].tracks[0].mid.as_str()), (track.0.as_str(), "3"));
    assert!(seen[0].is_publisher);
}

#[test]
fn everybody_hears_the_others_and_nobody_itself() {
    let mut scene = Scene::new();
    let (anna, joe, eve) = (scene.comes("anna"), scene.comes("joe"), scene.comes("eve"));
    let (of_anna, of_joe) = (scene.publishes(&anna), scene.publishes(&joe));
    let mut others = vec![joe.clone(), eve.clone()];
    others.sort();
    assert_eq!(scene.listeners(&of_anna), others);
    assert!(!scene.listeners(&of_joe).contains(&joe));
    let sections = |n| Output::Sections { to: eve.clone(), audios: n };
    let outputs = scene.drain();
    assert!(outputs.contains(&sections(1)) && outputs.contains(&sections(2)));
    scene.signal(&anna, Asked::Leave(proto::LeaveRequest::default()));
    let outputs = scene.drain();
    assert_eq!(forwards(&outputs, &eve), [Forwarding::Off]);
    assert!(outputs.contains(&sections(1)));
}

#[test]
fn who_comes_later_hears_what_there_is() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let track = scene.publishes(&anna);
    let joe = scene.room.join(scene.now, join("joe")).unwrap();
    assert_eq!(scene.listeners(&track), std::slice::from_ref(&joe));
    let heard = Message::TrackSubscribed(proto::TrackSubscribed { track_sid: track.0.clone() });
    assert!(!scene.told(&anna).contains(&heard), "nothing that it says reaches him yet");
    scene.handle(Input::Connected { participant: joe });
    assert!(scene.told(&anna).contains(&heard));
}

#[test]
fn who_does_not_hear_everything_asks_for_it() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    let joe = scene.comes_as(Join { auto_subscribe: false, ..join("joe") });
    let track = scene.publishes(&anna);
    assert_eq!(scene.listeners(&track), []);
    scene.signal(&joe, subscription(&track, true));
    assert_eq!(scene.listeners(&track), std::slice::from_ref(&joe));
    scene.signal(&joe, subscription(&track, false));
    assert_eq!(scene.listeners(&track), []);
    scene.drain();
    scene.signal(&joe, subscription(&TrackSid("TR_x".into()), true));
    assert!(matches!(&scene.told(&joe)[..], [Message::SubscriptionResponse(response)] if response.track_sid == "TR_x"));
}

#[test]
fn a_pause_keeps_the_section() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    let track = scene.publishes(&anna);
    scene.drain();
    let setting = |disabled| {
        let track_sids = vec![track.0.clone()];
        Asked::TrackSetting(proto::UpdateTrackSettings { track_sids, disabled, ..Default::default() })
    };
    scene.signal(&joe, setting(true));
    let outputs = scene.drain();
    assert_eq!(forwards(&outputs, &joe), [Forwarding::Paused]);
    assert_eq!(outputs.len(), 1);
    assert_eq!(scene.listeners(&track), []);
    scene.signal(&joe, setting(false));
    assert_eq!(forwards(&scene.drain(), &joe), [Forwarding::On]);
}

#[test]
fn a_publisher_says_who_may_hear_it() {
    let mut scene = Scene::new();
    let (anna, joe, eve) = (scene.comes("anna"), scene.comes("joe"), scene.comes("eve"));
    let track = scene.publishes(&anna);
    scene.drain();
    let of_joe = proto::TrackPermission { participant_identity: "joe".into(), all_tracks: true, ..Default::default() };
    let allow = |all_participants| {
        let track_permissions = vec![of_joe.clone()];
        Asked::SubscriptionPermission(proto::SubscriptionPermission { all_participants, track_permissions })
    };
    scene.signal(&anna, allow(false));
    assert_eq!(scene.listeners(&track), [joe]);
    let said = |allowed| {
        let (participant_sid, track_sid) = (anna.0.clone(), track.0.clone());
        Message::SubscriptionPermissionUpdate(proto::SubscriptionPermissionUpdate {
            participant_sid,
            track_sid,
            allowed,
        })
    };
    assert_eq!(scene.told(&eve), [said(false)]);
    scene.signal(&anna, allow(true));
    assert!(scene.listeners(&track).contains(&eve));
    assert_eq!(scene.told(&eve), [said(true)]);
}

#[test]
fn nobody_publishes_or_hears_without_the_grant() {
    let mut scene = Scene::new();
    let permission = proto::ParticipantPermission { can_publish: false, can_subscribe: false, ..everything() };
    let (anna, mute) = (scene.comes("anna"), scene.comes_as(Join { permission, ..join("mute") }));
    let track = scene.publishes(&anna);
    scene.signal(&mute, subscription(&track, true));
    assert_eq!(scene.listeners(&track), []);
    scene.drain();
    scene.signal(&mute, Asked::AddTrack(microphone("mic")));
    assert_eq!(refusal(&scene.told(&mute)), Some(Reason::NotAllowed));
    assert_eq!(scene.room.track_of(&mute, "mic"), None);
}

#[test]
fn a_token_may_limit_the_sources() {
    let mut scene = Scene::new();
    let sources = vec![TrackSource::ScreenShareAudio.into()];
    let permission = proto::ParticipantPermission { can_publish_sources: sources, ..everything() };
    let anna = scene.comes_as(Join { permission, ..join("anna") });
    scene.drain();
    scene.signal(&anna, Asked::AddTrack(microphone("mic")));
    assert_eq!(refusal(&scene.told(&anna)), Some(Reason::NotAllowed));
    let source = TrackSource::ScreenShareAudio.into();
    scene.signal(&anna, Asked::AddTrack(proto::AddTrackRequest { source, ..microphone("film") }));
    assert_eq!(refusal(&scene.told(&anna)), None);
}

#[test]
fn pictures_and_too_many_tracks_are_refused() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.drain();
    let video = proto::AddTrackRequest { r#type: TrackType::Video.into(), ..microphone("film") };
    scene.signal(&anna, Asked::AddTrack(video));
    assert_eq!(refusal(&scene.told(&anna)), Some(Reason::UnsupportedType));
    (0..33).for_each(|n| scene.signal(&anna, Asked::AddTrack(microphone(&n.to_string()))));
    assert_eq!(refusal(&scene.told(&anna)), Some(Reason::LimitExceeded));
}

#[test]
fn a_permission_that_is_taken_back_ends_what_it_allowed() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    let (of_anna, of_joe) = (scene.publishes(&anna), scene.publishes(&joe));
    scene.drain();
    let permission = proto::ParticipantPermission { can_publish: false, can_subscribe: false, ..everything() };
    scene.room.update(scene.now, "anna", Change { permission: Some(permission), ..Default::default() }).unwrap();
    let told = scene.told(&anna);
    let gone = Message::TrackUnpublished(proto::TrackUnpublishedResponse { track_sid: of_anna.0.clone() });
    assert!(told.contains(&gone), "{told:?}");
    assert_eq!((scene.listeners(&of_anna), scene.listeners(&of_joe)), (vec![], vec![]));
}

#[test]
fn a_mute_is_seen_by_others() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    let track = scene.publishes(&anna);
    scene.drain();
    scene.signal(&joe, Asked::Mute(proto::MuteTrackRequest { sid: track.0.clone(), muted: true }));
    assert_eq!(scene.drain(), [], "nobody mutes another's track");
    scene.signal(&anna, Asked::Mute(proto::MuteTrackRequest { sid: track.0.clone(), muted: true }));
    assert!(updates(&scene.told(&joe))[0].tracks[0].muted);
    scene.signal(&anna, Asked::Mute(proto::MuteTrackRequest { sid: track.0.clone(), muted: false }));
    scene.told(&anna);
    assert_eq!(scene.room.mute(scene.now, "anna", &track, false), Err(AdminError::RemoteUnmute));
    assert_eq!(scene.told(&anna), []);
    scene.room.mute(scene.now, "anna", &track, true).unwrap();
    let mute = proto::MuteTrackRequest { sid: track.0.clone(), muted: true };
    assert_eq!(scene.told(&anna).first(), Some(&Message::Mute(mute)));
    assert!(scene.room.mute(scene.now, "joe", &track, true).is_err());
}

#[test]
fn speakers_are_told_when_they_begin_change_and_end() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    let track = scene.publishes(&anna);
    scene.drain();
    let mut interval = |loud: usize| {
        for packet in 0..20 {
            scene.room.level(scene.now, &track, if packet < loud { 6 } else { 127 });
            scene.now += std::time::Duration::from_millis(20);
        }
        scene.handle(Input::Tick);
        let told = scene.told(&joe).into_iter().map(|message| match message {
            Message::SpeakersChanged(changed) => changed.speakers,
            other => panic!("{other:?}"),
        });
        told.flatten().map(|speaker| (speaker.sid, speaker.level, speaker.active)).collect::<Vec<_>>()
    };
    let of_anna = |level, active| vec![(anna.0.clone(), level, active)];
    assert_eq!(interval(7), [], "too little");
    assert_eq!(interval(20), of_anna(0.375, true), "not all at once");
    assert_eq!(interval(10), [], "as before");
    assert_eq!(interval(0), of_anna(0.0, false));
    assert_eq!(interval(0), []);
}
