//! Which provider serves each stage of a side.

use crate::remote::{Remote, Server};
use crate::settings::Settings;
use duologue_conversation::scenario::{self, CastScenario, Side};
use duologue_ids::Redacted;
use duologue_models::cassette;
use duologue_models::cassette::Models as TapedModels;
use duologue_models::scripted::{Dialogue, DialogueError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// A stage of the pipeline, as settings name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Speech to text.
    Stt,
    /// Language model.
    Llm,
    /// Text to speech.
    Tts,
}

impl Stage {
    /// `stt`, `llm` or `tts`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Stt => "stt",
            Stage::Llm => "llm",
            Stage::Tts => "tts",
        }
    }
}

/// Which model serves a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One that runs on this machine.
    Local,
    /// Lines of a file, and speech that is a code: for tests.
    Scripted,
    /// One that is reached over the network.
    Remote(RemoteChoice),
}

/// A model at a provider, or at any server that speaks its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteChoice {
    /// Whose protocol it speaks.
    pub remote: &'static Remote,
    /// The model; else the one that the provider's row names.
    pub model: Option<String>,
    /// An address other than the configured one.
    pub base_url: Option<String>,
    /// The variable that holds the key for it.
    pub key_variable: Option<String>,
    /// Written in a scenario, which may come from anybody.
    pub foreign: bool,
}

/// How providers are written.
pub(crate) const FORMS: &str = "`local`, `scripted`, or PROVIDER, PROVIDER/MODEL, PROVIDER/MODEL@URL#KEY_VARIABLE \
     with `openai`, `openai-realtime`, `deepgram`, `elevenlabs`, `minimax`, `anthropic` or `gemini`";

/// Why a side has not the models that somebody wants.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// No provider is called so.
    #[error("`{0}` is no provider\n  help: it is {FORMS}")]
    Unknown(String),
    /// The provider has others; its name, the stage, what it has.
    #[error("`{0}` has no models for `{1}`\n  help: it has them for {2}")]
    NoSuchStage(&'static str, &'static str, String),
    /// A provider wants a key.
    #[error(
        "no key for {provider} ({stage} of the {side}): {variables} is not set in the environment, in .env.local or in .env"
    )]
    NoKey {
        /// Which.
        provider: &'static str,
        /// For which stage.
        stage: &'static str,
        /// Of which side.
        side: &'static str,
        /// Where it is looked for.
        variables: String,
    },
    /// A scenario sends a key to where nobody has allowed it to go.
    #[error(
        "the scenario wants to send the key in {variable} to {url}, which nobody has allowed\n  help: if that is right, set DUOLOGUE_TRUSTED_ENDPOINTS={url}"
    )]
    Untrusted {
        /// Where the key stands.
        variable: String,
        /// Where it would go.
        url: String,
    },
    /// There is nothing to say.
    #[error("the provider `scripted` needs lines\n  help: give them with `--dialogue FILE`")]
    NoDialogue,
    /// The lines are wrong.
    #[error("{}: {source}", path.display())]
    BadDialogue {
        /// Of which file.
        path: PathBuf,
        /// What is wrong.
        source: DialogueError,
    },
    /// The lines cannot be read.
    #[error(transparent)]
    Dialogue(DialogueError),
    /// Both sides speak the code or none does.
    #[error(
        "scripted speech and other speech can't understand each other: {0}\n  help: use `--stt scripted --tts scripted`, or neither"
    )]
    MixedSpeech(String),
    /// A realtime model, by its name and its side.
    #[error(
        "a cassette cannot hold what `{0}` says ({1})\n  help: leave out `--record`, or choose three stages for the {1}"
    )]
    NotRecordable(&'static str, &'static str),
    /// A persona, the provider, the side.
    #[error("{0} has no voice for the provider `{1}`\n  help: name one with `--{2}-voice`, or add it to the persona")]
    NoVoice(String, &'static str, &'static str),
    /// A voice, those that there are, the side.
    #[error("there is no local voice `{0}`\n  help: there are {1}; name one with `--{2}-voice` or in the persona")]
    UnknownVoice(String, String, &'static str),
}

impl FromStr for Choice {
    type Err = ChoiceError;

