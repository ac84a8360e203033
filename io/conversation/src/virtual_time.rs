//! A conversation in virtual time, held in memory: as fast as the machine can, and the same twice.
//!
//! Nothing of wall time and no id of chance is in what comes out: one seed, one outcome, down to the bytes of the files.

use crate::casting;
use crate::conclusion::assess;
use crate::folder::{FolderError, names, replace};
use crate::happenings::EventLine;
use crate::listening_back;
use crate::measure::{Observed, RecordedSide};
use crate::report::{Audio, render, render_text, render_vtt};
use crate::scenario::{CastScenario, Side};
use crate::summary::{AgentSummary, Guidance, Status, Summary};
use crate::transcript::{Cast, Transcriber, Transcript};
use duologue_ids::Mono;
use duologue_media::{Frame, OggOpus, OpusError, Packet, PacketDecoder, StereoEncoder, StereoFrame};
use duologue_score::Interval;
use duologue_sim::{Duet, DuetConfig, DuetError, Seat, Stimulus, StimulusKind, Tap, run};
use duologue_voice::{EffectRunner, Event};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

/// Sample rate of the sound that is kept, Hz: what sessions hear.
pub const SOUND_RATE: u32 = 16_000;
const FRAME_SAMPLES: usize = SOUND_RATE as usize / 50;

/// A conversation that is about to be held.
pub struct Staged<R> {
    /// Its id; has to follow from what it is, not from chance.
    pub id: String,
    /// What it is about, and who plays it.
    pub cast: Arc<CastScenario>,
    /// Who takes part, for the summary.
    pub agents: [AgentSummary; 2],
    /// What led the models.
    pub guidance: Guidance,
    /// How it was held, in sentences for people.
    pub notes: Vec<String>,
    /// The path between both, limits and all randomness.
    pub duet: DuetConfig,
    /// Support agent and customer.
    pub seats: [Seat; 2],
    /// Their providers.
    pub runners: [R; 2],
    /// Who listens to the recorded voices afterwards, 16 kHz mono, for the word error rate of the voices.
    pub listen_back: Option<fn(&[i16]) -> String>,
}

/// A conversation that was held.
pub struct Held {
    /// What came of it.
    pub summary: Summary,
    /// What was said.
    pub transcript: Transcript,
    /// What a scripted caller did, and whose side it was.
    pub stimuli: Vec<(Side, Stimulus)>,
    /// Everything both sessions reported, one JSON object a line.
    pub events: String,
    /// Both voices as they were sent, mono at [`SOUND_RATE`], on one clock and equally long.
    pub sound: [Vec<i16>; 2],
    cast: Arc<CastScenario>,
    sides: [RecordedSide; 2],
}

/// SHA-256 of what has to come out the same twice, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Fingerprint {
    /// Of both voices' samples.
    pub sound: String,
    /// Of the transcript.
    pub transcript: String,
    /// Of all events with their times.
    pub events: String,
}

/// Holds a conversation.
///
/// # Errors
/// The codec failed: a defect.
pub fn hold<R: EffectRunner>(staged: Staged<R>) -> Result<Held, DuetError> {
    let Staged { id, cast, agents, guidance, notes, duet, seats, runners, listen_back } = staged;
    let seed = duet.seed;
    let mut duet = Duet::with_seats(duet, seats, runners, Keeper::new(&cast));
    let ending = run(&mut duet)?;
    let Keeper { transcriber, mut voices, events, stimuli, error, .. } = duet.tap;
    let length = (ending.at.as_millis() * u64::from(SOUND_RATE) / 1_000) as usize + FRAME_SAMPLES;
    voices.iter_mut().for_each(|v| v.end(length));
    let sound = voices.map(|v| v.samples);
    let sides = [0, 1].map(|side| RecordedSide::from_samples(SOUND_RATE, &sound[side]));
    let mut transcript = transcriber.into_transcript();
    if let Some(hear) = listen_back {
        let Ok(()) = listening_back::listen_back(&mut transcript, [&sound[0], &sound[1]], |_, audio| {
            Ok::<_, Infallible>(hear(audio))
        });
    }
    // Virtual time begins where Unix time does.
    let start = ("1970-01-01T00:00:00Z".to_owned(), seed);
    let mut summary = Summary::begun(id, &cast, start, (agents, guidance), notes);
    summary.error = error;
    summary.end_reason = Some(ending.reason);
    summary.ended_by = ending.by.map(casting::side);
    summary.status = Status::Ended;
    let labels: Vec<_> = stimuli.iter().filter_map(|(side, stimulus)| label(*side, stimulus)).collect();
    assess(&mut summary, &cast, &Observed { stimuli: &labels, ..Observed::new(&sides, &transcript) });
    Ok(Held { summary, transcript, stimuli, events, sound, cast, sides })
}

