use super::ReplayError;
use super::memory::{Account, Told};
use crate::stage::{apply, vad};
use crate::suite::{Sound, TurnSettings};
use duologue_conversation::report::SCRIPTED_CALLER;
use duologue_conversation::scenario::{CastScenario, Side};
use duologue_conversation::{names, session_config};
use duologue_ids::Seed;
use duologue_media::{Vad, decode_ogg_opus};
use duologue_voice::{Event, HEARING_RATE, SessionConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// With what a simulated conversation was held, beside its files: a live one has none.
const HELD_WITH: &str = "held-with.json";
/// Times later than this belong to no conversation.
const LONGEST_S: f64 = 86_400.0;
/// How long after its last sound a recording may still have events.
const AFTER: Duration = Duration::from_secs(10);

/// What a suite says about how its agents hear and take turns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeldWith {
    pub(crate) sound: Sound,
    pub(crate) turns: TurnSettings,
}

/// Keeps it in the folder of a conversation.
pub(crate) fn write_held_with(folder: &Path, held_with: &HeldWith) -> std::io::Result<()> {
    std::fs::write(folder.join(HELD_WITH), serde_json::to_vec_pretty(held_with)?)
}

/// A conversation that was kept, from where one side sits.
#[derive(Debug)]
pub struct Recording {
    side: Side,
    config: SessionConfig,
    held_with: Option<HeldWith>,
    heard: Vec<i16>,
    own: Vec<i16>,
    account: Account,
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    t: f64,
    side: Side,
    #[serde(flatten)]
    event: Event,
}

/// What of `summary.json` is needed here.
#[derive(Deserialize)]
struct Held {
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    agents: Vec<HeldAgent>,
}

#[derive(Deserialize)]
struct HeldAgent {
    side: Side,
    #[serde(default)]
    models: std::collections::BTreeMap<String, String>,
}

impl Recording {
    /// Reads the folder of a conversation. What is torn is left out and told by [`Recording::notes`]. Blocks on the disk.
    ///
    /// # Errors
    /// What can't be done without is missing: the scenario, the events of that side, the other side's voice.
    pub fn read(folder: &Path, side: Side) -> Result<Recording, ReplayError> {
        let cast: CastScenario =
            json(&folder.join(names::SCENARIO), "without the scenario nothing says what that side was told to do")?;
        let mut notes = Vec::new();
        let held = json::<Held>(&folder.join(names::SUMMARY), "").unwrap_or_else(|e| {
            notes.push(format!("Its seed is not known, so what is left to chance may differ. {}", first_line(&e)));
            Held { seed: 0, agents: Vec::new() }
        });
        let is_script = |a: &HeldAgent| a.side == side && a.models.get("llm").is_some_and(|m| m == SCRIPTED_CALLER);
        if held.agents.iter().any(is_script) {
            return Err(ReplayError::Scripted { side });
        }
        if held.agents.iter().any(|a| a.side == side && a.models.contains_key("realtime")) {
            return Err(ReplayError::Realtime { side });
        }
        let held_with = folder.join(HELD_WITH);
        let held_with: Option<HeldWith> = if held_with.is_file() {
            let help = "without it nothing says how that side took turns; `duologue simulate` makes it again";
            Some(json(&held_with, help)?)
        } else {
            None
        };
        let mut config = session_config(&cast, side, Seed(held.seed), None);
        // The recording's rate, so that what was played then is played again sample by sample.
        config.output_rate = HEARING_RATE;
        if let Some(held_with) = held_with {
            apply(&held_with.turns, &mut config);
        }
        let account = Account::of(events(folder, side, &mut notes)?, &config);
        let heard = voice(folder, side.other())
            .ok_or_else(|| ReplayError::NoSound { folder: folder.into(), side: side.other() })?;
        let own = voice(folder, side).unwrap_or_else(|| {
            notes.push(format!("There is no recording of the {side}: its own voice is silence here."));
            Vec::new()
        });
        Ok(Recording { side, config, held_with, heard, own, account, notes })
    }

    /// How that side took turns then, where it was not as the product does by itself.
    pub fn turns(&self) -> TurnSettings {
        self.held_with.map(|h| h.turns).unwrap_or_default()
    }

    /// What is missing or torn, in sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn config(&self) -> &SessionConfig {
        &self.config
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The other side's voice, mono at [`HEARING_RATE`].
    pub(crate) fn heard(&self) -> &[i16] {
        &self.heard
    }

    /// This side's.
    pub(crate) fn own(&self) -> &[i16] {
        &self.own
    }

    /// What decides what is speech: that of live calls where nothing says otherwise.
    pub(crate) fn vad(&self) -> Option<Box<dyn Vad>> {
        self.held_with.map(|h| vad(h.sound))
    }

    /// When nothing follows any more.
    pub(crate) fn length(&self) -> Duration {
        let sound = Duration::from_secs_f64(self.heard.len().max(self.own.len()) as f64 / f64::from(HEARING_RATE));
        Duration::from_secs_f64(self.account.length_s()).min(sound + AFTER)
    }
}

fn first_line(error: &ReplayError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned() + "."
}

fn json<T: DeserializeOwned>(path: &Path, help: &'static str) -> Result<T, ReplayError> {
    let unreadable = |why: String| ReplayError::Unreadable { path: path.into(), why, help };
    let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))
}

/// What the side reported, oldest first.
fn events(folder: &Path, side: Side, notes: &mut Vec<String>) -> Result<Vec<Told>, ReplayError> {
    let path = folder.join(names::EVENTS);
    let bytes = std::fs::read(&path).map_err(|e| ReplayError::Unreadable {
        path: path.clone(),
        why: e.to_string(),
        help: "without the events nothing says what was decided then",
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let (mut told, mut torn) = (Vec::new(), 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str::<Line>(line) {
            Ok(line) if (0.0..=LONGEST_S).contains(&line.t) => {
                if line.side == side {
                    told.push(Told { at: line.t, event: line.event });
                }
            }
            _ => torn += 1,
        }
    }
    if torn > 0 {
        notes.push(format!("{} of {} can't be read and are left out.", counted(torn), names::EVENTS));
    }
    if told.is_empty() {
        return Err(ReplayError::Nothing { path, side });
    }
    told.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(told)
}

fn counted(lines: usize) -> String {
    duologue_conversation::counted(lines, "line")
}

/// One voice: its own track, or its channel of both.
fn voice(folder: &Path, side: Side) -> Option<Vec<i16>> {
    let read = |name: &str, channel: usize| {
        let bytes = std::fs::read(folder.join(name)).ok()?;
        let decoded = decode_ogg_opus(&bytes, HEARING_RATE).ok()?;
        decoded.samples.into_iter().nth(channel).filter(|samples| !samples.is_empty())
    };
    read(&names::track(side), 0).or_else(|| read(names::STEREO, duologue_conversation::index(side)))
}