    /// `PROVIDER[/MODEL][@URL[#KEY_VARIABLE]]`
    fn from_str(text: &str) -> Result<Choice, ChoiceError> {
        let unknown = || ChoiceError::Unknown(text.to_string());
        let at = ["@http://", "@https://"].iter().filter_map(|mark| text.find(mark)).min();
        let (name, address) = at.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
        let (name, model) = name.split_once('/').map_or((name, None), |(name, model)| (name, Some(model)));
        let (base_url, key_variable) = match address.map(|a| a.split_once('#').map_or((a, None), |(a, k)| (a, Some(k))))
        {
            Some((url, key)) => (Some(url), key),
            None => (None, None),
        };
        if model.is_some_and(str::is_empty) || key_variable.is_some_and(|v| !is_variable(v)) {
            return Err(unknown());
        }
        let owned = |text: Option<&str>| text.map(str::to_string);
        match (name, Remote::named(name)) {
            ("local", _) if name == text => Ok(Choice::Local),
            ("scripted", _) if name == text => Ok(Choice::Scripted),
            (_, Some(remote)) => Ok(Choice::Remote(RemoteChoice {
                remote,
                model: owned(model),
                base_url: owned(base_url),
                key_variable: owned(key_variable),
                foreign: false,
            })),
            _ => Err(unknown()),
        }
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Choice {
    /// Its name.
    pub fn provider(&self) -> &'static str {
        match self {
            Choice::Local => "local",
            Choice::Scripted => "scripted",
            Choice::Remote(choice) => choice.remote.name,
        }
    }

    /// A model that hears and speaks by itself.
    fn realtime(&self) -> Option<&RemoteChoice> {
        match self {
            Choice::Remote(choice) if choice.remote.is_realtime => Some(choice),
            _ => None,
        }
    }

    /// Refuses a provider that has no such stage.
    fn serving(self, stage: Stage) -> Result<Choice, ChoiceError> {
        match &self {
            Choice::Remote(c) if c.remote.model(stage).is_none() => {
                Err(ChoiceError::NoSuchStage(c.remote.name, stage.as_str(), c.remote.stages()))
            }
            _ => Ok(self),
        }
    }
}

impl RemoteChoice {
    /// The model's name there.
    pub fn model(&self, stage: Stage) -> &str {
        self.model.as_deref().or(self.remote.model(stage)).unwrap_or_default()
    }

    /// Where it is, with the key that is meant for there.
    ///
    /// The provider's own key goes only where the settings send it. A scenario may come from anybody, so a key for an
    /// address in one goes there only where the user has allowed that address.
    ///
    /// # Errors
    /// The key would go where nobody has allowed it to go.
    pub fn server(&self, settings: &Settings) -> Result<Server, ChoiceError> {
        let configured = settings.get(self.remote.base_url_setting).unwrap_or(self.remote.home);
        let base_url = self.base_url.as_deref().unwrap_or(configured);
        let same = |url: &str| url.trim_end_matches('/') == base_url.trim_end_matches('/');
        let (key, key_variable) = match &self.key_variable {
            Some(variable) if self.foreign && !same(configured) && !settings.trusted_endpoints().any(same) => {
                return Err(ChoiceError::Untrusted { variable: variable.clone(), url: base_url.to_string() });
            }
            Some(variable) => (settings.variable(variable), variable.clone()),
            None => {
                let key = settings.get(self.remote.key_setting).filter(|_| same(configured));
                (key, self.key_source(key, settings))
            }
        };
        Ok(Server {
            base_url: base_url.to_string(),
            key: key.map(|key| Redacted::new(key.to_string())),
            key_variable,
            timeouts: settings.timeouts(),
        })
    }

    /// Where the provider's own key was found, for whoever has to mend it; where it should be, if there is none.
    fn key_source(&self, key: Option<&str>, settings: &Settings) -> String {
        let variables = self.remote.key_variables;
        let found = key.map(|key| variables.iter().find(|name| settings.variable(name) == Some(key)));
        match found {
            Some(None) => format!("`{}` in duologue.yaml", self.remote.key_setting),
            Some(Some(name)) => (*name).to_string(),
            None => variables.first().copied().unwrap_or_default().to_string(),
        }
    }

    /// Whether it is reached at the provider's own address, for which its prices are.
    pub fn is_at_home(&self, settings: &Settings) -> bool {
        let configured = settings.get(self.remote.base_url_setting).unwrap_or(self.remote.home);
        let host = |url: &str| {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase()
        };
        host(self.base_url.as_deref().unwrap_or(configured)) == host(self.remote.home)
    }

    /// Refuses to begin without a key where one is named or the provider insists on it.
    fn check_key(&self, stage: Stage, side: Side, settings: &Settings) -> Result<(), ChoiceError> {
        let server = self.server(settings)?;
        if server.key.is_some() || (self.key_variable.is_none() && server.base_url != self.remote.home) {
            return Ok(());
        }
        let variables = match &self.key_variable {
            Some(variable) => variable.clone(),
            None => self.remote.key_variables.join(" or "),
        };
        let (provider, stage, side) = (self.remote.name, stage.as_str(), side.as_str());
        Err(ChoiceError::NoKey { provider, stage, side, variables })
    }
}

/// What somebody wants of one side, before the scenario and the settings: providers by name, and a voice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Speech to text.
    pub stt: Option<String>,
    /// Language model.
    pub llm: Option<String>,
    /// Text to speech.
    pub tts: Option<String>,
    /// The voice, in the words of its provider.
    pub voice: Option<String>,
}

