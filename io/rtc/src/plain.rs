//! Sections for a track that repeats nothing. The engine puts redundancy first into every section that could have it,
//! and a LiveKit server takes the first coding of a section for the one that will come.

/// `sdp` without redundancy (RFC 2198) in the sections with these names.
pub(crate) fn without_redundancy(sdp: &str, plain: impl Fn(&str) -> bool) -> String {
    let mut text = String::with_capacity(sdp.len());
    for section in sections(sdp) {
        let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:"));
        let red = section.lines().find_map(redundant);
        match (mid, red) {
            (Some(mid), Some(red)) if plain(mid) => strip(section, red, &mut text),
            _ => text.push_str(section),
        }
    }
    text
}

/// The head of a session description, and each of its sections, as they stand.
pub fn sections(sdp: &str) -> impl Iterator<Item = &str> {
    let mut rest = sdp;
    std::iter::from_fn(move || {
        let end = rest.find("\nm=").map_or(rest.len(), |at| at + 1);
        let (section, after) = rest.split_at(end);
        rest = after;
        (!section.is_empty()).then_some(section)
    })
}

/// The payload type that a line gives to redundancy.
fn redundant(line: &str) -> Option<&str> {
    let (number, name) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
    name.starts_with("red/").then_some(number)
}

fn strip(section: &str, red: &str, text: &mut String) {
    for line in section.split_inclusive('\n') {
        if line.starts_with("m=") {
            let kept: Vec<&str> =
                line.trim_end().split(' ').enumerate().filter(|(at, w)| *at < 3 || *w != red).map(|(_, w)| w).collect();
            text.push_str(&kept.join(" "));
            text.push_str("\r\n");
            continue;
        }
        let about = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().find_map(|name| line.strip_prefix(name));
        if about.and_then(|rest| rest.split(' ').next()) != Some(red) {
            text.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\na=group:BUNDLE a b\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
        m=audio 63 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:b\r\na=rtpmap:63 red/48000/2\r\na=fmtp:111 minptime=10\r\na=fmtp:63 111/111\r\n";

    #[test]
    fn redundancy_goes_from_the_sections_named() {
        let plain = without_redundancy(OFFER, |mid| mid == "b");
        let (kept, stripped) = plain.split_at(plain.rfind("m=audio").unwrap());
        assert!(OFFER.starts_with(kept));
        assert_eq!(stripped, "m=audio 63 UDP/TLS/RTP/SAVPF 111\r\na=mid:b\r\na=fmtp:111 minptime=10\r\n");
    }

    proptest! {
        #[test]
        fn a_description_without_such_sections_stays_as_it_is(text in "((m=|a=mid:|a=rtpmap:63 red/|v=)[a-z0-9 ]{0,9}\r?\n){0,9}", rest in "\\PC{0,9}") {
            let text = text + &rest;
            prop_assert_eq!(without_redundancy(&text, |_| false), text);
        }
    }
}
