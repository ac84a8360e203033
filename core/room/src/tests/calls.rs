//! Methods that the service calls, and the quality of connections.

use super::Scene;
use crate::proto::data_packet::Value;
use crate::proto::signal_response::Message;
use crate::proto::{self, ConnectionQuality, DataPacket, rpc_response};
use crate::{CallError, CallId, Input, Output, ParticipantSid};
use std::time::Duration;

impl Scene {
    fn calls(&mut self, to: &str) -> CallId {
        let (what, within) = (("double".to_owned(), "ho".to_owned()), Duration::from_secs(10));
        self.room.call(self.now, to, what, within).unwrap()
    }

    fn says(&mut self, from: &ParticipantSid, value: Value) -> Vec<Output> {
        let packet = Box::new(DataPacket { value: Some(value), ..Default::default() });
        self.handle(Input::Data { from: from.clone(), reliable: true, packet });
        self.drain()
    }
}

fn heard(id: &CallId) -> Value {
    Value::RpcAck(proto::RpcAck { request_id: id.0.clone() })
}

fn answer(id: &CallId, payload: &str) -> Value {
    let value = Some(rpc_response::Value::Payload(payload.into()));
    Value::RpcResponse(proto::RpcResponse { request_id: id.0.clone(), value })
}

#[test]
fn who_is_called_answers_and_nobody_hears_of_it() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    scene.drain();
    let id = scene.calls("anna");
    let asked = scene.drain();
    let [Output::Data { to, reliable: true, packet }] = &asked[..] else { panic!("{asked:?}") };
    let Some(Value::RpcRequest(request)) = &packet.value else { panic!("{packet:?}") };
    assert_eq!((&to[..], &request.id, request.method.as_str()), (&[anna.clone()][..], &id.0, "double"));
    assert_eq!((packet.participant_identity.as_str(), request.response_timeout_ms), (id.0.as_str(), 10_000));
    // Whom it does not concern is passed on what he says, and ends no call.
    assert!(!scene.says(&joe, answer(&id, "forged")).iter().any(|output| matches!(output, Output::Called { .. })));
    assert_eq!(scene.says(&anna, heard(&id)), []);
    let called = Output::Called { id: id.clone(), answer: Ok("hoho".into()) };
    assert_eq!(scene.says(&anna, answer(&id, "hoho")), [called]);
    assert!(matches!(scene.says(&anna, answer(&id, "again"))[..], [Output::Data { .. }]), "an answer to nobody's call");
}

#[test]
fn who_does_not_hear_answer_or_stay_is_given_up() {
    let mut scene = Scene::new();
    let anna = scene.comes("anna");
    scene.drain();
    let gives_up = |scene: &mut Scene| {
        let called = scene.drain().into_iter().find_map(|output| match output {
            Output::Called { answer, .. } => Some(answer),
            _ => None,
        });
        called.map(|answer| answer.unwrap_err())
    };
    scene.calls("anna");
    scene.after(1);
    assert_eq!(gives_up(&mut scene), None);
    scene.after(1);
    assert_eq!(gives_up(&mut scene), Some(CallError::Unheard));
    let id = scene.calls("anna");
    scene.says(&anna, heard(&id));
    scene.after(9);
    assert_eq!(gives_up(&mut scene), None);
    scene.after(1);
    assert_eq!(gives_up(&mut scene), Some(CallError::Unanswered));
    scene.calls("anna");
    scene.room.remove(scene.now, "anna").unwrap();
    assert_eq!(gives_up(&mut scene), Some(CallError::Left));
    let call = ("double".to_owned(), String::new());
    assert!(scene.room.call(scene.now, "anna", call, Duration::from_secs(1)).is_err());
}

#[test]
fn a_connection_that_loses_packets_is_called_worse() {
    let mut scene = Scene::new();
    let (anna, joe) = (scene.comes("anna"), scene.comes("joe"));
    let track = scene.publishes(&anna);
    scene.drain();
    let mut interval = |lost: u64| {
        for number in (0..250).filter(|number| lost == 0 || number % lost != 1) {
            scene.room.arrived(&track, number);
        }
        scene.after(5);
        let told = scene.told(&joe).into_iter().find_map(|message| match message {
            Message::ConnectionQuality(update) => Some(update.updates),
            _ => None,
        });
        told.map(|told| told.iter().find(|info| info.participant_sid == anna.0).map(|info| info.quality()))
    };
    assert_eq!(interval(0), Some(Some(ConnectionQuality::Excellent)));
    assert_eq!(interval(100), None, "as before");
    assert_eq!(interval(20), Some(Some(ConnectionQuality::Good)));
    assert_eq!(interval(5), Some(Some(ConnectionQuality::Poor)));
}