/// What the score is told of a sound that a script made; a turn is what it takes for one by itself.
fn label(side: Side, stimulus: &Stimulus) -> Option<duologue_score::Stimulus> {
    use duologue_score::StimulusKind as Label;
    let kind = match stimulus.kind {
        StimulusKind::Turn => return None,
        StimulusKind::Interruption => Label::Interruption,
        StimulusKind::Backchannel => Label::Backchannel,
        StimulusKind::VocalTic => Label::VocalTic,
        StimulusKind::NonDirected | StimulusKind::BackgroundSpeech => Label::NonDirected,
    };
    let interval = Interval::new(stimulus.start, stimulus.end);
    Some(duologue_score::Stimulus { kind, interval, by: casting::index(side) })
}

impl Held {
    /// What has to come out the same twice.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut sound = Sha256::new();
        for samples in &self.sound {
            samples.iter().for_each(|s| sound.update(s.to_le_bytes()));
        }
        let transcript = serde_json::to_vec(&self.transcript).unwrap_or_default();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        Fingerprint {
            sound: hex(&sound.finalize()),
            transcript: hex(&Sha256::digest(transcript)),
            events: hex(&Sha256::digest(&self.events)),
        }
    }

    /// Writes the folder of the conversation as a live one has it, with the recording of both voices where `audio` is
    /// set. Files of an earlier run are replaced.
    ///
    /// # Errors
    /// The folder can't be made or written.
    pub fn write(&self, folder: &Path, audio: bool) -> Result<(), FolderError> {
        std::fs::create_dir_all(folder).map_err(|source| FolderError::Create { path: folder.into(), source })?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            replace(&path, bytes).map_err(|source| FolderError::Write { path, source })
        };
        let recording = audio.then(|| self.stereo().unwrap_or_default());
        let mut summary = self.summary.clone();
        let kept = [names::EVENTS, names::TRANSCRIPT, names::SCENARIO, names::TRANSCRIPT_TEXT, names::CAPTIONS];
        let kept = kept.into_iter().chain([names::SUMMARY, names::REPORT]).chain(audio.then_some(names::STEREO));
        let kept: Vec<&str> = kept.collect();
        summary.files = names::all()
            .into_iter()
            .filter(|(_, name)| kept.contains(&name.as_str()))
            .map(|(kind, name)| (kind.to_owned(), name))
            .collect();
        let mut page = crate::page::report(&summary, &self.transcript, &self.events, &self.sides);
        page.audio =
            recording.clone().map(|bytes| Audio { path: names::STEREO.into(), mime: "audio/ogg".into(), bytes });
        write(names::EVENTS, self.events.as_bytes())?;
        write(names::TRANSCRIPT, &json(&self.transcript))?;
        write(names::SCENARIO, &json(self.cast.as_ref()))?;
        write(names::TRANSCRIPT_TEXT, render_text(&page).as_bytes())?;
        write(names::CAPTIONS, render_vtt(&page).as_bytes())?;
        if let Some(recording) = &recording {
            write(names::STEREO, recording)?;
        }
        write(names::REPORT, render(&page).as_bytes())?;
        write(names::SUMMARY, &json(&summary))
    }

    /// Both voices as an Ogg Opus file, support left, customer right.
    fn stereo(&self) -> Result<Vec<u8>, OpusError> {
        let mut encoder = StereoEncoder::new(SOUND_RATE)?;
        let names = [Side::Support, Side::Customer].map(|side| self.cast.persona(side).name.as_str());
        let title = format!("{} (left), {} (right)", names[0], names[1]);
        let (mut ogg, mut file) = OggOpus::new(2, SOUND_RATE, 2, &[("TITLE", &title)]);
        let frame = |samples: &[i16]| Frame::new(SOUND_RATE, samples.to_vec()).ok();
        for (left, right) in self.sound[0].chunks_exact(FRAME_SAMPLES).zip(self.sound[1].chunks_exact(FRAME_SAMPLES)) {
            if let Some((left, right)) = frame(left).zip(frame(right))
                && let Ok(both) = StereoFrame::new(&left, &right)
            {
                file.extend(ogg.push(&encoder.encode(&both)?, 960));
            }
        }
        file.extend(ogg.finish());
        Ok(file)
    }
}

