use crate::config::Hearing;
use duologue_ids::Mono;
use duologue_media::{EarshotVad, Foreground, Frame, GateConfig, GateUpdate, SpeechGate, Vad};
use std::sync::Arc;
use std::time::Duration;

/// Probability above which 20 ms are taken for speech.
const VOICED: f32 = 0.5;
/// Probability that speech reaches within its first syllable, and coughs, barks and other rooms hardly ever.
const CERTAIN: f32 = 0.84;
/// Of the frames of speech one in so many reaches it at least; a bark that does has one or two in half a second.
const CERTAIN_ONE_IN: u32 = 5;
/// Speech this much quieter than the other party's turns before, 12 dB, is meant for somebody else.
const ELSEWHERE: f32 = 0.25;
/// Into this party's own speech, a pause so long may be the end of something short.
const WORD_PAUSE: Duration = Duration::from_millis(100);
/// Whatever goes on for so long is the other party's, and meant.
const INSISTENT: Duration = Duration::from_secs(2);
/// Samples a second of what a party hears.
const RATE: usize = 16_000;
/// Samples of a piece for a recogniser that streams: 100 ms.
const PIECE: usize = RATE / 10;

/// What the other party says: is it speaking, since when, what is recorded of this turn, what is recognised.
pub(crate) struct Listening {
    gate: SpeechGate,
    hearing: Hearing,
    /// The sound of this turn, and before it the pre-roll.
    audio: Vec<i16>,
    /// How much of `audio` a recogniser that streams has.
    streamed: usize,
    /// Words of pieces of this turn that were cut off because it was long.
    earlier: String,
    /// Words of `audio`, as far as they came.
    latest: String,
    /// The recognition that is awaited, or was last.
    pub(crate) utterance: u32,
    /// It has not come yet.
    pub(crate) awaited: bool,
    /// How often it was tried again.
    pub(crate) retries: u8,
    /// The other party speaks at this moment.
    pub(crate) speaking: bool,
    /// Start of this turn.
    pub(crate) turn_began: Option<Mono>,
    /// Last moment at which speech was heard, short pauses left out.
    pub(crate) voiced_until: Mono,
    /// Length of the stretches of this turn before the present one.
    spoken_before: Duration,
    /// When recognition was asked for last.
    asked_at: Mono,
    /// How much of `audio` it was asked for.
    asked: usize,
    /// Of the present stretch of speech: greatest loudness, root mean square; frames, and those that are certainly speech.
    level: f32,
    frames: u32,
    certain: u32,
    /// Loudness of the turns before; 0 where there were none.
    usual_level: f32,
    /// Start of the present or last stretch of speech.
    pub(crate) speech_since: Mono,
    /// End of the last stretch.
    pub(crate) speech_until: Option<Mono>,
    /// When the words came.
    pub(crate) recognised_at: Option<Mono>,
    /// The last stretch lay within this party's own speech.
    pub(crate) aside: bool,
}

impl Listening {
    pub(crate) fn new(hearing: &Hearing, vad: Option<Box<dyn Vad>>) -> Listening {
        let gate =
            GateConfig { min_speech: hearing.min_speech, min_silence: hearing.min_silence, ..GateConfig::default() };
        Listening {
            gate: SpeechGate::new(vad.unwrap_or_else(|| Box::new(Foreground::new(Box::new(EarshotVad::new())))), gate),
            hearing: hearing.clone(),
            audio: Vec::new(),
            streamed: 0,
            earlier: String::new(),
            latest: String::new(),
            utterance: 0,
            awaited: false,
            retries: 0,
            speaking: false,
            turn_began: None,
            voiced_until: Mono::ZERO,
            spoken_before: Duration::ZERO,
            asked_at: Mono::ZERO,
            asked: 0,
            level: 0.0,
            frames: 0,
            certain: 0,
            usual_level: 0.0,
            speech_since: Mono::ZERO,
            speech_until: None,
            recognised_at: None,
            aside: false,
        }
    }

    /// Takes 20 ms in.
    pub(crate) fn hear(&mut self, now: Mono, frame: &Frame) -> GateUpdate {
        self.audio.extend_from_slice(frame.samples());
        let update = self.gate.push(frame);
        if update.probability >= VOICED {
            self.voiced_until = now;
        }
        if update.started {
            self.spoken_before = if self.turn_began.is_some() { self.length() } else { Duration::ZERO };
            self.speaking = true;
            (self.level, self.frames, self.certain) = (0.0, 0, 0);
            self.speech_since = Mono(now.0.saturating_sub(self.hearing.min_speech.as_nanos() as u64));
        }
        if update.stopped {
            self.speaking = false;
            let gated = Mono(now.0.saturating_sub(self.hearing.min_silence.as_nanos() as u64));
            self.speech_until = Some(gated.max(self.speech_since));
        }
        if self.speaking {
            self.level = self.level.max(rms(frame.samples()));
            self.frames += 1;
            self.certain += u32::from(update.probability >= CERTAIN);
        }
        if self.turn_began.is_none() && !self.speaking {
            // Trimmed in strides, so that the shift costs little.
            let keep = samples(self.hearing.pre_roll + self.hearing.min_speech);
            if self.audio.len() > 2 * keep {
                self.audio.drain(..self.audio.len() - keep);
            }
        }
        update
    }

