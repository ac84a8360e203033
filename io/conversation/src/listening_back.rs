//! Somebody outside the conversation listens to the recorded voices: what it hears, held against what each was to say, is
//! the word error rate of the voice (`tts_wer`).

use crate::casting;
use crate::folder::{FolderError, names, replace};
use crate::meter::Meter;
use crate::runner::{Models, Providers};
use crate::scenario::Side;
use crate::transcript::Transcript;
use duologue_media::decode_ogg_opus;
use duologue_models::{ModelError, Stt, TranscribeRequest};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Samples a second of what is listened to, mono.
const RATE: u32 = 16_000;
/// Before and behind an utterance, so that its first and last sound are whole: 100 ms.
const MARGIN: usize = RATE as usize / 10;

/// Gives each utterance that is over what `hear` makes of its sound. `sound` is both voices by themselves, support agent
/// and customer, at 16 kHz from the start of the conversation.
///
/// # Errors
/// The first trouble of `hear`; the rest is not listened to.
pub(crate) fn listen_back<E>(
    transcript: &mut Transcript,
    sound: [&[i16]; 2],
    mut hear: impl FnMut(Side, &[i16]) -> Result<String, E>,
) -> Result<(), E> {
    for utterance in &mut transcript.utterances {
        let Some(end_s) = utterance.end_s else { continue };
        let place = |seconds: f64| (seconds.max(0.0) * f64::from(RATE)) as usize;
        let voice = sound[casting::index(utterance.speaker)];
        let end = (place(end_s) + MARGIN).min(voice.len());
        let start = place(utterance.start_s).saturating_sub(MARGIN).min(end);
        utterance.voiced = Some(hear(utterance.speaker, &voice[start..end])?);
    }
    Ok(())
}

/// A model, the language it is to expect, and what counts the sound that it is given.
type Recogniser = (Arc<dyn Stt>, Arc<str>, Meter);

/// Those who listen to the recorded voices when a call is over: the recogniser of the listening side, else that of the
/// other one; none where both sides have realtime models.
pub struct Recognisers {
    runtime: Handle,
    of: [Option<Recogniser>; 2],
}

impl Recognisers {
    /// Of these models, which work on `runtime`.
    pub fn of(runtime: Handle, providers: &[Providers; 2]) -> Recognisers {
        Recognisers::new(runtime, providers, &Default::default())
    }

    pub(crate) fn new(runtime: Handle, providers: &[Providers; 2], meters: &[Meter; 2]) -> Recognisers {
        let of = |side: Side| {
            let listener = casting::index(side.other());
            [listener, 1 - listener].into_iter().find_map(|place| match &providers[place].models {
                Models::Cascade(models) => {
                    Some((models.stt.clone(), providers[place].language.clone(), meters[place].clone()))
                }
                Models::Realtime(_) => None,
            })
        };
        Recognisers { runtime, of: [Side::Support, Side::Customer].map(of) }
    }

    /// Listens to the tracks of a folder that is complete, and keeps the transcript with what was heard. A sentence for
    /// people where that was not possible. To be called on a thread that may wait.
    pub(crate) fn listen_to(&self, folder: &Path, transcript: &mut Transcript) -> Result<Option<String>, FolderError> {
        let tracks = [Side::Support, Side::Customer].map(|side| samples(folder, side));
        let heard = listen_back(transcript, [&tracks[0], &tracks[1]], |side, audio| self.hear(side, audio));
        let path = folder.join(names::TRANSCRIPT);
        let bytes = serde_json::to_vec_pretty(transcript).unwrap_or_default();
        replace(&path, &bytes).map_err(|source| FolderError::Write { path, source })?;
        Ok(heard.err().map(|why| format!("The voices could not be listened to again: {why}")))
    }

    fn hear(&self, side: Side, audio: &[i16]) -> Result<String, Unheard> {
        let (stt, language, meter) = self.of[casting::index(side)].as_ref().ok_or(Unheard::NoRecogniser)?;
        meter.heard(audio.len());
        let request = TranscribeRequest { audio: audio.into(), language: language.clone() };
        Ok(self.runtime.block_on(stt.transcribe(request))?.text)
    }
}

#[derive(Debug, thiserror::Error)]
enum Unheard {
    #[error("both agents have realtime models, so that there is no recogniser")]
    NoRecogniser,
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A track that is missing or does not open has no sound.
fn samples(folder: &Path, side: Side) -> Vec<i16> {
    let bytes = std::fs::read(folder.join(names::track(side))).unwrap_or_default();
    let decoded = decode_ogg_opus(&bytes, RATE).ok();
    decoded.and_then(|track| track.samples.into_iter().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn transcript() -> Transcript {
        let utterance = |id: u32, speaker: &str, text: &str, (start_s, end_s): (f64, Option<f64>)| {
            json!({
                "id": id, "speaker": speaker, "name": "", "agent_name": "", "text": text, "heard": null, "wer": null,
                "start_s": start_s, "end_s": end_s, "interrupted": false, "source": null, "hint": null, "metrics": null,
            })
        };
        let utterances = [
            utterance(1, "support", "Hello there.", (0.0, Some(1.0))),
            utterance(2, "customer", "Hello.", (1.5, Some(2.0))),
            utterance(3, "support", "Good", (2.5, None)),
        ];
        serde_json::from_value(json!({ "utterances": utterances, "tool_calls": [] })).expect("a transcript")
    }

    #[test]
    fn each_voice_is_listened_to_where_it_spoke() {
        let (support, customer) = ([1i16; 48_000], [2i16; 30_000]);
        let mut transcript = transcript();
        let hear = |side: Side, audio: &[i16]| Ok::<_, Unheard>(format!("{side} {} {}", audio.len(), audio[0]));
        listen_back(&mut transcript, [&support, &customer], hear).expect("it hears");
        let heard: Vec<_> = transcript.utterances.iter().map(|u| u.voiced.as_deref()).collect();
        // The recording of the customer is shorter than what it is said to have spoken.
        assert_eq!(heard, [Some("support 17600 1"), Some("customer 7600 2"), None]);
    }

    #[test]
    fn trouble_keeps_what_was_heard_before() {
        let mut transcript = transcript();
        let mut left = 1;
        let outcome = listen_back(&mut transcript, [&[0; 50_000], &[0; 50_000]], |_, _| {
            left -= 1;
            if left < 0 { Err(Unheard::NoRecogniser) } else { Ok("hello there".to_owned()) }
        });
        assert!(outcome.is_err());
        assert_eq!(transcript.utterances[0].voiced.as_deref(), Some("hello there"));
        assert_eq!(transcript.utterances[1].voiced, None);
    }
}
