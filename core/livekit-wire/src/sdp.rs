//! The few lines of a session description (RFC 8866) by which LiveKit tells tracks apart. Everything else in it is the
//! business of WebRTC.

/// What a section of a description carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels, or anything else.
    Other,
}

/// Which way media goes, seen from whoever wrote the description (RFC 8866 §6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both; what holds where nothing is said.
    #[default]
    SendRecv,
    /// From the writer.
    SendOnly,
    /// To the writer.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the writer sends.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }
}

/// One section ("m-line") of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name (RFC 8843, `a=mid`); empty where it has none.
    pub mid: String,
    /// What it carries.
    pub kind: Kind,
    /// Which way.
    pub direction: Direction,
    /// The stream and the track in it (RFC 8830, `a=msid`). LiveKit's servers write `PA_x|TR_y TR_y` or `PA_x TR_y`: the
    /// participant that sends, and its track; clients write the `cid` of the track that they asked to publish.
    pub msid: Option<(String, String)>,
}

impl Section {
    /// The participant's sid in what a LiveKit server wrote.
    pub fn participant_sid(&self) -> Option<&str> {
        let (stream, _) = self.msid.as_ref()?;
        stream.split('|').next()
    }
}

/// The sections of a description in their order. Lines that make no sense are passed over.
pub fn sections(sdp: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in sdp.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            let kind = match media.split(' ').next() {
                Some("audio") => Kind::Audio,
                Some("video") => Kind::Video,
                _ => Kind::Other,
            };
            sections.push(Section { mid: String::new(), kind, direction: Direction::default(), msid: None });
        } else if let (Some(section), Some(attribute)) = (sections.last_mut(), line.strip_prefix("a=")) {
            section.attribute(attribute);
        }
    }
    sections
}

impl Section {
    fn attribute(&mut self, attribute: &str) {
        match attribute.split_once(':') {
            Some(("mid", mid)) => self.mid = mid.to_owned(),
            Some(("msid", msid)) => self.msid = pair(msid),
            // As descriptions were written before RFC 8830.
            Some(("ssrc", of)) if self.msid.is_none() => {
                self.msid = of.split_once(' ').and_then(|(_, rest)| rest.strip_prefix("msid:")).and_then(pair);
            }
            Some(_) => {}
            None => match attribute {
                "sendrecv" => self.direction = Direction::SendRecv,
                "sendonly" => self.direction = Direction::SendOnly,
                "recvonly" => self.direction = Direction::RecvOnly,
                "inactive" => self.direction = Direction::Inactive,
                _ => {}
            },
        }
    }
}

fn pair(msid: &str) -> Option<(String, String)> {
    let (stream, track) = msid.trim().split_once(' ')?;
    Some((stream.to_owned(), track.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendonly\r\na=msid:PA_x|TR_y TR_y\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=inactive\r\na=ssrc:7 msid:PA_z TR_w\r\n";

    #[test]
    fn sections_and_their_tracks_are_found() {
        let [data, first, second] = &sections(ANSWER)[..] else { panic!("three sections") };
        assert_eq!((data.kind, data.mid.as_str(), &data.msid), (Kind::Other, "0", &None));
        assert_eq!((first.kind, first.direction), (Kind::Audio, Direction::SendOnly));
        assert_eq!(first.participant_sid(), Some("PA_x"));
        assert_eq!(first.msid.as_ref().unwrap().1, "TR_y");
        assert_eq!((second.direction.sends(), second.participant_sid()), (false, Some("PA_z")));
    }

    proptest! {
        #[test]
        fn there_are_as_many_sections_as_lines_that_begin_one(text in "((m=|a=|v=)[a-z:| ]{0,12}\r?\n){0,12}") {
            prop_assert_eq!(sections(&text).len(), text.lines().filter(|l| l.starts_with("m=")).count());
        }

        #[test]
        fn any_text_is_taken(text in ".{0,200}") {
            sections(&text);
        }
    }
}
