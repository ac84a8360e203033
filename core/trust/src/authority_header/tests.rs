use super::*;
use proptest::prelude::*;

const START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
    frame.extend(payload);
    frame
}

fn pushed(bytes: &[u8], piece: usize) -> Result<Vec<u8>, Unreadable> {
    let (mut plain, mut out) = (PlainAuthority::default(), Vec::new());
    bytes.chunks(piece).try_for_each(|piece| plain.push(piece, &mut out)).map(|()| out)
}

fn request(block: &[u8]) -> Vec<u8> {
    [START, &frame(4, 0, &[]), &frame(HEADERS, END_HEADERS, block), &frame(0, 1, b"a/b%2F")].concat()
}

/// `:method: POST`, `:scheme: http`, `:path: /S/M` by its name in the table.
const OTHERS: &[u8] = &[0x83, 0x86, 0x44, 4, b'/', b'S', b'/', b'M'];

#[test]
fn only_the_authority_changes() {
    let socket = b"tmp%2Frun%2Fwl.sock";
    let value = [&[u8::try_from(socket.len()).expect("short")][..], socket].concat();
    for name in [&[0x41][..], &[0x01], &[0x11], b"\x40\x0a:authority", b"\x00\x0a:authority"] {
        let block = [OTHERS, name, &value, b"\x40\x01x\x03a/b"].concat();
        let rewritten = [OTHERS, name, &[19], b"tmp-2Frun-2Fwl.sock", b"\x40\x01x\x03a/b"].concat();
        assert_eq!(pushed(&request(&block), 1), Ok(request(&rewritten)), "{name:?}");
    }
}

#[test]
fn a_huffman_coded_authority_changes_too() {
    // "a/%b": 00011 011000 010101 100011, padded with ones.
    let coded = [0b0001_1011, 0b0000_1010, 0b1100_0111];
    // "a--b": 00011 010110 010110 100011.
    let expected = [0b0001_1010, 0b1100_1011, 0b0100_0111];
    let block = |value: &[u8]| [OTHERS, &[0x41, 0x83], value].concat();
    assert_eq!(pushed(&request(&block(&coded)), 3), Ok(request(&block(&expected))));
}

#[test]
fn padding_priority_and_continuations_are_seen_through() {
    let (first, second) = (b"\x41\x07a%2".to_vec(), b"F/bc".to_vec());
    let padded = [&[3][..], &[0, 0, 0, 0, 16], &first, &[0, 0, 0]].concat();
    let frames = |padded: &[u8], rest: &[u8]| {
        [START, &frame(HEADERS, PADDED | PRIORITY, padded), &frame(CONTINUATION, END_HEADERS, rest)].concat()
    };
    let expected = [&[3][..], &[0, 0, 0, 0, 16], b"\x41\x07a-2", &[0, 0, 0]].concat();
    assert_eq!(pushed(&frames(&padded, &second), 5), Ok(frames(&expected, b"F-bc")));
}

#[test]
fn what_is_hostile_ends_the_connection() {
    let interrupted = [START, &frame(HEADERS, 0, OTHERS), &frame(0, 0, b"data")].concat();
    assert_eq!(pushed(&interrupted, 7), Err(Unreadable::Interrupted));
    let endless = [&frame(HEADERS, 0, OTHERS)[..], &frame(CONTINUATION, 0, &[0; 16_384]).repeat(9)].concat();
    assert_eq!(pushed(&[START, &endless].concat(), 4_096), Err(Unreadable::TooLong));
    let announced = [START, &[0xff, 0xff, 0xff, HEADERS, END_HEADERS, 0, 0, 0, 1]].concat();
    assert_eq!(pushed(&announced, 100), Err(Unreadable::TooLong), "it is not waited for");
}

#[test]
fn a_block_that_is_not_well_formed_stays_as_it_is() {
    for block in [&b"\x41\x7f\xff\xff\xff\xff\xff\xff"[..], b"\x41\x20a%2F", b"\x41\x03a%", b"\x7f"] {
        assert_eq!(pushed(&request(block), 4), Ok(request(block)));
    }
    let overlong_padding = [START, &frame(HEADERS, PADDED | END_HEADERS, &[200, 0x41, 1, b'/'])].concat();
    assert_eq!(pushed(&overlong_padding, 4), Ok(overlong_padding));
}

proptest! {
    #[test]
    fn any_bytes_pass_with_their_lengths_however_they_are_cut(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 1usize..50,
    ) {
        let all = [START, &bytes].concat();
        if let Ok(out) = pushed(&all, cut) {
            prop_assert!(out.len() <= all.len());
            prop_assert_eq!(&out, &pushed(&all, all.len()).expect("the same"));
        }
    }

    #[test]
    fn frames_pass_whole(
        kinds in proptest::collection::vec((0u8..12, proptest::collection::vec(any::<u8>(), 0..60)), 0..12), cut in 1usize..99,
    ) {
        let mut all = START.to_vec();
        let mut heads = Vec::new();
        for (kind, payload) in &kinds {
            let kind = if *kind == CONTINUATION { 0 } else { *kind };
            heads.push(all.len());
            all.extend(frame(kind, if kind == HEADERS { END_HEADERS } else { 0 }, payload));
        }
        let out = pushed(&all, cut).expect("frames in order");
        prop_assert_eq!(out.len(), all.len(), "nothing is held back");
        for head in heads {
            prop_assert_eq!(&out[head..head + FRAME_HEAD], &all[head..head + FRAME_HEAD]);
        }
    }
}
