//! In place of the voice, where the SDK is built without the feature `voice`.

use crate::config::Config;
use crate::doings::Doings;
use crate::skills::Skills;

/// Why an agent does not talk: this program has no agent that does.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {}

/// What the program says of an agent that talks: nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {}

/// No worker.
#[derive(Debug)]
pub(crate) enum Talking {}

impl Talking {
    pub(crate) async fn stop(self) {
        match self {}
    }
}

pub(crate) async fn talk(_: (&Config, &Words), _: &Skills, _: &Doings) -> Result<Option<Talking>, VoiceError> {
    Ok(None)
}
