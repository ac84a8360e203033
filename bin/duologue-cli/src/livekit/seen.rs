//! What somebody who watches a room sees, in order, for people and for scripts.

use super::plain;
use duologue_worker::{Kind, Participant, RoomEvent, Text, TextState, Track};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Seen {
    Joined { identity: String, name: String, kind: String, attributes: BTreeMap<String, String> },
    Left { identity: String },
    Published { identity: String, track: String, name: String, audio: bool, muted: bool },
    Unpublished { identity: String, track: String, name: String },
    Muted { identity: String, track: String, muted: bool },
    Attribute { identity: String, attribute: String, value: Option<String> },
    Renamed { identity: String, name: String },
    Metadata { identity: String, metadata: String },
    Speaking { identity: String, level: f32 },
    Text { identity: String, topic: String, text: String, by: String, complete: bool },
    Data { identity: String, topic: Option<String>, bytes: usize, reliable: bool },
    Reconnecting { why: String },
    Reconnected,
    Closed { why: String },
}

/// Remembers who is there, so that changes can be told one by one.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    people: BTreeMap<String, Participant>,
    /// Who speaks.
    loud: BTreeSet<String>,
}

impl Watcher {
    /// What an event shows.
    pub(super) fn see(&mut self, event: RoomEvent) -> Vec<Seen> {
        match event {
            RoomEvent::Joined(new) | RoomEvent::Changed(new) => self.changed(new),
            RoomEvent::Left(gone) => {
                self.people.remove(&gone.sid);
                self.loud.remove(&gone.identity);
                vec![Seen::Left { identity: gone.identity }]
            }
            RoomEvent::Speaking(levels) => {
                levels.into_iter().map(|(identity, level)| Seen::Speaking { identity, level }).collect()
            }
            RoomEvent::Data { from, topic, payload, reliable } => {
                vec![Seen::Data { identity: from, topic, bytes: payload.len(), reliable }]
            }
            RoomEvent::Text(text) => self.text(text).into_iter().collect(),
            RoomEvent::Reconnecting(why) => vec![Seen::Reconnecting { why }],
            RoomEvent::Reconnected { .. } => vec![Seen::Reconnected],
            RoomEvent::Closed(reason) => vec![Seen::Closed { why: reason.to_string() }],
            // Sound is not listened to, and nobody can call who is hidden.
            RoomEvent::Audio(_) | RoomEvent::HeardBy(_) | RoomEvent::Called(_) => Vec::new(),
        }
    }

    /// Whether people are told of it: loudness only as it begins and ends.
    pub(super) fn is_news(&mut self, seen: &Seen) -> bool {
        match seen {
            Seen::Speaking { identity, level } if *level > 0.0 => self.loud.insert(identity.clone()),
            Seen::Speaking { identity, .. } => self.loud.remove(identity),
            _ => true,
        }
    }

    fn changed(&mut self, new: Participant) -> Vec<Seen> {
        let mut seen = Vec::new();
        let identity = || new.identity.clone();
        let old = self.people.insert(new.sid.clone(), new.clone());
        match &old {
            None => seen.push(Seen::Joined {
                identity: identity(),
                name: new.name.clone(),
                kind: kind(new.kind).to_owned(),
                attributes: new.attributes.clone(),
            }),
            Some(old) => {
                if old.name != new.name {
                    seen.push(Seen::Renamed { identity: identity(), name: new.name.clone() });
                }
                if old.metadata != new.metadata {
                    seen.push(Seen::Metadata { identity: identity(), metadata: new.metadata.clone() });
                }
                let names: BTreeSet<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
                for name in names.into_iter().filter(|name| old.attributes.get(*name) != new.attributes.get(*name)) {
                    let value = new.attributes.get(name).cloned();
                    seen.push(Seen::Attribute { identity: identity(), attribute: name.clone(), value });
                }
            }
        }
        seen.extend(tracks(&new.identity, old.map(|old| old.tracks).unwrap_or_default(), &new.tracks));
        seen
    }

