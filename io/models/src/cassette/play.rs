use super::asked::{self, differences, hash};
use super::file::{Answer, Cassette, End, Exchange, Recorded, Stage};
use crate::{ModelError, ModelErrorKind, SpeechRequest, SpokenAudio, TranscribeRequest, Transcript};
use duologue_chat::{ChatDelta, ChatRequest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most differences that an error names.
const DIFFERENCES_MAX: usize = 3;

/// Finds answers by request: plain data with delays, no clock.
#[derive(Clone, Debug)]
pub struct Player {
    cassette: Cassette,
    /// By lane, stage and hash: where the answers are, whole ones first, and how many were given.
    index: BTreeMap<(String, Stage, String), (Vec<usize>, usize)>,
    used: Vec<bool>,
}

/// A request that is not on the cassette.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotRecorded {
    path: PathBuf,
    lane: String,
    stage: Stage,
    /// The line of the nearest request, and where it differs.
    nearest: Option<(usize, Vec<String>)>,
}

impl std::fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let NotRecorded { path, lane, stage, nearest } = self;
        write!(f, "{}: this request of {lane} ({stage}) is not on the cassette", path.display())?;
        match nearest {
            None => write!(f, ", and none like it"),
            Some((line, places)) => {
                let more = places.len().saturating_sub(DIFFERENCES_MAX);
                let named: Vec<&str> = places.iter().take(DIFFERENCES_MAX).map(String::as_str).collect();
                write!(f, "; the nearest is line {line}, which differs in {}", named.join(", "))?;
                if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
        }
    }
}

impl From<NotRecorded> for ModelError {
    fn from(missing: NotRecorded) -> ModelError {
        ModelError {
            provider: "cassette".into(),
            kind: ModelErrorKind::Rejected,
            given_up: false,
            message: missing.to_string(),
            help: "replay the same scenario with the same version, or record again".into(),
        }
    }
}

impl Player {
    /// Plays from the beginning.
    pub fn new(cassette: Cassette) -> Player {
        let mut index: BTreeMap<_, (Vec<usize>, usize)> = BTreeMap::new();
        for (i, e) in cassette.exchanges.iter().enumerate() {
            index.entry((e.lane.clone(), e.stage, hash(&e.asked))).or_default().0.push(i);
        }
        for (places, _) in index.values_mut() {
            // Stable: the order of the recording stays.
            places.sort_by_key(|i| was_cancelled(&cassette.exchanges[*i]));
            let whole = places.iter().filter(|i| !was_cancelled(&cassette.exchanges[**i])).count();
            places.truncate(whole.max(1));
        }
        let used = vec![false; cassette.exchanges.len()];
        Player { cassette, index, used }
    }

    /// What is played.
    pub fn cassette(&self) -> &Cassette {
        &self.cassette
    }

    /// What the language model of a lane answered.
    ///
    /// # Errors
    /// [`NotRecorded`], with the nearest request that is there.
    pub fn chat(&mut self, lane: &str, request: &ChatRequest) -> Result<Recorded<ChatDelta>, NotRecorded> {
        let asked = asked::chat(self.model(lane, Stage::Llm), request);
        let at = self.find(lane, Stage::Llm, &asked)?;
        match &self.cassette.exchanges[at].answer {
            Answer::Chat(recorded) => Ok(recorded.clone()),
            _ => Err(self.missing(lane, Stage::Llm, &asked)),
        }
    }

    /// How the voice of a lane said it.
    ///
    /// # Errors
    /// [`NotRecorded`], with the nearest request that is there.
    pub fn speak(&mut self, lane: &str, request: &SpeechRequest) -> Result<Recorded<SpokenAudio>, NotRecorded> {
        let asked = asked::text(self.model(lane, Stage::Tts), request);
        let at = self.find(lane, Stage::Tts, &asked)?;
        match &self.cassette.exchanges[at].answer {
            Answer::Speech(recorded) => Ok(recorded.clone()),
            _ => Err(self.missing(lane, Stage::Tts, &asked)),
        }
    }

    /// What the recogniser of a lane understood; of the next utterance of about the same length where this very sound was
    /// not recorded.
    ///
    /// # Errors
    /// [`NotRecorded`], with the nearest request that is there.
    pub fn transcribe(&mut self, lane: &str, r: &TranscribeRequest) -> Result<Recorded<Transcript>, NotRecorded> {
        let asked = asked::sound(self.model(lane, Stage::Stt), r);
        let at = match self.find(lane, Stage::Stt, &asked) {
            Ok(at) => at,
            Err(missing) => self.next_of_length(lane, r.audio.len()).ok_or(missing)?,
        };
        self.used[at] = true;
        match &self.cassette.exchanges[at].answer {
            Answer::Transcript(recorded) => Ok(recorded.clone()),
            _ => Err(self.missing(lane, Stage::Stt, &asked)),
        }
    }

    fn model(&self, lane: &str, stage: Stage) -> &str {
        self.cassette.models.get(lane).and_then(|stages| stages.get(&stage)).map_or("", String::as_str)
    }

    fn find(&mut self, lane: &str, stage: Stage, asked: &Value) -> Result<usize, NotRecorded> {
        let key = (lane.to_string(), stage, hash(asked));
        if let Some((places, given)) = self.index.get_mut(&key)
            && let Some(at) = places.get(*given).or(places.last())
        {
            *given += 1;
            return Ok(*at);
        }
        Err(self.missing(lane, stage, asked))
    }

    /// Within a quarter, or a third of a second.
    fn next_of_length(&self, lane: &str, samples: usize) -> Option<usize> {
        const THIRD_OF_A_SECOND: u64 = 16_000 / 3;
        let wanted = samples as u64;
        let exchanges = self.cassette.exchanges.iter().enumerate();
        let mut unused = exchanges.filter(|(i, e)| !self.used[*i] && e.stage == Stage::Stt && e.lane == lane);
        let alike = unused.find(|(_, e)| {
            let length = e.asked["samples"].as_u64().unwrap_or(0);
            !was_cancelled(e) && length.abs_diff(wanted) <= (wanted / 4).max(THIRD_OF_A_SECOND)
        });
        alike.map(|(i, _)| i)
    }

    fn missing(&self, lane: &str, stage: Stage, asked: &Value) -> NotRecorded {
        let exchanges = self.cassette.exchanges.iter().enumerate();
        let like = exchanges.filter(|(_, e)| e.stage == stage && e.lane == lane);
        // The first line is the head.
        let compared = like.map(|(i, e)| (i + 2, differences(&e.asked, asked)));
        let nearest = compared.min_by_key(|(_, differences)| differences.len());
        NotRecorded { path: self.cassette.path.clone(), lane: lane.into(), stage, nearest }
    }
}

fn was_cancelled(exchange: &Exchange) -> bool {
    let end = match &exchange.answer {
        Answer::Chat(r) => &r.end,
        Answer::Speech(r) => &r.end,
        Answer::Transcript(r) => &r.end,
    };
    matches!(end, End::Cancelled(_))
}