/// The choices of one side, stage by stage: wishes, the scenario, the settings. A model that
/// hears and speaks by itself is chosen as `llm` and stands in all three.
#[derive(Clone, Debug)]
pub struct SideChoices {
    /// Speech to text.
    pub stt: Choice,
    /// Language model.
    pub llm: Choice,
    /// Text to speech.
    pub tts: Choice,
    /// The voice that somebody wants before the persona's.
    pub voice: Option<String>,
}

impl SideChoices {
    /// The choices of `side`.
    ///
    /// # Errors
    /// A name is none of a provider, or of one without that stage.
    pub fn of(
        side: Side,
        wishes: &Wishes,
        cast: &CastScenario,
        settings: &Settings,
    ) -> Result<SideChoices, ChoiceError> {
        let scenario = &cast.agent(side).providers;
        let choose = |wish: &Option<String>, planned: &Option<_>, stage: Stage| {
            let choice: Choice = match (wish, planned) {
                (Some(name), _) => name.parse()?,
                (None, Some(planned)) => planned_choice(planned)?,
                (None, None) => settings.get(stage.as_str()).unwrap_or("local").parse()?,
            };
            choice.serving(stage)
        };
        let voice = wishes.voice.clone();
        let llm = choose(&wishes.llm, &scenario.llm, Stage::Llm)?;
        if llm.realtime().is_some() {
            return Ok(SideChoices { stt: llm.clone(), tts: llm.clone(), llm, voice });
        }
        let stt = choose(&wishes.stt, &scenario.stt, Stage::Stt)?;
        let tts = choose(&wishes.tts, &scenario.tts, Stage::Tts)?;
        Ok(SideChoices { stt, llm, tts, voice })
    }

    /// A sentence for whoever named stages of `side` that its realtime model leaves without work.
    pub fn unused(&self, side: Side, wishes: &Wishes, cast: &CastScenario) -> Option<String> {
        let model = self.realtime()?.remote.name;
        let planned = &cast.agent(side).providers;
        let named = |wish: &Option<String>, planned: &Option<scenario::Provider>| {
            wish.as_ref().or(planned.as_ref().map(|p| &p.provider)).cloned()
        };
        let stages = [("stt", named(&wishes.stt, &planned.stt)), ("tts", named(&wishes.tts, &planned.tts))];
        let stages: Vec<String> = stages.into_iter().filter_map(|(s, n)| Some(format!("{s} `{}`", n?))).collect();
        let verb = if stages.len() == 1 { "is" } else { "are" };
        let stages = stages.join(" and ");
        (!stages.is_empty())
            .then(|| format!("{model} hears and speaks by itself: {stages} {verb} not used for the {side}"))
    }

    /// The model that hears and speaks for this side by itself, where one does.
    pub fn realtime(&self) -> Option<&RemoteChoice> {
        self.llm.realtime()
    }

    /// Refuses what no cassette can hold.
    ///
    /// # Errors
    /// There is such a model.
    pub fn check_recordable(&self, side: Side) -> Result<(), ChoiceError> {
        let refuse = |choice: &RemoteChoice| ChoiceError::NotRecordable(choice.remote.name, side.as_str());
        self.realtime().map_or(Ok(()), |choice| Err(refuse(choice)))
    }

    /// As a conversation was recorded; keys are not needed.
    ///
    /// # Errors
    /// A name is none of a provider.
    pub fn taped(side: Side, models: &TapedModels, voice: Option<String>) -> Result<SideChoices, ChoiceError> {
        let choose = |stage: Stage| {
            let name =
                models.get(side.as_str()).and_then(|stages| stages.get(&taped(stage))).map_or("", String::as_str);
            let choice: Choice = if name.starts_with("local/") { Choice::Local } else { name.parse()? };
            choice.serving(stage)
        };
        Ok(SideChoices { stt: choose(Stage::Stt)?, llm: choose(Stage::Llm)?, tts: choose(Stage::Tts)?, voice })
    }

    /// Refuses to begin where a key is missing.
    ///
    /// # Errors
    /// Which key is missing, and where it is looked for.
    pub fn check_keys(&self, side: Side, settings: &Settings) -> Result<(), ChoiceError> {
        self.all().into_iter().try_for_each(|(stage, choice)| match choice {
            Choice::Remote(choice) => choice.check_key(stage, side, settings),
            _ => Ok(()),
        })
    }

