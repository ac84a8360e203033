mod delay;
mod queue;
mod timeline;
pub(crate) mod voice;

use crate::fade;
use crate::frame::{FRAMES_PER_SECOND, Frame};
use crate::packet::Packet;
use delay::Delay;
use duologue_ids::Mono;
use queue::{Queue, Waiting};
use std::time::Duration;
use timeline::{Place, Timeline};
use voice::{Voice, sound_ticks};

/// Ticks of the 48 kHz timeline in 20 ms.
const FRAME_TICKS: i64 = 960;
/// A packet this much before its turn, 1 ms, is played at once.
const SLACK: i64 = 48;
/// After this much silence, 100 ms, the decoder starts anew.
const FRESH_START: i64 = 4_800;

/// How an [`Ear`] trades delay against loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarConfig {
    /// Delay at first, and the least later on.
    pub delay: Duration,
    /// Most delay that jitter may cause.
    pub max_delay: Duration,
    /// Most made-up sound in a row.
    pub max_concealment: Duration,
}

impl Default for EarConfig {
    /// 40 ms, 200 ms and 60 ms.
    fn default() -> EarConfig {
        let ms = Duration::from_millis;
        EarConfig { delay: ms(40), max_delay: ms(200), max_concealment: ms(60) }
    }
}

/// What a frame heard is made of; a frame of several kinds counts as the last in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeardKind {
    /// Nobody speaks, or nothing can be made up any more.
    Silence,
    /// Made up in place of lost sound.
    Concealed,
    /// As it was sent.
    Received,
}

/// 20 ms of what the other party said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The sound.
    pub frame: Frame,
    /// Where it is from.
    pub kind: HeardKind,
}

/// Counters since the start, and the state of the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EarStats {
    /// Packets that came in, whatever became of them.
    pub received: u64,
    /// Packets that came after their time, or belong to no stream.
    pub late: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that never came, as far as gaps in the sequence tell.
    pub lost: u64,
    /// Packets whose payload made no sense.
    pub corrupt: u64,
    /// Packets thrown away since more waited than `max_delay`, or than fits.
    pub skipped: u64,
    /// Frames that were made up.
    pub concealed: u64,
    /// Time from the shortest way's arrival to playing, of the last frame played.
    pub delay: Duration,
    /// What `delay` shall become.
    pub target: Duration,
}

/// Turns packets, in whatever order and at whatever times they arrive, into one frame every 20 ms.
///
/// A jitter buffer and a decoder straight to the rate wanted. It waits a little (see [`EarConfig`]) so that packets which
/// are late or out of order still come in time:
///
/// - At the start of speech, the first packet is played a target delay after it would have come on the shortest way. So
///   a pause lasts as long as it was made, whatever jitter its ends had. The target follows the jitter seen, so pauses
///   are also where delay shrinks again.
/// - A packet that is missing while later ones are there is lost: it is made up for, up to 60 ms in a row, and comes too
///   late afterwards. Where the delay is to grow anyway, or nothing is known of the path yet, its place is held first.
/// - When nothing is there at all and the sound was not over, the next packet may be late rather than lost: sound is made
///   up, and if it does come, it is still played. Delay has then grown by what was made up.
/// - What waits is bounded; of too much, the oldest goes.
pub struct Ear {
    rate: u32,
    max_concealment: i64,
    timeline: Timeline,
    delay: Delay,
    queue: Queue,
    voice: Voice,
    playing: bool,
    /// Media time up to which everything was played or given up.
    next: Option<i64>,
    last_sequence: Option<i64>,
    /// Ticks made up in a row; of these, ticks for which `next` was held in place; ticks of silence in a row.
    concealed: i64,
    held: i64,
    silent: i64,
    /// Samples ready but not yet pulled, and what they are.
    ready: Vec<i16>,
    ready_kind: HeardKind,
    stats: EarStats,
}

impl Ear {
    /// An ear that hears at `rate` Hz: 8, 16, 24 or 48 kHz; anything else becomes 16 kHz.
    pub fn new(rate: u32, config: EarConfig) -> Ear {
        let rate = Frame::silence(rate).rate();
        let delay = Delay::new(ticks(config.delay), ticks(config.max_delay));
        Ear {
            rate,
            max_concealment: ticks(config.max_concealment),
            timeline: Timeline::default(),
            delay,
            queue: Queue::default(),
            voice: Voice::new(rate),
            playing: false,
            next: None,
            last_sequence: None,
            concealed: 0,
            held: 0,
            silent: FRESH_START,
            ready: Vec::new(),
            ready_kind: HeardKind::Silence,
            stats: EarStats::default(),
        }
    }

