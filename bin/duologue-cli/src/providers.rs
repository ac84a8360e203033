//! From provider names to models.

use crate::args::{ProviderArgs, Stage};
use crate::output::Failure;
use crate::settings::Settings;
use duologue_conversation::scenario::{CastScenario, Side};
use duologue_conversation::{Providers, ScriptedStt, ScriptedTts};
use duologue_engine::local::LocalModels;
use duologue_ids::Redacted;
use duologue_models::openai::{OpenAi, OpenAiConfig};
use duologue_models::scripted::{Dialogue, DialogueError, ScriptedLlm, Speaker};
use duologue_models::{Llm, Stt, Tts};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// Which model serves a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Local,
    Scripted,
    OpenAi { model: Option<String>, base_url: Option<String> },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoiceError {
    #[error("`{0}` is no provider\n  help: it is `local`, `openai`, `openai/MODEL` or `scripted`")]
    Unknown(String),
    #[error("the provider `scripted` needs lines\n  help: give them with `--dialogue FILE`")]
    NoDialogue,
    #[error("{}: {source}", path.display())]
    BadDialogue { path: PathBuf, source: DialogueError },
    #[error(transparent)]
    Dialogue(DialogueError),
    #[error(
        "scripted speech and other speech can't understand each other: {0}\n  help: use `--stt scripted --tts scripted`, or neither"
    )]
    MixedSpeech(String),
    #[error("{0} has no voice for the provider `{1}`\n  help: name one with `--{2}-voice`, or add it to the persona")]
    NoVoice(String, &'static str, &'static str),
    #[error("there is no local voice `{0}`\n  help: there are {1}; name one with `--{2}-voice` or in the persona")]
    UnknownVoice(String, String, &'static str),
}

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Choice, ChoiceError> {
        match text.split_once('/').unwrap_or((text, "")) {
            ("local", "") => Ok(Choice::Local),
            ("scripted", "") => Ok(Choice::Scripted),
            ("openai", "") => Ok(Choice::OpenAi { model: None, base_url: None }),
            ("openai", model) => Ok(Choice::OpenAi { model: Some(model.to_string()), base_url: None }),
            _ => Err(ChoiceError::Unknown(text.to_string())),
        }
    }
}

impl Choice {
    pub(crate) fn provider(&self) -> &'static str {
        match self {
            Choice::Local => "local",
            Choice::Scripted => "scripted",
            Choice::OpenAi { .. } => "openai",
        }
    }

    /// The model's name at an OpenAI-compatible endpoint.
    fn openai_model(&self, stage: Stage) -> String {
        let default = match stage {
            Stage::Stt => "whisper-1",
            Stage::Llm => "gpt-4o-mini",
            Stage::Tts => "tts-1",
        };
        match self {
            Choice::OpenAi { model: Some(model), .. } => model.clone(),
            _ => default.to_string(),
        }
    }
}

/// The choices of one side, stage by stage: flags for the side, flags for both, the scenario, the settings.
#[derive(Clone, Debug)]
pub(crate) struct SideChoices {
    pub(crate) stt: Choice,
    pub(crate) llm: Choice,
    pub(crate) tts: Choice,
    pub(crate) voice: Option<String>,
}

impl SideChoices {
    pub(crate) fn of(
        side: Side,
        flags: &ProviderArgs,
        cast: &CastScenario,
        settings: &Settings,
    ) -> Result<SideChoices, ChoiceError> {
        let f = flags;
        let (stt, llm, tts, voice) = match side {
            Side::Support => (&f.support_stt, &f.support_llm, &f.support_tts, &f.support_voice),
            Side::Customer => (&f.customer_stt, &f.customer_llm, &f.customer_tts, &f.customer_voice),
        };
        let scenario = &cast.agent(side).providers;
        let choose = |own: &Option<String>, both: &Option<String>, planned: &Option<_>, key: &str| {
            let flag = own.as_ref().or(both.as_ref());
            match (flag, planned) {
                (Some(name), _) => name.parse(),
                (None, Some(planned)) => planned_choice(planned),
                (None, None) => settings.get(key).unwrap_or("local").parse(),
            }
        };
        Ok(SideChoices {
            stt: choose(stt, &f.stt, &scenario.stt, "stt")?,
            llm: choose(llm, &f.llm, &scenario.llm, "llm")?,
            tts: choose(tts, &f.tts, &scenario.tts, "tts")?,
            voice: voice.clone(),
        })
    }