    /// How long there was speech in this turn. Neither pauses in it nor the silence after it make it longer.
    pub(crate) fn length(&self) -> Duration {
        self.spoken_before + self.voiced_until.since(self.speech_since)
    }

    /// All speech so far has been sent to be recognised.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked_at > self.voiced_until
    }

    /// There has been a pause like those between words, and nobody has asked what was said.
    pub(crate) fn may_be_over(&self, now: Mono) -> bool {
        self.speaking && !self.is_asked() && now.since(self.voiced_until) >= WORD_PAUSE
    }

    /// Whether it is the other party that speaks, and to this one: neither a cough nor somebody across the room.
    pub(crate) fn is_addressed(&self) -> bool {
        let near = self.level >= ELSEWHERE * self.usual_level;
        near && self.certain > 0 || self.length() >= INSISTENT
    }

    /// Whether it is clear without its words that it is speech: neither barking nor a fit of coughs.
    pub(crate) fn is_clear(&self) -> bool {
        self.certain * CERTAIN_ONE_IN >= self.frames || self.length() >= INSISTENT
    }

    /// The stretch was, or ended, a turn: so loud is the other party.
    pub(crate) fn learn_level(&mut self) {
        self.usual_level = if self.usual_level == 0.0 { self.level } else { (self.usual_level * self.level).sqrt() };
    }

    /// The words of this turn so far.
    pub(crate) fn text(&self) -> String {
        match (self.earlier.is_empty(), self.latest.is_empty()) {
            (true, _) => self.latest.clone(),
            (false, true) => self.earlier.clone(),
            (false, false) => format!("{} {}", self.earlier, self.latest),
        }
    }

    /// The next piece of the present speech for a recogniser that streams: the number it will be asked about under, where
    /// the piece lies, and its samples. What was said before the speech was noticed comes first.
    pub(crate) fn next_piece(&mut self) -> Option<(u32, usize, Vec<i16>)> {
        let from = self.streamed;
        let audio = self.audio.get(from..).filter(|rest| self.speaking && rest.len() >= PIECE)?.to_vec();
        self.streamed = self.audio.len();
        Some((self.utterance + 1, from, audio))
    }

    /// A recogniser that streams has heard something of this turn.
    pub(crate) fn is_streamed(&self) -> bool {
        self.streamed > 0
    }

    /// Words of the present speech that are not final yet, with those before it.
    pub(crate) fn overheard(&self, utterance: u32, text: &str) -> Option<String> {
        let current = self.speaking && utterance == self.utterance + 1;
        let words = [self.earlier.as_str(), text.trim()].join(" ");
        (current && !text.trim().is_empty()).then(|| words.trim().to_string())
    }

    /// A new number, and the sound to recognise under it.
    pub(crate) fn ask(&mut self, now: Mono) -> (u32, Arc<[i16]>) {
        self.asked_at = now;
        self.asked = self.audio.len();
        self.utterance += 1;
        self.awaited = true;
        (self.utterance, self.audio.as_slice().into())
    }

    /// The sound asked about last, for another try under the same number.
    pub(crate) fn ask_again(&self) -> Arc<[i16]> {
        self.audio.as_slice().into()
    }

    /// The words of the sound asked about last.
    pub(crate) fn recognised(&mut self, now: Mono, text: &str) {
        self.awaited = false;
        self.retries = 0;
        self.recognised_at = Some(now);
        self.latest = text.trim().to_string();
        // What goes on without a pause is cut where it was asked about, or it would be asked about for ever, and grow.
        let endless = self.speaking && self.asked > 2 * samples(self.hearing.max_utterance);
        if self.audio.len() > samples(self.hearing.max_utterance) && !self.speaking || endless {
            self.earlier = self.text();
            self.latest.clear();
            let known = if endless { self.asked.min(self.audio.len()) } else { self.audio.len() };
            self.audio.drain(..known);
            self.streamed = 0;
        }
    }

    /// The words of this turn, from whoever recognises them.
    pub(crate) fn set_words(&mut self, now: Mono, text: String) {
        self.recognised_at = Some(now);
        self.latest = text;
    }

    /// Somebody else keeps the sound of this turn.
    pub(crate) fn forget_sound(&mut self) {
        self.audio.clear();
    }

    /// The turn has become so long that it must be sent off, pause or not; this bounds the memory of endless noise.
    pub(crate) fn is_overlong(&self) -> bool {
        self.audio.len() > 2 * samples(self.hearing.max_utterance)
    }

    /// The turn is over, or was none: the next sound belongs to the next one.
    pub(crate) fn reset(&mut self) {
        let keep = samples(self.hearing.pre_roll).min(self.audio.len());
        let tail = self.audio.split_off(self.audio.len() - keep);
        // A new buffer: a long turn must not hold its memory for the rest of the call.
        self.audio = tail;
        self.streamed = 0;
        self.earlier.clear();
        self.latest.clear();
        self.awaited = false;
        self.retries = 0;
        self.turn_began = None;
        self.speech_until = None;
        self.recognised_at = None;
        self.aside = false;
    }
}

fn rms(samples: &[i16]) -> f32 {
    let energy: i64 = samples.iter().map(|&s| i64::from(s) * i64::from(s)).sum();
    (energy as f32 / samples.len().max(1) as f32).sqrt()
}

fn samples(length: std::time::Duration) -> usize {
    (length.as_secs_f64() * RATE as f64) as usize
}