    /// Takes a packet that arrived at `now`.
    pub fn push(&mut self, now: Mono, packet: Packet) {
        self.stats.received += 1;
        let Some(length) = sound_ticks(&packet) else {
            self.stats.corrupt += 1;
            return;
        };
        let arrival = instant(now);
        let end = self.queue.end().max(self.next);
        let (sequence, media) = match self.timeline.place(&packet, arrival, self.delay.base().unwrap_or(0), end) {
            Place::At { sequence, media } => (sequence, media),
            Place::Duplicate => return self.stats.duplicates += 1,
            Place::Nowhere => return self.stats.late += 1,
        };
        self.delay.arrived(arrival - media);
        if self.next.is_some_and(|next| media + length <= next) {
            self.stats.late += 1;
            if self.last_sequence.is_some_and(|last| sequence < last) {
                self.stats.lost = self.stats.lost.saturating_sub(1);
            }
            return;
        }
        let waiting = Waiting { sequence, ticks: length, codec: packet.codec, payload: packet.payload };
        match self.queue.insert(media, waiting) {
            Some(dropped) => self.stats.skipped += dropped,
            None => self.stats.duplicates += 1,
        }
    }

    /// The next 20 ms; to be called every 20 ms.
    pub fn pull(&mut self, now: Mono) -> Heard {
        let now = instant(now);
        let wanted = (self.rate / FRAMES_PER_SECOND) as usize;
        let mut kind = if self.ready.is_empty() { HeardKind::Silence } else { self.ready_kind };
        while self.ready.len() < wanted {
            let at = now + self.ticks_of(self.ready.len());
            self.ready_kind = self.step(at, wanted - self.ready.len());
            kind = kind.max(self.ready_kind);
        }
        let rest = self.ready.split_off(wanted);
        let samples = std::mem::replace(&mut self.ready, rest);
        self.stats.concealed += u64::from(kind == HeardKind::Concealed);
        Heard { frame: Frame::new(self.rate, samples).unwrap_or_else(|_| Frame::silence(self.rate)), kind }
    }

    /// Counters and delay.
    pub fn stats(&self) -> EarStats {
        EarStats { target: duration(self.delay.target()), ..self.stats }
    }

    /// Puts some sound into `ready`, or a packet out of the way. `at` is when that sound will be played; `room` is what
    /// the frame still lacks.
    fn step(&mut self, at: i64, room: usize) -> HeardKind {
        let Some(next) = self.next.filter(|_| self.playing) else { return self.wait(at, room) };
        let next = self.skip_backlog(next);
        let Some((media, first)) = self.queue.first() else { return self.run_dry(at, room) };
        let missing = self.last_sequence.is_some_and(|last| first.sequence > last + 1);
        if missing && media - next > SLACK && self.lag(at) + FRAME_TICKS <= self.delay.bearable() {
            return self.cover((media - next).min(FRAME_TICKS), true);
        }
        // What was made up while nothing was there stands in for packets that turn out to be lost.
        let next = next + self.held.min((media - next).max(0));
        if media - next <= SLACK {
            return self.play(at);
        }
        if !missing {
            self.playing = false;
            return self.wait(at, room);
        }
        self.held = 0;
        self.next = Some(next);
        self.cover((media - next).min(FRAME_TICKS), false)
    }

    /// Between two stretches of speech: silence, until the first packet of the next is due.
    fn wait(&mut self, at: i64, room: usize) -> HeardKind {
        let due = self.queue.first().map(|(media, _)| media + self.base() + self.delay.target());
        match due {
            Some(due) if due <= at + FRAME_TICKS / 2 => self.begin(at),
            _ => self.hush(room),
        }
    }

    fn begin(&mut self, at: i64) -> HeardKind {
        let Some((media, _)) = self.queue.first() else { return HeardKind::Silence };
        self.playing = true;
        self.next = Some(media);
        self.skip_backlog(media);
        if self.silent >= FRESH_START {
            self.voice.restart();
        }
        self.play(at)
    }

