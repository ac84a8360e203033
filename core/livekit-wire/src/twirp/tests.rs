use super::*;
use crate::proto::{
    AgentDispatch, CreateAgentDispatchRequest, CreateRoomRequest, MoveParticipantRequest, PerformRpcRequest, Room,
    SendDataRequest, UpdateParticipantRequest,
};
use crate::token::{Claims, VideoGrants};
use proptest::prelude::*;

fn path(service: &str, method: &str) -> String {
    format!("/twirp/livekit.{service}/{method}")
}

fn with(video: VideoGrants) -> Claims {
    Claims { video, ..Default::default() }
}

fn refused(path: &str, kind: &str, body: &[u8]) -> String {
    let reply = read("POST", path, kind, body).unwrap_err().reply();
    format!("{} {}", reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn every_method_is_read_in_both_formats_and_asks_for_a_grant() {
    assert_eq!(Call::ALL.len(), 17);
    for (service, method) in Call::ALL {
        for (format, body) in [(Format::Json, &b"{}"[..]), (Format::Protobuf, b"")] {
            let (call, read_as) = read("POST", &path(service, method), format.content_type(), body).unwrap();
            assert_eq!((call.path(), call.method(), read_as), (path(service, method).as_str(), *method, format));
            assert_eq!(call.admit(None).unwrap_err().code, Code::Unauthenticated);
            let nobody = with(VideoGrants::default());
            assert_eq!(call.admit(Some(&nobody)).unwrap_err().message, "permissions denied");
        }
    }
}

#[test]
fn what_cannot_be_routed_gets_twirps_answers() {
    let json = "application/json";
    assert_eq!(
        refused("/twirp/livekit.RoomService/Nope", json, b"{}"),
        r#"404 {"code":"bad_route","msg":"no handler for path \"/twirp/livekit.RoomService/Nope\"","meta":{"twirp_invalid_route":"POST /twirp/livekit.RoomService/Nope"}}"#
    );
    assert!(refused("/twirp/other.RoomService/ListRooms", json, b"{}").contains("bad_route"));
    assert!(refused("/twirp/livekit.RoomService", json, b"{}").contains("bad_route"));
    assert!(refused("/twirp/livekit.Egress/ListEgress", json, b"{}").starts_with(r#"501 {"code":"unimplemented""#));
    assert!(refused("/twirp/livekit.RoomService/ListRooms", "text/plain", b"{}").contains("unexpected Content-Type"));
    let got = read("GET", "/twirp/livekit.RoomService/ListRooms", json, b"{}").unwrap_err();
    assert_eq!(got.message, r#"unsupported method "GET" (only POST is allowed)"#);
    let long = vec![b' '; BODY_MAX + 1];
    assert!(
        refused("/twirp/livekit.RoomService/ListRooms", json, &long).starts_with(r#"400 {"code":"invalid_argument""#)
    );
}

#[test]
fn malformed_bodies_are_refused_as_livekit_server_does() {
    let list = "/twirp/livekit.RoomService/ListRooms";
    let malformed = r#"400 {"code":"malformed","msg":"the json request could not be decoded"}"#;
    for body in ["", "{", "[]", "null", "3", r#"{"names":3}"#] {
        assert_eq!(refused(list, "application/json; charset=utf-8", body.as_bytes()), malformed, "{body}");
    }
    assert!(refused(list, "Application/Protobuf", b"\x0a\x7f").contains("the protobuf request could not be decoded"));
}

#[test]
fn json_is_read_in_both_spellings_and_written_as_livekit_server_does() {
    let body =
        br#"{"name":"r","emptyTimeout":5,"departure_timeout":"7","tags":{"aB":"c"},"unknown":{},"metadata":null} x"#;
    let (call, format) = read("POST", "/twirp/livekit.RoomService/CreateRoom", "application/json", body).unwrap();
    let Call::CreateRoom(asked) = &call else { panic!("{call:?}") };
    assert_eq!((asked.empty_timeout, asked.departure_timeout, asked.tags["aB"].as_str()), (5, 7, "c"));
    let room = Room { num_participants: 2, creation_time: 9, ..Default::default() };
    assert_eq!(format.reply(&room).body, br#"{"creation_time":"9","num_participants":2}"#);
    // What users have named stays as it is.
    let dispatch = AgentDispatch { attributes: [("aB".into(), "cD".into())].into(), ..Default::default() };
    assert_eq!(format.reply(&dispatch).body, br#"{"attributes":{"aB":"cD"}}"#);
}

#[test]
fn admins_of_one_room_do_nothing_in_another() {
    let call = Call::CreateDispatch(CreateAgentDispatchRequest { room: "a".into(), ..Default::default() });
    assert_eq!(call.grant(), Grant::Admin { room: "a" });
    let admin = |room: &str| with(VideoGrants { room_admin: true, room: room.into(), ..Default::default() });
    assert!(call.admit(Some(&admin("a"))).is_ok());
    assert!(call.admit(Some(&admin("b"))).is_err());
    assert!(
        call.admit(Some(&with(VideoGrants { room: "a".into(), room_create: true, ..Default::default() }))).is_err()
    );
    let between = |room: &str, destination: &str| {
        Call::MoveParticipant(MoveParticipantRequest {
            room: room.into(),
            destination_room: destination.into(),
            ..Default::default()
        })
    };
    assert!(between("a", "b").admit(Some(&admin("a"))).is_err());
    assert!(between("a", "b").admit(Some(&with(between("a", "b").grant().alone()))).is_ok());
    let same = between("a", "a");
    assert_eq!(same.admit(Some(&with(same.grant().alone()))).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn what_cannot_be_meant_is_told() {
    let told = |call: Call| call.admit(Some(&with(call.grant().alone()))).unwrap_err().message;
    let data = SendDataRequest { nonce: vec![1], ..Default::default() };
    assert_eq!(told(Call::SendData(data)), "nonce should be 16-bytes or not present, got: 1 bytes");
    assert_eq!(told(Call::PerformRpc(PerformRpcRequest::default())), "destination identity is required");
}

#[test]
fn errors_are_read_back() {
    for error in
        [TwirpError::no_room(), TwirpError::bad_route("x".into(), "GET", "/"), TwirpError::new(Code::DataLoss, "")]
    {
        assert_eq!(TwirpError::of(&error.reply().body), Some(error));
    }
    assert!(String::from_utf8(TwirpError::new(Code::DataLoss, "").reply().body).unwrap().contains(r#""dataloss""#));
    assert_eq!(TwirpError::of(b"<html>"), None);
}

fn any_call() -> impl Strategy<Value = Call> {
    let text = || ".{0,12}";
    prop_oneof![
        (text(), text(), any::<u32>(), text(), text()).prop_map(|(name, metadata, empty_timeout, key, value)| {
            let tags = [(key, value)].into();
            Call::CreateRoom(Box::new(CreateRoomRequest { name, metadata, empty_timeout, tags, ..Default::default() }))
        }),
        (text(), prop::collection::vec(any::<u8>(), 0..40), prop::option::of(text()), 0..2).prop_map(
            |(room, data, topic, kind)| Call::SendData(SendDataRequest {
                room,
                data,
                topic,
                kind,
                ..Default::default()
            })
        ),
        (text(), text(), text(), text()).prop_map(|(room, identity, key, value)| {
            let attributes = [(key, value)].into();
            Call::UpdateParticipant(UpdateParticipantRequest { room, identity, attributes, ..Default::default() })
        }),
    ]
}

proptest! {
    #[test]
    fn what_a_client_writes_a_server_reads(call in any_call(), json in any::<bool>()) {
        let format = if json { Format::Json } else { Format::Protobuf };
        let body = call.body(format).unwrap();
        let read = read("POST", call.path(), format.content_type(), &body).unwrap();
        prop_assert_eq!(&read.0, &call);
        // The grant that it needs, and no other token, admits it as far as the token goes.
        let admitted = call.admit(Some(&with(call.grant().alone())));
        prop_assert!(admitted.is_ok_and(|()| call.admit(None).is_err()));
    }

    #[test]
    fn any_bytes_are_a_call_or_an_error(which in 0..Call::ALL.len(), json in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let (service, method) = Call::ALL[which];
        let format = if json { Format::Json } else { Format::Protobuf };
        match read("POST", &path(service, method), format.content_type(), &body) {
            Ok((call, _)) => prop_assert_eq!(call.method(), method),
            Err(error) => prop_assert_eq!(error.code, Code::Malformed),
        }
    }
}
