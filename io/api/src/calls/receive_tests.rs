use super::*;
use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::io::Write;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn request(body: Body) -> Request {
    Request::builder().header(header::CONTENT_TYPE, PROTOBUF).body(body).unwrap()
}

#[test]
fn a_small_body_that_unfolds_to_a_large_one_is_refused() {
    let bomb = packed(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    assert!(matches!(read(&bomb, true), Err(ReceiveError::TooLarge)));
    let many = packed(&[]).repeat(10_000);
    assert_eq!(read(&many, true).unwrap(), Exported::default(), "and ten thousand empty ones are empty");
    assert!(matches!(read(b"no gzip", true), Err(ReceiveError::Gzip(_))));
    assert!(matches!(read(&bomb[..bomb.len() / 2], true), Err(ReceiveError::Gzip(_) | ReceiveError::TooLarge)));
}

#[test]
fn small_fields_unfold_to_nothing() {
    // Empty spans, two bytes each: as messages of their own they would take a hundred times as much.
    let spans = b"\x12\0".repeat(1 << 20);
    let of = |bytes: &[u8], number| {
        let mut out = Vec::new();
        put_bytes(&mut out, number, bytes);
        out
    };
    let exported = read(&of(&of(&spans, 2), 1), false).unwrap();
    assert_eq!((exported.spans.len(), exported.homeless), (0, 1 << 20));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_go_on_sending_is_not_waited_for() {
    let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"\x0a"))]);
    let stalled = Body::from_stream(first.chain(futures::stream::pending()));
    let begun = tokio::time::Instant::now();
    assert!(matches!(body_in_time(request(stalled)).await, Err(ReceiveError::Slow)));
    assert_eq!(begun.elapsed(), PATIENCE);
}

#[tokio::test]
async fn a_body_is_bounded_whatever_it_says_of_itself() {
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![0; 1 << 20]));
    let endless = Body::from_stream(futures::stream::repeat_with(chunk));
    assert!(matches!(body_of(request(endless)).await, Err(ReceiveError::TooLarge)));
    let mut declared = request(Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>()));
    declared.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("99999999999999"));
    assert!(matches!(body_of(declared).await, Err(ReceiveError::TooLarge)), "before anything of it came");
    let broken = Body::from_stream(futures::stream::iter([chunk(), Err(std::io::Error::other("gone"))]));
    assert!(matches!(body_of(request(broken)).await, Err(ReceiveError::BrokenOff)));
}

#[test]
fn what_is_not_kept_is_told_as_opentelemetry_reads_it() {
    assert!(answer(0, 0, Taken { kept: 3, known: 2, left_out: 0 }).is_empty());
    let told = answer(1, 20, Taken { left_out: 300, ..Taken::default() });
    let partial = ExportTraceServiceResponse::decode(told.as_slice()).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 321);
    assert_eq!(
        partial.error_message,
        "not kept: 1 without a trace id, a span id or a start time, 20 beyond the 5000 of one request, \
         300 of traces that have as many as are kept"
    );
}

#[test]
fn turns_are_bounded() {
    let calls = crate::calls::Calls::default();
    let turns: Vec<_> = std::iter::from_fn(|| calls.turn()).collect();
    assert_eq!(turns.len(), 8);
    drop(turns);
    assert!(calls.turn().is_some());
}
