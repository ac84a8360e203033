//! Instant stand-ins for recognition, language model and synthesis, as `lk_fakes.py` has them.

use duologue_chat::{ChatDelta, Finish};
use duologue_ids::Mono;
use duologue_media::{FRAME, Frame, Resampler};
use duologue_voice::{Effect, Input, Opening, Output, Session, SessionConfig, SessionError, Spoken};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const REPLY: &str = "Thank you, I can see that order here and it will arrive tomorrow.";
const HEARD: &str = "My order number is four two seven nine and it has not arrived yet.";
/// Recognition gives its text after so long without energy.
const QUIET: Duration = Duration::from_millis(350);
/// Root mean square above which a frame has energy.
const LOUD: f64 = 300.0;
const RATE: u32 = 48_000;

/// The 20 ms frames of a file at 48 kHz.
pub(crate) fn frames(name: &str) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
    let samples = samples(name)?;
    let whole = samples.chunks(960).map(|c| {
        let mut frame = c.to_vec();
        frame.resize(960, 0);
        Frame::new(RATE, frame)
    });
    Ok(whole.collect::<Result<_, _>>()?)
}

/// All samples of a file at 48 kHz.
pub(crate) fn samples(name: &str) -> Result<Vec<i16>, Box<dyn std::error::Error>> {
    let folder = std::env::var_os("DUOLOGUE_BENCH_DIR").map_or_else(|| PathBuf::from("benches/voice"), PathBuf::from);
    let mut reader = hound::WavReader::open(Path::new(&folder).join(name))?;
    Ok(reader.samples::<i16>().collect::<Result<_, _>>()?)
}

/// A session with its stand-ins: one frame in, at most one frame out.
pub(crate) struct Bench {
    session: Session,
    resampler: Resampler,
    hearing: Vec<i16>,
    voice: Arc<[i16]>,
    loud_until: Mono,
    /// A recognition that waits for quiet.
    pending: Option<u32>,
    pub(crate) replies: usize,
}

impl Bench {
    pub(crate) fn new(voice: Arc<[i16]>, greets: bool) -> Result<Bench, SessionError> {
        let mut config = SessionConfig::new("Agent", "Caller", "You are helpful.");
        config.endpointing.min_delay = Duration::from_millis(300);
        config.endpointing.max_delay = Duration::from_millis(2_500);
        config.output_rate = RATE;
        config.collision.yields = false;
        // The harness has its own pauses, and nobody to break them.
        let never = Duration::from_secs(86_400);
        config.nudge.opening = (never, never);
        config.nudge.silence = (never, never);
        if greets {
            config.opening = Opening::Say(REPLY.into());
        }
        let mut bench = Bench {
            session: Session::new(config)?,
            resampler: Resampler::new(RATE, 16_000),
            hearing: Vec::with_capacity(640),
            voice,
            loud_until: Mono::ZERO,
            pending: None,
            replies: 0,
        };
        bench.feed(Mono::ZERO, Input::Start);
        Ok(bench)
    }

    /// 20 ms in at 48 kHz; says whether 20 ms came out.
    pub(crate) fn tick(&mut self, now: Mono, frame: &Frame) -> bool {
        if rms(frame.samples()) > LOUD {
            self.loud_until = now + FRAME;
        }
        let mut played = false;
        if let Some(utterance) = self.pending.filter(|_| now.since(self.loud_until) >= QUIET) {
            self.pending = None;
            played |= self.feed(now, Input::Transcribed { utterance, result: Ok(HEARD.to_string()) });
        }
        self.resampler.push(frame.samples(), &mut self.hearing);
        while self.hearing.len() >= 320 {
            let heard: Vec<i16> = self.hearing.drain(..320).collect();
            if let Ok(heard) = Frame::new(16_000, heard) {
                played |= self.feed(now, Input::Audio(heard));
            }
        }
        played
    }

    fn feed(&mut self, now: Mono, input: Input) -> bool {
        self.session.handle(now, input);
        let mut played = false;
        loop {
            match self.session.poll() {
                Output::Play(_) => played = true,
                Output::Effect(effect) => self.perform(now, effect),
                Output::Event(_) => {}
                Output::Timeout(_) => return played,
            }
        }
    }

    fn perform(&mut self, now: Mono, effect: Effect) {
        match effect {
            Effect::Transcribe { utterance, .. } => self.pending = Some(utterance),
            Effect::CancelTranscribe { utterance } if self.pending == Some(utterance) => self.pending = None,
            Effect::Generate { turn, .. } => {
                self.replies += 1;
                for word in REPLY.split_inclusive(' ') {
                    let delta = ChatDelta::Text(word.to_string());
                    self.session.handle(now, Input::Generated { turn, result: Ok(delta) });
                }
                let done = ChatDelta::Done { finish: Finish::Stop, usage: None };
                self.session.handle(now, Input::Generated { turn, result: Ok(done) });
            }
            Effect::Speak { turn, clause, .. } => {
                let sound = Spoken::Audio { rate: RATE, samples: self.voice.to_vec() };
                self.session.handle(now, Input::Spoken { turn, clause, result: Ok(sound) });
                self.session.handle(now, Input::Spoken { turn, clause, result: Ok(Spoken::Done) });
            }
            _ => {}
        }
    }
}

fn rms(samples: &[i16]) -> f64 {
    let energy: i64 = samples.iter().map(|&s| i64::from(s).pow(2)).sum();
    (energy as f64 / samples.len().max(1) as f64).sqrt()
}