    fn all(&self) -> Vec<(Stage, &Choice)> {
        match self.realtime() {
            Some(_) => vec![(Stage::Llm, &self.llm)],
            None => vec![(Stage::Stt, &self.stt), (Stage::Llm, &self.llm), (Stage::Tts, &self.tts)],
        }
    }

    /// Whether a stage has this choice.
    pub fn uses(&self, wanted: &Choice) -> bool {
        self.all().iter().any(|(_, c)| *c == wanted)
    }

    /// `provider/model` by stage, for the summary; by `realtime` where one model is all of them.
    pub fn describe(&self, language_model: Option<&str>) -> BTreeMap<String, String> {
        let name = |stage: Stage, choice: &Choice| match (choice, stage) {
            (Choice::Local, Stage::Llm) => format!("local/{}", language_model.unwrap_or("language-model")),
            (Choice::Local, Stage::Stt) => "local/whisper-tiny.en".to_string(),
            (Choice::Local, Stage::Tts) => "local/hibari".to_string(),
            (Choice::Scripted, _) => "scripted".to_string(),
            (Choice::Remote(remote), _) => format!("{}/{}", remote.remote.name, remote.model(stage)),
        };
        let key = |stage: Stage| if self.realtime().is_some() { "realtime" } else { stage.as_str() };
        self.all().into_iter().map(|(stage, c)| (key(stage).to_string(), name(stage, c))).collect()
    }
}

fn planned_choice(planned: &scenario::Provider) -> Result<Choice, ChoiceError> {
    match planned.provider.parse()? {
        Choice::Remote(RemoteChoice { remote, model, base_url, key_variable, .. }) => {
            Ok(Choice::Remote(RemoteChoice {
                remote,
                model: planned.model.clone().or(model),
                base_url: planned.base_url.clone().or(base_url),
                key_variable: planned.api_key_env.clone().or(key_variable),
                foreign: true,
            }))
        }
        other => Ok(other),
    }
}

fn taped(stage: Stage) -> cassette::Stage {
    match stage {
        Stage::Stt => cassette::Stage::Stt,
        Stage::Llm => cassette::Stage::Llm,
        Stage::Tts => cassette::Stage::Tts,
    }
}

/// The models of both sides as a cassette names them.
pub fn taped_models(models: &[BTreeMap<String, String>; 2]) -> TapedModels {
    let stages = |models: &BTreeMap<String, String>| {
        [Stage::Stt, Stage::Llm, Stage::Tts]
            .map(|stage| (taped(stage), models.get(stage.as_str()).cloned().unwrap_or_default()))
            .into()
    };
    [Side::Support, Side::Customer]
        .map(|side| (side.as_str().to_string(), stages(&models[duologue_conversation::index(side)])))
        .into()
}

/// The models of a side as a summary names them.
pub fn taped_names(models: &TapedModels, side: Side) -> BTreeMap<String, String> {
    let name = |stage: Stage| models.get(side.as_str()).and_then(|stages| stages.get(&taped(stage))).cloned();
    let stages = [Stage::Stt, Stage::Llm, Stage::Tts];
    stages.into_iter().map(|stage| (stage.as_str().to_string(), name(stage).unwrap_or_default())).collect()
}

/// Scripted speech is a code of its own: both sides speak it or none does.
///
/// # Errors
/// Only some are.
pub fn check_speech(sides: &[SideChoices; 2]) -> Result<(), ChoiceError> {
    let speech = sides.iter().flat_map(|s| [&s.stt, &s.tts]);
    let scripted = speech.clone().filter(|c| **c == Choice::Scripted).count();
    match scripted {
        0 | 4 => Ok(()),
        _ => {
            let names: Vec<&str> = speech.map(Choice::provider).collect();
            Err(ChoiceError::MixedSpeech(names.join(", ")))
        }
    }
}

/// The lines of the sides whose language model is `scripted`, where any is.
///
/// # Errors
/// There is no file, or it is wrong.
pub fn read_dialogue(sides: &[SideChoices; 2], file: Option<&Path>) -> Result<Option<Arc<Dialogue>>, ChoiceError> {
    if sides.iter().all(|s| s.llm != Choice::Scripted) {
        return Ok(None);
    }
    let file = file.ok_or(ChoiceError::NoDialogue)?;
    let named = |error| match error {
        // It names the file itself.
        DialogueError::Unreadable { .. } => ChoiceError::Dialogue(error),
        source => ChoiceError::BadDialogue { path: file.into(), source },
    };
    Ok(Some(Arc::new(Dialogue::load(file).map_err(named)?)))
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
