//! A participant as a server lists it, for people and for scripts.

use super::{moment, plain, span};
use duologue_livekit_wire::proto::{ParticipantInfo, TrackInfo};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What agents call the attribute that says what they do.
pub(super) const AGENT_STATE: &str = "lk.agent.state";

/// A line about somebody at `now`, in seconds since 1970.
pub(super) fn row(person: &ParticipantInfo, now: u64) -> [String; 7] {
    let tracks: Vec<String> = person.tracks.iter().map(track).collect();
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    [
        plain(&person.identity),
        or_none(plain(&person.name)),
        if is_hidden(person) { format!("{}, hidden", kind(person)) } else { kind(person) },
        state(person),
        or_none(person.attributes.get(AGENT_STATE).map(|state| plain(state)).unwrap_or_default()),
        span(now.saturating_sub(u64::try_from(person.joined_at).unwrap_or(0))),
        or_none(tracks.join(", ")),
    ]
}

/// The same at length.
pub(super) fn as_json(person: &ParticipantInfo) -> Value {
    let track = |track: &TrackInfo| {
        json!({
            "track": track.sid, "name": track.name, "type": word(track.r#type().as_str_name()),
            "source": word(track.source().as_str_name()), "muted": track.muted, "mime_type": track.mime_type,
        })
    };
    let permission = person.permission.clone().unwrap_or_default();
    json!({
        "identity": person.identity, "sid": person.sid, "name": person.name, "kind": kind(person),
        "state": state(person), "joined_at": moment(u64::try_from(person.joined_at).unwrap_or(0)),
        "attributes": person.attributes.iter().collect::<BTreeMap<_, _>>(), "metadata": person.metadata,
        "tracks": person.tracks.iter().map(track).collect::<Vec<_>>(),
        "can_publish": permission.can_publish, "can_subscribe": permission.can_subscribe,
        "can_publish_data": permission.can_publish_data, "hidden": permission.hidden,
    })
}

/// Whether nobody in the room sees it.
pub(super) fn is_hidden(person: &ParticipantInfo) -> bool {
    person.permission.as_ref().is_some_and(|permission| permission.hidden)
}

fn kind(person: &ParticipantInfo) -> String {
    word(person.kind().as_str_name())
}

fn state(person: &ParticipantInfo) -> String {
    word(person.state().as_str_name())
}

fn track(track: &TrackInfo) -> String {
    let source = word(track.source().as_str_name());
    let name = if track.name.is_empty() { String::new() } else { format!(" `{}`", plain(&track.name)) };
    format!("{source}{name}{}", if track.muted { " (muted)" } else { "" })
}

/// A name of an enum as people write it.
fn word(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_livekit_wire::proto::TrackSource;
    use duologue_livekit_wire::proto::participant_info::{Kind, State};

    #[test]
    fn a_participant_fits_on_a_line() {
        let track = |source: TrackSource, name: &str, muted| TrackInfo {
            source: source.into(),
            name: name.into(),
            muted,
            ..Default::default()
        };
        let person = ParticipantInfo {
            identity: "joe".into(),
            kind: Kind::Agent.into(),
            state: State::Active.into(),
            joined_at: 1_000,
            attributes: [(AGENT_STATE.to_owned(), "listening".to_owned())].into(),
            tracks: vec![
                track(TrackSource::Microphone, "voice\n", true),
                track(TrackSource::ScreenShareAudio, "", false),
            ],
            ..Default::default()
        };
        assert_eq!(
            row(&person, 1_090),
            ["joe", "-", "agent", "active", "listening", "90 s", "microphone `voice ` (muted), screen share audio"]
        );
        let json = as_json(&person);
        assert_eq!((json["kind"].as_str(), json["tracks"][0]["source"].as_str()), (Some("agent"), Some("microphone")));
        assert_eq!(json["joined_at"], "1970-01-01T00:16:40Z");
    }
}
