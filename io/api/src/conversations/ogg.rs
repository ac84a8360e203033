//! Pages of an Ogg file (RFC 3533 §6), found without decoding: enough to send whole ones, and to know how long it is.

/// Bytes of a page's header without its table of segments.
const HEADER: usize = 27;
/// Bytes of a page at most: header, 255 segments of 255 bytes.
pub(super) const PAGE_MAX: usize = HEADER + 255 + 255 * 255;
/// Samples per second in which Opus counts (RFC 7845 §4).
const RATE: f64 = 48_000.0;
/// What players skip at the beginning of a file of ours.
const PRE_SKIP: i64 = duologue_media::PRE_SKIP as i64;

/// Where a page ends, and up to when it sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Page {
    /// Its length, bytes.
    pub(super) length: usize,
    /// Seconds of sound until its end; 0 for the two that hold headers.
    pub(super) until_s: f64,
}

/// The page at the beginning of `bytes`; `None` where none begins there or not all of it is there.
pub(super) fn page(bytes: &[u8]) -> Option<Page> {
    let header = bytes.get(..HEADER).filter(|header| header.starts_with(b"OggS\0"))?;
    let granule = i64::from_le_bytes(header.get(6..14)?.try_into().ok()?);
    let segments = usize::from(*header.get(26)?);
    let table = bytes.get(HEADER..HEADER + segments)?;
    let length = HEADER + segments + table.iter().map(|s| usize::from(*s)).sum::<usize>();
    let until_s = granule.saturating_sub(PRE_SKIP).max(0) as f64 / RATE;
    (bytes.len() >= length).then_some(Page { length, until_s })
}

/// Until when the last whole page in the end of a file sounds.
pub(super) fn last_page_until_s(tail: &[u8]) -> Option<f64> {
    let mut begins = (0..tail.len().saturating_sub(HEADER - 1)).rev();
    // A page that only looks like one, within another's sound, would have to end where the file does.
    begins.find_map(|at| page(tail.get(at..)?)).map(|page| page.until_s)
}

/// A recording, page after page as a listener follows it, and from its end: what is found lies within the bytes.
#[cfg(feature = "fuzzing")]
pub fn pages(data: &[u8]) {
    let mut rest = data;
    while let Some(found) = page(rest) {
        assert!((HEADER..=PAGE_MAX).contains(&found.length) && found.until_s >= 0.0);
        rest = &rest[found.length..];
    }
    assert!(last_page_until_s(data).is_none_or(|until_s| until_s >= 0.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(granule: i64, body: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(granule.to_le_bytes());
        page.extend([0; 12]);
        page.push(1);
        page.push(u8::try_from(body.len()).unwrap());
        page.extend(body);
        page
    }

    #[test]
    fn a_page_tells_its_length_and_its_time() {
        let whole = made(48_000 + PRE_SKIP, b"sound");
        assert_eq!(page(&whole), Some(Page { length: whole.len(), until_s: 1.0 }));
        assert_eq!(page(&whole[..whole.len() - 1]), None);
        assert_eq!(page(b"no page at all, though long enough for one"), None);
        let file = [made(0, b"head"), whole.clone(), made(96_000 + PRE_SKIP, b"cut off")].concat();
        assert_eq!(last_page_until_s(&file), Some(2.0));
        assert_eq!(last_page_until_s(&file[..file.len() - 1]), Some(1.0));
        assert_eq!(last_page_until_s(b"OggS"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_page_within_them_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..400), ogg in any::<bool>()) {
            let mut bytes = bytes;
            if ogg && bytes.len() > 5 {
                bytes[..5].copy_from_slice(b"OggS\0");
            }
            if let Some(page) = page(&bytes) {
                prop_assert!(page.length <= bytes.len() && page.length >= HEADER && page.until_s >= 0.0);
            }
            last_page_until_s(&bytes);
        }
    }
}
