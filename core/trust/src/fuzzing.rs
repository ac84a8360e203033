//! What the fuzz targets feed with any bytes.

use crate::Moment;
use crate::authority_header::PlainAuthority;
use crate::document::Document;
use crate::jwt::Parts;

/// What a client sends over a socket, in pieces: nothing is added, lost or moved, it is the same however it is cut, and only bytes of
/// headers change.
pub fn authority_header(data: &[u8]) {
    let (piece, bytes) = data.split_first().map_or((1, data), |(first, rest)| (usize::from(*first) + 1, rest));
    let pushed = |piece: usize| {
        let (mut plain, mut out) = (PlainAuthority::default(), Vec::new());
        let refused = bytes.chunks(piece).try_for_each(|piece| plain.push(piece, &mut out)).err();
        (out, refused)
    };
    let (out, refused) = pushed(piece);
    assert_eq!((&out, refused), (&pushed(bytes.len().max(1)).0, pushed(bytes.len().max(1)).1));
    assert!(out.len() <= bytes.len());
    // What a server reads a second time has nothing left to change.
    let mut again = Vec::new();
    let outcome = PlainAuthority::default().push(&out, &mut again);
    assert!(outcome.is_err() || again == out[..again.len()]);
}

/// A trust domain's bundle: what is read is written such that it reads the same.
pub fn bundle_document(data: &[u8]) {
    if let Ok(document) = Document::read(data) {
        let written = document.write_jwt();
        let again = Document::read(written.as_bytes()).map(|again| again.jwt);
        assert_eq!(again, Ok(document.jwt));
    }
}

/// A JWT-SVID by a stranger.
pub fn jwt_svid(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(parts) = Parts::of(&text) {
        assert!(text.as_bytes().starts_with(parts.signed));
        // Whatever it says of its times.
        let _ = parts.claims.check("worker", Moment::from_secs(data.len() as u64));
    }
}
