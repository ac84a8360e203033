use super::schema::{self, Kind, Presence};
use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind as Official};
use std::collections::BTreeSet;

fn official() -> DescriptorPool {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let set = protox::compile(["a2a.proto"], [proto]).expect("the protocol's definition");
    DescriptorPool::from_file_descriptor_set(set).expect("whole")
}

fn kind_is(ours: &Kind, field: &FieldDescriptor) -> bool {
    of_kind(ours, &field.kind(), field.is_map())
}

fn of_kind(ours: &Kind, official: &Official, is_map: bool) -> bool {
    match (ours, official) {
        (Kind::Map(value), Official::Message(entry)) if is_map => {
            entry.map_entry_key_field().kind() == Official::String
                && of_kind(value, &entry.map_entry_value_field().kind(), false)
        }
        (Kind::Message(message), Official::Message(official)) => official.full_name() == full_name(message),
        (Kind::Struct, Official::Message(message)) => message.full_name() == "google.protobuf.Struct",
        (Kind::Value, Official::Message(message)) => message.full_name() == "google.protobuf.Value",
        (Kind::Timestamp, Official::Message(message)) => message.full_name() == "google.protobuf.Timestamp",
        (Kind::Role, Official::Enum(official)) => official.full_name() == "lf.a2a.v1.Role",
        (Kind::TaskState, Official::Enum(official)) => official.full_name() == "lf.a2a.v1.TaskState",
        (Kind::Text, Official::String)
        | (Kind::Bytes, Official::Bytes)
        | (Kind::Bool, Official::Bool)
        | (Kind::Int32, Official::Int32) => true,
        _ => false,
    }
}

fn full_name(message: &schema::Message) -> String {
    format!("lf.a2a.v1.{}", message.name)
}

fn presence(field: &FieldDescriptor) -> Presence {
    match field.containing_oneof() {
        _ if field.is_map() => Presence::Implicit,
        _ if field.cardinality() == Cardinality::Repeated => Presence::Repeated,
        Some(oneof) if !oneof.is_synthetic() => Presence::Alternative,
        _ if field.supports_presence() => Presence::Explicit,
        _ => Presence::Implicit,
    }
}

#[test]
fn every_message_is_as_the_protocol_defines_it() {
    let pool = official();
    for message in schema::ALL {
        let official = pool.get_message_by_name(&full_name(message)).expect("a message of the protocol");
        assert_eq!(message.fields.len(), official.fields().len(), "{}", message.name);
        for field in message.fields {
            let official = official.get_field(field.number).expect("a field of the protocol");
            let what = format!("{}.{}", message.name, field.name);
            assert_eq!(field.name, official.json_name(), "{what}");
            assert_eq!(field.presence, presence(&official), "{what}");
            assert!(kind_is(&field.kind, &official), "{what}");
        }
    }
    let theirs = pool.all_messages().filter(|message| message.package_name() == "lf.a2a.v1" && !message.is_map_entry());
    let ours: BTreeSet<String> = schema::ALL.iter().map(|message| full_name(message)).collect();
    assert_eq!(theirs.map(|message| message.full_name().to_owned()).collect::<BTreeSet<_>>(), ours);
}

#[test]
fn every_method_takes_and_gives_what_the_protocol_says() {
    let pool = official();
    let service = pool.get_service_by_name(super::SERVICE).expect("the service");
    assert_eq!(service.methods().len(), super::Operation::ALL.len());
    for operation in super::Operation::ALL {
        let path = format!("/{}/{}", super::SERVICE, operation.as_str());
        assert_eq!(super::operation(&path), Ok(operation));
        let method = service.methods().find(|method| method.name() == operation.as_str()).expect("a method");
        assert_eq!(method.input().name(), schema::request(operation).name);
        assert_eq!(method.output().name(), schema::response(operation).name);
        assert_eq!(method.is_server_streaming(), operation.is_streaming());
    }
    assert!(super::operation("/lf.a2a.v1.A2AService/Other").is_err());
    assert!(super::operation("/a2a.v1.A2AService/GetTask").is_err());
}