    pub(crate) fn all(&self) -> [(Stage, &Choice); 3] {
        [(Stage::Stt, &self.stt), (Stage::Llm, &self.llm), (Stage::Tts, &self.tts)]
    }

    pub(crate) fn uses(&self, wanted: &Choice) -> bool {
        self.all().iter().any(|(_, c)| *c == wanted)
    }

    /// `provider/model` by stage, for the summary.
    pub(crate) fn describe(&self, language_model: Option<&str>) -> BTreeMap<String, String> {
        let name = |stage: Stage, choice: &Choice| match (choice, stage) {
            (Choice::Local, Stage::Llm) => format!("local/{}", language_model.unwrap_or("language-model")),
            (Choice::Local, Stage::Stt) => "local/whisper-tiny.en".to_string(),
            (Choice::Local, Stage::Tts) => "local/hibari".to_string(),
            (Choice::Scripted, _) => "scripted".to_string(),
            (Choice::OpenAi { .. }, _) => format!("openai/{}", choice.openai_model(stage)),
        };
        self.all().into_iter().map(|(stage, c)| (stage.as_str().to_string(), name(stage, c))).collect()
    }
}

fn planned_choice(planned: &duologue_conversation::scenario::Provider) -> Result<Choice, ChoiceError> {
    match planned.provider.parse()? {
        Choice::OpenAi { model, .. } => {
            Ok(Choice::OpenAi { model: planned.model.clone().or(model), base_url: planned.base_url.clone() })
        }
        other => Ok(other),
    }
}

/// Scripted speech is a code of its own: both sides speak it or none does.
pub(crate) fn check_speech(sides: &[SideChoices; 2]) -> Result<bool, ChoiceError> {
    let speech = sides.iter().flat_map(|s| [&s.stt, &s.tts]);
    let scripted = speech.clone().filter(|c| **c == Choice::Scripted).count();
    match scripted {
        0 => Ok(false),
        4 => Ok(true),
        _ => {
            let names: Vec<&str> = speech.map(Choice::provider).collect();
            Err(ChoiceError::MixedSpeech(names.join(", ")))
        }
    }
}

/// The lines of the sides whose language model is `scripted`, where any is.
pub(crate) fn read_dialogue(
    sides: &[SideChoices; 2],
    file: Option<&Path>,
) -> Result<Option<Arc<Dialogue>>, ChoiceError> {
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

/// What models are made of.
pub(crate) struct Connector<'a> {
    pub(crate) dialogue: Option<Arc<Dialogue>>,
    pub(crate) cast: &'a CastScenario,
    pub(crate) voices: &'a [String; 2],
    pub(crate) settings: &'a Settings,
    pub(crate) local: Option<&'a LocalModels>,
}

