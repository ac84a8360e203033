//! What a call costs before and after the agent: `cargo bench --bench codec`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use duologue_a2a::call::{Call, Limits, Operation, Reply, grpc, jsonrpc};
use duologue_a2a::model::{Message, Part, Role, SendMessageResponse, TaskState, Timestamp};
use duologue_a2a::task::{Event, NewTask, Owner, TaskRecord, apply};
use duologue_a2a::version::Dialect;
use std::hint::black_box;

const NEW: &str = r#"{"jsonrpc":"2.0","id":"7","method":"SendMessage","params":{"message":{"messageId":"6f1ed002-ab5b-4b1a","role":"ROLE_USER","parts":[{"text":"What is the weather in Berlin?"}]}}}"#;
const OLD: &str = r#"{"jsonrpc":"2.0","id":"7","method":"message/send","params":{"message":{"kind":"message","messageId":"6f1ed002-ab5b-4b1a","role":"user","parts":[{"kind":"text","text":"What is the weather in Berlin?"}]}}}"#;

fn answer(message: &Message) -> Reply {
    let parts = vec![Part::text(message.text())];
    let answer = Message { message_id: "a".into(), role: Role::Agent, parts, ..Message::default() };
    Reply::Sent(Box::new(SendMessageResponse::Message(answer)))
}

fn task(message: Message) -> Reply {
    let new = NewTask {
        owner: Owner("spiffe://example.org/a".into()),
        task_id: "6f1ed002-ab5b-4b1a".into(),
        context_id: "7f1ed002-ab5b-4b1a".into(),
        message,
        push: None,
        deadline: None,
        kept: Default::default(),
    };
    let now = Timestamp::from_millis(1_767_225_600_000);
    let (mut record, actions) = TaskRecord::open(new, now).expect("a task");
    let done = Event::Status { state: TaskState::Completed, message: None, metadata: None };
    black_box((actions, apply(&mut record, done, now).expect("a status"), record.to_json()));
    Reply::Sent(Box::new(SendMessageResponse::Task(record.task().clone())))
}

fn call(body: &str, dialect: Dialect, serve: fn(Message) -> Reply) -> Vec<u8> {
    let (id, call) = jsonrpc::read_request(body.as_bytes(), dialect, &Limits::default()).expect("a request");
    let Call::SendMessage(request) = call else { unreachable!("it is one") };
    jsonrpc::write_reply(&id, &serve(request.message), dialect).expect("an answer")
}

fn call_over_grpc(body: &[u8]) -> Vec<u8> {
    let call = grpc::read_request(Operation::SendMessage, body, &Limits::default()).expect("a request");
    let Call::SendMessage(request) = call else { unreachable!("it is one") };
    grpc::write_reply(&answer(&request.message)).expect("an answer")
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("a2a");
    group.throughput(Throughput::Elements(1));
    let message: fn(Message) -> Reply = |message| answer(&message);
    for (name, body, dialect, serve) in [
        ("message 1.0", NEW, Dialect::V1_0, message),
        ("message 0.3", OLD, Dialect::V0_3, message),
        ("task 1.0, stored", NEW, Dialect::V1_0, task),
    ] {
        group.bench_function(name, |b| b.iter(|| call(black_box(body), dialect, serve)));
    }
    let (_, call) = jsonrpc::read_request(NEW.as_bytes(), Dialect::V1_0, &Limits::default()).expect("a request");
    let (_, body) = grpc::write_request(&call).expect("a request");
    group.bench_function("message over gRPC", |b| b.iter(|| call_over_grpc(black_box(&body))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
