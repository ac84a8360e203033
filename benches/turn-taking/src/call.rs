//! One scene, played to one session.

use crate::scene::{Delays, Scene};
use duologue_chat::{ChatDelta, Finish};
use duologue_ids::Mono;
use duologue_media::{FRAME, Frame, FrameError};
use duologue_sim::Queue;
use duologue_voice::{Effect, Event, Input, Output, Session, SessionConfig, SessionError, Spoken};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// A session with stand-ins that know the scene.
pub(crate) struct Call {
    session: Session,
    queue: Queue<Input>,
    words: Vec<(f64, String)>,
    delays: Delays,
    reply: String,
    voice: Arc<[i16]>,
    events: Vec<(Mono, Event)>,
}

impl Call {
    pub(crate) fn new(
        config: SessionConfig,
        scene: &Scene,
        delays: &Delays,
        voice: Arc<[i16]>,
    ) -> Result<Call, SessionError> {
        let session = Session::new(config)?;
        let reply = if scene.role == "turn" { &delays.reply } else { &delays.story }.clone();
        let (words, delays) = (scene.words(), delays.clone());
        Ok(Call { session, queue: Queue::default(), words, delays, reply, voice, events: Vec::new() })
    }

    /// What the agent says while it hears `line`, 16 kHz, at the voice's rate.
    pub(crate) fn run(&mut self, line: &[i16]) -> Result<Vec<i16>, FrameError> {
        self.feed(Mono::ZERO, Input::Start);
        let silence = [0; 960];
        // What is played after the first frame was heard begins 20 ms into the scene.
        let mut track = silence.to_vec();
        let mut now = Mono::ZERO;
        for heard in line.chunks_exact(320) {
            now += FRAME;
            let mut played = None;
            while let Some((at, input)) = self.queue.pop_due(now) {
                played = self.feed(at, input).or(played);
            }
            played = self.feed(now, Input::Audio(Frame::new(16_000, heard.to_vec())?)).or(played);
            track.extend_from_slice(played.as_ref().map_or(&silence, |frame| frame.samples()));
        }
        Ok(track)
    }

    /// What the session told, a line each, with its time in ms.
    pub(crate) fn log(&self) -> String {
        self.events.iter().fold(String::new(), |mut all, (at, event)| {
            let _ = writeln!(all, "{} {event:?}", at.0 / 1_000_000);
            all
        })
    }

    fn feed(&mut self, now: Mono, input: Input) -> Option<Frame> {
        self.session.handle(now, input);
        let mut played = None;
        loop {
            match self.session.poll() {
                Output::Play(frame) => played = Some(frame),
                Output::Effect(effect) => self.perform(now, effect),
                Output::Event(event) => self.events.push((now, event)),
                Output::Timeout(_) => return played,
            }
        }
    }

    fn perform(&mut self, now: Mono, effect: Effect) {
        let after = |ms: u64| now + Duration::from_millis(ms);
        match effect {
            Effect::Transcribe { utterance, audio } => {
                let text = self.recognise(now, audio.len());
                self.queue.push(after(self.delays.recognition_ms), Input::Transcribed { utterance, result: Ok(text) });
            }
            Effect::Generate { turn, .. } => {
                let done = ChatDelta::Done { finish: Finish::Stop, usage: None };
                for delta in [ChatDelta::Text(self.reply.clone()), done] {
                    self.queue.push(after(self.delays.first_token_ms), Input::Generated { turn, result: Ok(delta) });
                }
            }
            Effect::Speak { turn, clause, text } => {
                let length =
                    text.chars().count() * crate::scene::VOICE_RATE as usize / self.delays.characters_per_second;
                let samples = self.voice.iter().copied().cycle().take(length).collect();
                for sound in [Spoken::Audio { rate: crate::scene::VOICE_RATE, samples }, Spoken::Done] {
                    let spoken = Input::Spoken { turn, clause, result: Ok(sound) };
                    self.queue.push(after(self.delays.first_sound_ms), spoken);
                }
            }
            // An answer that comes too late is dropped; these stand-ins neither stream nor are one model.
            Effect::CancelTranscribe { .. } | Effect::CancelTurn { .. } => {}
            Effect::CallTool { .. } | Effect::CancelTool { .. } => {}
            Effect::Listen { .. } | Effect::StopListening | Effect::Realtime(_) => {}
        }
    }

    /// The true words whose middle lies in the sound.
    fn recognise(&self, now: Mono, samples: usize) -> String {
        let until = now.0 as f64 / 1e6;
        let from = until - samples as f64 / 16.0;
        let heard = self.words.iter().filter(|(middle, _)| (from..=until).contains(middle));
        heard.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ")
    }
}