impl Connector<'_> {
    /// Makes the models of one side.
    pub(crate) fn connect(&self, side: Side, choices: &SideChoices) -> Result<Providers, Failure> {
        let pitch = if side == Side::Support { 115.0 } else { 205.0 };
        let server = |choice: &Choice| OpenAi::new(openai_config(choice, self.settings));
        let missing = || ChoiceError::Unknown("local".into());
        let stt: Arc<dyn Stt> = match &choices.stt {
            Choice::Local => self.local.and_then(LocalModels::stt).ok_or_else(missing)?,
            Choice::Scripted => Arc::new(ScriptedStt),
            c @ Choice::OpenAi { .. } => Arc::new(server(c)?.stt(c.openai_model(Stage::Stt))),
        };
        let llm: Arc<dyn Llm> = match &choices.llm {
            Choice::Local => self.local.and_then(LocalModels::llm).ok_or_else(missing)?,
            Choice::Scripted => self.scripted_llm(side)?,
            c @ Choice::OpenAi { .. } => Arc::new(server(c)?.llm(c.openai_model(Stage::Llm))),
        };
        let tts: Arc<dyn Tts> = match &choices.tts {
            Choice::Local => self.local.and_then(LocalModels::tts).ok_or_else(missing)?,
            Choice::Scripted => Arc::new(ScriptedTts { pitch }),
            c @ Choice::OpenAi { .. } => Arc::new(server(c)?.tts(c.openai_model(Stage::Tts))),
        };
        let voice = &self.voices[duologue_conversation::index(side)];
        let known = self.local.filter(|_| choices.tts == Choice::Local).map_or(&[][..], LocalModels::voices);
        if !known.is_empty() && !known.contains(voice) {
            return Err(ChoiceError::UnknownVoice(voice.clone(), known.join(", "), side.as_str()).into());
        }
        let voice = voice.as_str().into();
        let language = self.cast.scenario().language.as_str().into();
        Ok(Providers { stt, llm, tts, voice, speed: self.cast.persona(side).speed, language })
    }

    fn scripted_llm(&self, side: Side) -> Result<Arc<dyn Llm>, Failure> {
        let dialogue = self.dialogue.clone().ok_or(ChoiceError::NoDialogue)?;
        let speaker = match side {
            Side::Support => Speaker::Support,
            Side::Customer => Speaker::Customer,
        };
        Ok(Arc::new(ScriptedLlm::new(dialogue, speaker)))
    }
}

pub(crate) fn openai_config(choice: &Choice, settings: &Settings) -> OpenAiConfig {
    let own = match choice {
        Choice::OpenAi { base_url, .. } => base_url.clone(),
        _ => None,
    };
    let base_url = settings.get("openai.base_url").unwrap_or(OpenAiConfig::OPENAI_BASE_URL).to_string();
    // A scenario may come from anybody: its endpoint gets the key only where that goes anyway.
    let trusted = own.as_ref().is_none_or(|own| *own == base_url);
    OpenAiConfig {
        base_url: own.unwrap_or(base_url),
        api_key: settings.get("openai.api_key").filter(|_| trusted).map(|k| Redacted::new(k.to_string())),
        ..OpenAiConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_goes_to_the_configured_endpoint_only() {
        let env = [("HOME", "/nowhere"), ("OPENAI_API_KEY", "sk-mine"), ("OPENAI_BASE_URL", "http://mine/v1")];
        let env = env.map(|(name, value)| (name.to_string(), value.to_string())).into();
        let settings = Settings::read(Path::new("/nowhere"), &env, &[]).unwrap();
        let reached = |base_url: Option<&str>| {
            let choice = Choice::OpenAi { model: None, base_url: base_url.map(String::from) };
            let config = openai_config(&choice, &settings);
            (config.base_url, config.api_key.is_some())
        };
        assert_eq!(reached(None), ("http://mine/v1".to_string(), true));
        assert_eq!(reached(Some("http://mine/v1")), ("http://mine/v1".to_string(), true));
        // What a scenario names without being asked.
        assert_eq!(reached(Some("http://other/v1")), ("http://other/v1".to_string(), false));
        assert!(!reached(Some("http://mine/v1.evil")).1);
    }

    #[test]
    fn provider_names_are_read() {
        assert_eq!("local".parse::<Choice>().unwrap(), Choice::Local);
        let tts = "openai/gpt-4o-mini-tts".parse::<Choice>().unwrap();
        assert_eq!(tts.openai_model(Stage::Tts), "gpt-4o-mini-tts");
        assert_eq!("openai".parse::<Choice>().unwrap().openai_model(Stage::Stt), "whisper-1");
        assert!("deepspeech".parse::<Choice>().unwrap_err().to_string().contains("help:"));
        assert!("local/x".parse::<Choice>().is_err());
    }
}