    /// Texts that are whole; what a recogniser takes back is not told.
    fn text(&self, text: Text) -> Option<Seen> {
        let passing = text.attributes.get("lk.transcription_final").is_some_and(|is_final| is_final == "false");
        if text.state == TextState::Open || (passing && text.topic == "lk.transcription") {
            return None;
        }
        // An agent also tells what it heard others say.
        let track = text.attributes.get("lk.transcribed_track_id");
        let speaker = self.people.values().find(|p| p.tracks.iter().any(|t| Some(&t.sid) == track));
        let identity = speaker.map_or_else(|| text.from.clone(), |p| p.identity.clone());
        let complete = text.state == TextState::Complete;
        Some(Seen::Text { identity, topic: text.topic, text: text.text, by: text.from, complete })
    }
}

fn tracks(identity: &str, old: Vec<Track>, new: &[Track]) -> Vec<Seen> {
    let identity = || identity.to_owned();
    let gone = |track: &&Track| new.iter().all(|new| new.sid != track.sid);
    let left = old.iter().filter(gone).map(|track| Seen::Unpublished {
        identity: identity(),
        track: track.sid.clone(),
        name: track.name.clone(),
    });
    let changed = new.iter().filter_map(|track| match old.iter().find(|old| old.sid == track.sid) {
        None => Some(Seen::Published {
            identity: identity(),
            track: track.sid.clone(),
            name: track.name.clone(),
            audio: track.audio,
            muted: track.muted,
        }),
        Some(old) if old.muted != track.muted => {
            Some(Seen::Muted { identity: identity(), track: track.sid.clone(), muted: track.muted })
        }
        Some(_) => None,
    });
    left.chain(changed).collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Standard => "standard",
        Kind::Ingress => "ingress",
        Kind::Egress => "egress",
        Kind::Sip => "sip",
        Kind::Agent => "agent",
        Kind::Connector => "connector",
        Kind::Bridge => "bridge",
        Kind::Unknown => "unknown",
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let who = |identity: &str| if identity.is_empty() { "(the server)".to_owned() } else { plain(identity) };
        match self {
            Seen::Joined { identity, name, kind, attributes } => {
                let name =
                    if name.is_empty() || name == identity { String::new() } else { format!("{}, ", plain(name)) };
                write!(f, "{} is here ({name}{kind})", who(identity))?;
                attributes.iter().try_for_each(|(name, value)| write!(f, ", {} = {}", plain(name), plain(value)))
            }
            Seen::Left { identity } => write!(f, "{} has left", who(identity)),
            Seen::Published { identity, name, audio, muted, .. } => {
                let what = if *audio { "sound" } else { "a picture" };
                let muted = if *muted { ", muted" } else { "" };
                write!(f, "{} publishes {what}, `{}`{muted}", who(identity), plain(name))
            }
            Seen::Unpublished { identity, name, .. } => {
                write!(f, "{} no longer publishes `{}`", who(identity), plain(name))
            }
            Seen::Muted { identity, muted: true, .. } => write!(f, "{} is muted", who(identity)),
            Seen::Muted { identity, .. } => write!(f, "{} is no longer muted", who(identity)),
            Seen::Attribute { identity, attribute, value } => {
                let value = value.as_deref().map_or_else(|| "(none)".to_owned(), plain);
                write!(f, "{}: {} = {value}", who(identity), plain(attribute))
            }
            Seen::Renamed { identity, name } => write!(f, "{} is now called {}", who(identity), plain(name)),
            Seen::Metadata { identity, metadata } => write!(f, "{}: metadata = {}", who(identity), plain(metadata)),
            Seen::Speaking { identity, level } if *level > 0.0 => write!(f, "{} speaks ({level:.2})", who(identity)),
            Seen::Speaking { identity, .. } => write!(f, "{} is silent", who(identity)),
            Seen::Text { identity, topic, text, by, complete } => {
                let heard = if by == identity { String::new() } else { format!(", as {} heard it", who(by)) };
                let cut = if *complete { "" } else { " […]" };
                let topic = plain(topic);
                write!(f, "{}: \"{}\"{cut} ({topic}{heard})", who(identity), plain(text))
            }
            Seen::Data { identity, topic, bytes, reliable } => {
                let topic = topic.as_deref().map(|topic| format!(" about `{}`", plain(topic))).unwrap_or_default();
                let lossy = if *reliable { "" } else { ", lossy" };
                write!(f, "{} sends {bytes} bytes{topic}{lossy}", who(identity))
            }
            Seen::Reconnecting { why } => write!(f, "the connection is lost: {}", plain(why)),
            Seen::Reconnected => f.write_str("the connection is back"),
            Seen::Closed { why } => write!(f, "over: {}", plain(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joe(change: impl FnOnce(&mut Participant)) -> Participant {
        let mut joe = Participant {
            sid: "PA_1".into(),
            identity: "joe".into(),
            name: "Joe".into(),
            kind: Kind::Agent,
            attributes: BTreeMap::new(),
            metadata: String::new(),
            tracks: vec![Track { sid: "TR_1".into(), name: "voice".into(), audio: true, muted: false }],
        };
        change(&mut joe);
        joe
    }

    fn told(watcher: &mut Watcher, event: RoomEvent) -> Vec<String> {
        let seen = watcher.see(event);
        seen.into_iter().filter(|seen| watcher.is_news(seen)).map(|seen| seen.to_string()).collect()
    }

    #[test]
    fn changes_are_told_one_by_one() {
        let mut watcher = Watcher::default();
        let mut told = |event| told(&mut watcher, event);
        assert_eq!(told(RoomEvent::Joined(joe(|_| {}))), ["joe is here (Joe, agent)", "joe publishes sound, `voice`"]);
        let thinking = |p: &mut Participant| drop(p.attributes.insert("lk.agent.state".into(), "thinking".into()));
        assert_eq!(told(RoomEvent::Changed(joe(thinking))), ["joe: lk.agent.state = thinking"]);
        assert_eq!(told(RoomEvent::Changed(joe(thinking))), [""; 0]);
        let muted = joe(|p| p.tracks[0].muted = true);
        assert_eq!(told(RoomEvent::Changed(muted)), ["joe: lk.agent.state = (none)", "joe is muted"]);
        assert_eq!(told(RoomEvent::Changed(joe(|p| p.tracks.clear()))), ["joe no longer publishes `voice`"]);
        assert_eq!(told(RoomEvent::Left(joe(|_| {}))), ["joe has left"]);
    }

    #[test]
    fn people_are_told_of_speech_as_it_begins_and_ends() {
        let mut watcher = Watcher::default();
        let mut told = |level| told(&mut watcher, RoomEvent::Speaking(vec![("joe".into(), level)]));
        assert_eq!(told(0.5), ["joe speaks (0.50)"]);
        assert_eq!(told(0.7), [""; 0]);
        assert_eq!(told(0.0), ["joe is silent"]);
    }

    #[test]
    fn what_an_agent_heard_is_told_of_who_said_it_once_it_is_final() {
        let mut watcher = Watcher::default();
        watcher.see(RoomEvent::Joined(joe(|_| {})));
        let text = |is_final: &str, state| Text {
            stream: "s".into(),
            from: "ear".into(),
            topic: "lk.transcription".into(),
            attributes: [("lk.transcription_final", is_final), ("lk.transcribed_track_id", "TR_1")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            text: "Hello\u{1b}[2J".into(),
            state,
        };
        assert_eq!(told(&mut watcher, RoomEvent::Text(text("false", TextState::Complete))), [""; 0]);
        assert_eq!(told(&mut watcher, RoomEvent::Text(text("true", TextState::Open))), [""; 0]);
        assert_eq!(
            told(&mut watcher, RoomEvent::Text(text("true", TextState::Complete))),
            ["joe: \"Hello [2J\" (lk.transcription, as ear heard it)"]
        );
    }

    #[test]
    fn scripts_get_objects() {
        let seen = Seen::Attribute { identity: "joe".into(), attribute: "a".into(), value: None };
        assert_eq!(
            serde_json::to_value(seen).unwrap(),
            serde_json::json!({ "event": "attribute", "identity": "joe", "attribute": "a", "value": null })
        );
    }
}
