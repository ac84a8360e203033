//! What the metadata of a dispatch say to an agent of ours, and what the two tell each other during a conversation.

use duologue_conversation::scenario::{CastScenario, Providers, Side};
use duologue_conversation::{Consumption, Owed};
use duologue_voice::{CloseReason, Event};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Topic of the texts in which an agent reports; each is a [`Report`].
pub(crate) const REPORTS: &str = "duologue.report";
/// Topic of the messages that tell an agent what to do; each is an [`Order`].
pub(crate) const ORDERS: &str = "duologue.order";
/// Attribute by which agents of ours are known.
pub(crate) const OURS: &str = "duologue.version";

/// What a dispatch wants to be played: the value of the key `duologue` in its metadata, which are JSON. All of it may be
/// left out; what it leaves open is as the agent's own file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brief {
    /// Name of a scenario of the library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Which side of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Who plays that side: name of a persona of the library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// A whole scenario with its personas, in place of a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cast: Option<Box<CastScenario>>,
    /// All randomness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Models for each stage.
    pub providers: Providers,
    /// The voice, in the words of its provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Lines for the provider `scripted`: the text of a dialogue file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<String>,
    /// Who leads the conversation, where somebody does: the agent begins and ends as it is told, and reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conductor: Option<Conductor>,
}

/// Who leads a conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conductor {
    /// Who it is in the room.
    pub identity: String,
    /// By which both know each other's messages: nobody else in the room has it.
    pub key: String,
}

impl std::fmt::Debug for Conductor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conductor").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// Why metadata are no brief.
#[derive(Debug, thiserror::Error)]
#[error("the dispatch's metadata say nothing that this version understands: {0}")]
pub struct BriefError(#[from] serde_json::Error);

#[derive(Serialize, Deserialize)]
struct Metadata {
    duologue: Brief,
}

impl Brief {
    /// The brief in the metadata of a dispatch; `None` where they are somebody else's.
    ///
    /// # Errors
    /// There is one, and it is wrong.
    pub fn read(metadata: &str) -> Result<Option<Brief>, BriefError> {
        match serde_json::from_str::<BTreeMap<String, Value>>(metadata) {
            Ok(mut all) => Ok(all.remove("duologue").map(serde_json::from_value).transpose()?),
            Err(_) => Ok(None),
        }
    }

    /// Metadata with it.
    pub fn write(self) -> String {
        serde_json::to_string(&Metadata { duologue: self }).unwrap_or_default()
    }
}

/// What an agent tells whoever leads its conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// [`Conductor::key`].
    pub(crate) key: String,
    /// When, in microseconds since 1970 by the agent's clock.
    pub(crate) at_us: u64,
    pub(crate) told: Told,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// Its models are ready: it can start.
    Ready { models: BTreeMap<String, String>, voice: String },
    /// Sound of somebody comes to it.
    Hears { identity: String },
    /// Something happened in its session.
    Event(Event),
    /// That was the last event.
    Over { consumed: Consumption, owed: Option<Owed> },
}

/// What an agent is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// [`Conductor::key`].
    pub(crate) key: String,
    pub(crate) wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// Both are there.
    Start,
    /// The other one hung up.
    PeerLeft,
    /// It is over.
    End(CloseReason),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_metadata_are_no_brief() {
        for foreign in ["", "hello", "7", "[]", "{}", r#"{"user": "x"}"#] {
            assert!(Brief::read(foreign).expect("nothing wrong").is_none(), "{foreign}");
        }
    }

    #[test]
    fn a_brief_survives_its_journey_and_what_is_wrong_with_one_is_told() {
        let conductor = Conductor { identity: "recorder".into(), key: "secret".into() };
        let brief =
            Brief { side: Some(Side::Customer), seed: Some(7), conductor: Some(conductor.clone()), ..Brief::default() };
        let read = Brief::read(&brief.write()).expect("right").expect("there");
        assert_eq!((read.side, read.seed, read.conductor.as_ref()), (Some(Side::Customer), Some(7), Some(&conductor)));
        assert!(!format!("{read:?}").contains("secret"));
        let wrong = Brief::read(r#"{"duologue": {"sid": "support"}}"#).unwrap_err().to_string();
        assert!(wrong.contains("`sid`"), "{wrong}");
    }
}
