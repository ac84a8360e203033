//! From choices to models.

use crate::choice::{Choice, ChoiceError, RemoteChoice, SideChoices, Stage};
use crate::remote::Client;
use crate::settings::Settings;
use duologue_conversation::scenario::{CastScenario, Side};
use duologue_conversation::{CascadeModels, Models, Providers, ScriptedStt, ScriptedTts};
use duologue_engine::local::LocalModels;
use duologue_models::cassette::{Cassette, Recorder, Replay};
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_models::{Llm, ModelError, Stt, Tts};
use std::sync::Arc;

/// Why a side has no models.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// What is chosen is not there.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The provider's client cannot be made.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What models are made of.
pub struct Connector<'a> {
    /// What `scripted` says.
    pub dialogue: Option<Arc<Dialogue>>,
    /// Who talks.
    pub cast: &'a CastScenario,
    /// With which voices.
    pub voices: &'a [String; 2],
    /// Where providers are, and their keys.
    pub settings: &'a Settings,
    /// The local models, where any are chosen.
    pub local: Option<&'a LocalModels>,
    /// In place of all of them.
    pub cassette: Option<Cassette>,
}

impl Connector<'_> {
    /// Makes the models of both sides.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connect(&self, sides: &[SideChoices; 2]) -> Result<[Providers; 2], ConnectError> {
        if let Some(cassette) = &self.cassette {
            let replay = Replay::new(cassette.clone(), true);
            return Ok([Side::Support, Side::Customer].map(|side| {
                let lane = Arc::new(replay.lane(side.as_str()));
                let models = CascadeModels { stt: lane.clone(), llm: lane.clone(), tts: lane };
                self.providers(side, Models::Cascade(models))
            }));
        }
        let [support, customer] = [Side::Support, Side::Customer]
            .map(|side| self.connect_side(side, &sides[duologue_conversation::index(side)]));
        Ok([support?, customer?])
    }

    /// Makes the models of one side.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connect_side(&self, side: Side, choices: &SideChoices) -> Result<Providers, ConnectError> {
        if let Some(choice) = choices.realtime() {
            let model = self.client(choice)?.realtime(choice.model(Stage::Llm));
            let model = model.ok_or_else(|| ChoiceError::Unknown(choice.remote.name.into()))?;
            return Ok(self.providers(side, Models::Realtime(model)));
        }
        let pitch = if side == Side::Support { 115.0 } else { 205.0 };
        let missing = || ChoiceError::Unknown("local".into());
        let stt: Arc<dyn Stt> = match &choices.stt {
            Choice::Local => self.local.and_then(LocalModels::stt).ok_or_else(missing)?,
            Choice::Scripted => Arc::new(ScriptedStt),
            Choice::Remote(c) => self.client(c)?.stt(c.model(Stage::Stt)).ok_or_else(missing)?,
        };
        let llm: Arc<dyn Llm> = match &choices.llm {
            Choice::Local => self.local.and_then(LocalModels::llm).ok_or_else(missing)?,
            Choice::Scripted => self.scripted_llm(side)?,
            Choice::Remote(c) => self.client(c)?.llm(c.model(Stage::Llm)).ok_or_else(missing)?,
        };
        let tts: Arc<dyn Tts> = match &choices.tts {
            Choice::Local => self.local.and_then(LocalModels::tts).ok_or_else(missing)?,
            Choice::Scripted => Arc::new(ScriptedTts { pitch }),
            Choice::Remote(c) => self.client(c)?.tts(c.model(Stage::Tts)).ok_or_else(missing)?,
        };
        let voice = &self.voices[duologue_conversation::index(side)];
        let known = self.local.filter(|_| choices.tts == Choice::Local).map_or(&[][..], LocalModels::voices);
        if !known.is_empty() && !known.contains(voice) {
            return Err(ChoiceError::UnknownVoice(voice.clone(), known.join(", "), side.as_str()).into());
        }
        Ok(self.providers(side, Models::Cascade(CascadeModels { stt, llm, tts })))
    }

    fn client(&self, choice: &RemoteChoice) -> Result<Client, ConnectError> {
        Ok(Client::open(choice.remote, choice.server(self.settings)?)?)
    }

    fn providers(&self, side: Side, models: Models) -> Providers {
        let voice = self.voices[duologue_conversation::index(side)].as_str().into();
        let language = self.cast.scenario().language.as_str().into();
        Providers { models, voice, speed: self.cast.persona(side).speed, language }
    }

    fn scripted_llm(&self, side: Side) -> Result<Arc<dyn Llm>, ConnectError> {
        let dialogue = self.dialogue.clone().ok_or(ChoiceError::NoDialogue)?;
        let speaker = match side {
            Side::Support => Speaker::Support,
            Side::Customer => Speaker::Customer,
        };
        Ok(Arc::new(ScriptedLlm::new(dialogue, speaker)))
    }
}

/// Puts a recorder between a side and its models.
pub fn recorded(providers: Providers, side: Side, recorder: &Recorder) -> Providers {
    let (lane, Models::Cascade(models)) = (side.as_str(), &providers.models) else { return providers };
    let models = CascadeModels {
        stt: recorder.stt(lane, models.stt.clone()),
        llm: recorder.llm(lane, models.llm.clone()),
        tts: recorder.tts(lane, models.tts.clone()),
    };
    Providers { models: Models::Cascade(models), ..providers }
}
