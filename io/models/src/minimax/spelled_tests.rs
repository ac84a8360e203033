use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn spelled(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn event(data: Value) -> Vec<u8> {
    let event = json!({"data": data, "trace_id": "7", "base_resp": {"status_code": 0, "status_msg": "success"}});
    format!("data: {event}\n\n").into_bytes()
}

fn read(bytes: &[u8], size: usize) -> Result<Vec<i16>, Fault> {
    let mut reader = HexReader::new(24_000, false);
    bytes.chunks(size.max(1)).try_for_each(|piece| reader.push(piece))?;
    reader.end()?;
    Ok(std::iter::from_fn(|| reader.pop()).flat_map(|audio| audio.samples).collect())
}

#[test]
fn the_last_event_repeats_what_was_heard() {
    let sound = crate::wav::bytes(&[1, -2, 300]);
    let last = event(json!({"audio": spelled(&sound), "status": 2}));
    let whole = [event(json!({"audio": spelled(&sound), "status": 1})), last.clone()].concat();
    assert_eq!(read(&whole, 3), Ok(vec![1, -2, 300]));
    assert_eq!(read(&last, 3), Ok(vec![1, -2, 300]), "a server that sends all at the end is understood");
}

#[test]
fn what_can_not_be_speech_is_told() {
    let malformed = |bytes: &[u8]| matches!(read(bytes, 4), Err(Fault::Malformed(_)));
    assert!(malformed(b""));
    assert!(malformed(b"<html>"));
    assert!(malformed(b"data: [1]\n\n"));
    assert!(malformed(&event(json!({"audio": "0g", "status": 1}))));
    assert!(malformed(&event(json!({"audio": "012", "status": 1}))));
    assert!(malformed(&event(json!({"status": 2}))), "no sound at all");
    assert_eq!(read(&event(json!({"audio": "01020304", "status": 1})), 4), Err(Fault::CutOff));
}

proptest! {
    #[test]
    fn speech_is_the_same_wherever_it_is_cut(
        bytes in prop::collection::vec(any::<u8>(), 4..200), cuts in 1usize..40, size in 1usize..64,
    ) {
        // Four bytes of noise may happen to spell the start of a file.
        prop_assume!(!matches!(&bytes[..2], b"RI" | b"Og" | b"ID" | b"fL" | b"{\"" | b"<h" | b"<!"));
        // Pieces of an odd number of bytes cut samples in two.
        let mut events: Vec<u8> =
            bytes.chunks(cuts).flat_map(|piece| event(json!({"audio": spelled(piece), "status": 1}))).collect();
        events.extend(event(json!({"status": 2})));
        let samples: Vec<i16> = bytes.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
        prop_assert_eq!(read(&events, size), Ok(samples));
    }
}
