//! What the engine below leaves to be said in a description: whose track a section carries.

use duologue_rtc::sections;

/// What a section of a description is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Nothing else than it does.
    AsItIs,
    /// That it carries this: stream and track (RFC 8830).
    Carries(String, String),
    /// That it carries nothing.
    Inactive,
}

/// `sdp` in which each section, known by its `a=mid`, says what it is to say.
pub(crate) fn rewritten(sdp: &str, says: impl Fn(&str) -> Says) -> String {
    let mut text = String::with_capacity(sdp.len() + 64);
    for section in sections(sdp) {
        let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).map(str::trim_end);
        match mid.filter(|_| section.starts_with("m=")).map_or(Says::AsItIs, &says) {
            Says::AsItIs => text.push_str(section),
            Says::Carries(stream, track) => carries(section, &stream, &track, &mut text),
            Says::Inactive => inactive(section, &mut text),
        }
    }
    text
}

fn carries(section: &str, stream: &str, track: &str, text: &mut String) {
    for line in section.split_inclusive('\n') {
        if line.starts_with("a=msid:") || (line.starts_with("a=ssrc:") && line.contains(" msid:")) {
            continue;
        }
        text.push_str(line);
        if line.starts_with("a=mid:") {
            text.push_str(&format!("a=msid:{stream} {track}\r\n"));
        }
    }
}

fn inactive(section: &str, text: &mut String) {
    for line in section.split_inclusive('\n') {
        match line.trim_end() {
            "a=sendonly" | "a=sendrecv" | "a=recvonly" => text.push_str("a=inactive\r\n"),
            other if ["a=msid:", "a=ssrc:", "a=ssrc-group:"].iter().any(|start| other.starts_with(start)) => {}
            _ => text.push_str(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_livekit_wire::sdp;
    use proptest::prelude::*;

    const ANSWER: &str = "v=0\r\na=group:BUNDLE 0 1 2\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=msid:x y\r\na=sendonly\r\na=ssrc:7 cname:z\r\na=ssrc:7 msid:x y\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=msid:x z\r\na=sendonly\r\na=ssrc:8 cname:z\r\n";

    #[test]
    fn a_section_says_what_it_carries_or_nothing() {
        let told = rewritten(ANSWER, |mid| match mid {
            "1" => Says::Carries("PA_a|TR_b".into(), "TR_b".into()),
            "2" => Says::Inactive,
            _ => Says::AsItIs,
        });
        let [data, first, second] = &sdp::sections(&told)[..] else { panic!("three sections") };
        assert_eq!(data.mid, "0");
        assert_eq!((first.participant_sid(), first.direction), (Some("PA_a"), sdp::Direction::SendOnly));
        assert_eq!(first.msid.as_ref().unwrap().1, "TR_b");
        assert_eq!((&second.msid, second.direction), (&None, sdp::Direction::Inactive));
        assert!(told.contains("a=ssrc:7 cname:z") && !told.contains("a=ssrc:7 msid") && !told.contains("a=ssrc:8"));
    }

    proptest! {
        #[test]
        fn what_is_to_stay_stays(text in "((m=|a=mid:|a=msid:|a=ssrc:|v=)[a-z0-9 ]{0,9}\r?\n){0,9}", rest in "\\PC{0,9}") {
            let text = text + &rest;
            prop_assert_eq!(rewritten(&text, |_| Says::AsItIs), text.clone());
            prop_assert_eq!(sdp::sections(&rewritten(&text, |_| Says::Inactive)).len(), sdp::sections(&text).len());
        }
    }
}