/// Sees and keeps everything.
struct Keeper {
    transcriber: Transcriber,
    voices: [Voice; 2],
    events: String,
    stimuli: Vec<(Side, Stimulus)>,
    hung_up: bool,
    error: Option<String>,
}

impl Keeper {
    fn new(cast: &CastScenario) -> Keeper {
        let names = [Side::Support, Side::Customer]
            .map(|side| Cast { name: cast.persona(side).name.clone(), agent_name: cast.agent_name(side).to_owned() });
        Keeper {
            transcriber: Transcriber::new(names),
            voices: [0, 1].map(|_| Voice { decoder: PacketDecoder::new(SOUND_RATE), samples: Vec::new() }),
            events: String::new(),
            stimuli: Vec::new(),
            hung_up: false,
            error: None,
        }
    }
}

impl Tap for Keeper {
    fn packet(&mut self, now: Mono, side: usize, packet: &Packet) {
        self.transcriber.sound(now, side);
        self.voices[side].place(now, packet);
    }

    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        // Whoever was hung up on still listens to the last words, and need not find an answer to them.
        if self.hung_up && matches!(event, Event::Error { .. }) {
            return;
        }
        let line = EventLine { t: now.as_secs_f64(), side: casting::side(side), event };
        self.events.push_str(&serde_json::to_string(&line).unwrap_or_default());
        self.events.push('\n');
        self.transcriber.event(now, side, event);
        match event {
            Event::Closed { reason: duologue_voice::CloseReason::AgentEnded } => self.hung_up = true,
            Event::Error { message, fatal: true } => drop(self.error.get_or_insert_with(|| message.clone())),
            _ => {}
        }
    }

    fn stimulus(&mut self, side: usize, stimulus: &Stimulus) {
        self.stimuli.push((casting::side(side), stimulus.clone()));
    }
}

/// What one party sent, decoded to where it was sent.
struct Voice {
    decoder: PacketDecoder,
    samples: Vec<i16>,
}

impl Voice {
    fn place(&mut self, now: Mono, packet: &Packet) {
        let here = (now.0 / 1_000 * u64::from(SOUND_RATE) / 1_000_000) as usize;
        // Frames of one stretch of speech follow each other without a seam; a whole missing frame is a pause.
        if packet.marker || here >= self.samples.len() + FRAME_SAMPLES {
            self.samples.resize(self.samples.len().max(here), 0);
        }
        // What a party sent was encoded a moment ago; only a defect makes it unreadable, and that is silence.
        let _ = self.decoder.decode(packet, &mut self.samples);
    }

    fn end(&mut self, length: usize) {
        self.samples.resize(length, 0);
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