    /// Nothing waits. Sound that is over needs nothing; else the next packet may just be late, and the place is held for
    /// it as long as the delay allows.
    fn run_dry(&mut self, at: i64, room: usize) -> HeardKind {
        let over = self.concealed == 0 && self.voice.ends_quietly();
        if over || self.concealed >= self.max_concealment {
            self.playing = false;
            return self.hush(room);
        }
        let hold = self.lag(at) + FRAME_TICKS <= self.delay.most();
        self.cover(FRAME_TICKS, hold)
    }

    /// Plays the first packet.
    fn play(&mut self, at: i64) -> HeardKind {
        let Some((media, packet)) = self.queue.pop() else { return HeardKind::Silence };
        self.stats.delay = duration(at - self.base() - media);
        if let Some(last) = self.last_sequence {
            self.stats.lost += u64::try_from(packet.sequence - last - 1).unwrap_or(0);
        }
        self.last_sequence = self.last_sequence.max(Some(packet.sequence));
        self.held = 0;
        if self.voice.decode(packet.codec, &packet.payload, &mut self.ready).is_err() {
            self.stats.corrupt += 1;
            self.next = Some(media);
            return self.cover(packet.ticks.min(FRAME_TICKS), false);
        }
        (self.concealed, self.silent) = (0, 0);
        self.next = Some(media + packet.ticks);
        HeardKind::Received
    }

    /// Stands in for lost sound of `length` ticks, or for its beginning: made up while that is allowed, then silence.
    fn cover(&mut self, length: i64, hold: bool) -> HeardKind {
        let left = self.max_concealment - self.concealed;
        // Opus makes up whole pieces of 2.5 ms.
        let length = if left > 0 { (length.min(left) + 119) / 120 * 120 } else { length };
        if hold {
            self.held += length;
        } else {
            self.next = self.next.map(|next| next + length);
        }
        let samples = self.samples_of(length);
        if left <= 0 {
            return self.hush(samples);
        }
        self.concealed += length;
        let start = self.ready.len();
        self.voice.conceal(samples, &mut self.ready);
        if self.concealed >= self.max_concealment {
            fade::ramp(&mut self.ready[start..], 1.0, 0.0);
            self.voice.faded_out();
        }
        HeardKind::Concealed
    }

    fn hush(&mut self, samples: usize) -> HeardKind {
        self.silent = self.silent.saturating_add(self.ticks_of(samples));
        self.voice.silence(samples, &mut self.ready);
        HeardKind::Silence
    }

    /// More waits than the longest delay allows: the sender ran ahead, or a jam dissolved. The oldest goes. Returns where
    /// playing goes on.
    fn skip_backlog(&mut self, mut next: i64) -> i64 {
        let allowed = self.delay.most() + 2 * FRAME_TICKS;
        while self.queue.len() > 1 && self.queue.end().is_some_and(|end| end - next > allowed) {
            let Some((_, skipped)) = self.queue.pop() else { break };
            self.stats.skipped += 1;
            self.last_sequence = self.last_sequence.max(Some(skipped.sequence));
            next = self.queue.first().map_or(next, |(media, _)| media);
            self.next = Some(next);
            self.held = 0;
        }
        next
    }

    fn base(&self) -> i64 {
        self.delay.base().unwrap_or(0)
    }

    /// How long after its arrival on the shortest way the sound at `next` is played at `at`.
    fn lag(&self, at: i64) -> i64 {
        self.next.map_or(0, |next| at - self.base() - next)
    }

    fn ticks_of(&self, samples: usize) -> i64 {
        samples as i64 * 48_000 / i64::from(self.rate)
    }

    fn samples_of(&self, ticks: i64) -> usize {
        usize::try_from(ticks * i64::from(self.rate) / 48_000).unwrap_or(0)
    }
}

/// A time in ticks of 48 kHz.
fn instant(at: Mono) -> i64 {
    (at.0 / 125_000 * 6 + at.0 % 125_000 * 6 / 125_000) as i64
}

fn ticks(length: Duration) -> i64 {
    instant(Mono::ZERO + length)
}

fn duration(ticks: i64) -> Duration {
    Duration::from_nanos(u64::try_from(ticks).unwrap_or(0).saturating_mul(125_000) / 6)
}

#[cfg(test)]
mod tests;
