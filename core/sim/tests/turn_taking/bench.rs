//! One session, driven frame by frame.

use duologue_ids::Mono;
use duologue_media::Frame;
use duologue_voice::{EffectRunner, Event, Input, Output, Session, SessionConfig};
use std::collections::VecDeque;

/// A session whose answers come from a script, driven by frames.
pub(crate) struct Bench<R> {
    pub(crate) session: Session,
    pub(crate) runner: R,
    due: VecDeque<(Mono, Input)>,
    pub(crate) now: Mono,
    pub(crate) events: Vec<(Mono, Event)>,
    pub(crate) played: Vec<i16>,
}

impl<R: EffectRunner> Bench<R> {
    pub(crate) fn new(config: SessionConfig, runner: R) -> Bench<R> {
        Bench::with(Session::new(config).expect("valid"), runner)
    }

    pub(crate) fn with(session: Session, runner: R) -> Bench<R> {
        let mut bench =
            Bench { session, runner, due: VecDeque::new(), now: Mono::ZERO, events: Vec::new(), played: Vec::new() };
        bench.feed(Input::Start);
        bench
    }

    pub(crate) fn feed(&mut self, input: Input) -> bool {
        self.session.handle(self.now, input);
        let mut played = false;
        loop {
            match self.session.poll() {
                Output::Effect(effect) => {
                    for (after, input) in self.runner.perform(self.now, effect) {
                        self.due.push_back((self.now + after, input));
                    }
                    self.due.make_contiguous().sort_by_key(|d| d.0);
                }
                Output::Event(event) => self.events.push((self.now, event)),
                Output::Play(frame) => {
                    self.played.extend_from_slice(frame.samples());
                    played = true;
                }
                Output::Timeout(_) => return played,
            }
        }
    }

    /// One tick; says whether a frame was played.
    pub(crate) fn hear(&mut self, frame: Frame) -> bool {
        self.now += duologue_media::FRAME;
        while self.due.front().is_some_and(|d| d.0 <= self.now) {
            if let Some((_, input)) = self.due.pop_front() {
                self.feed(input);
            }
        }
        self.feed(Input::Audio(frame))
    }

    pub(crate) fn quiet(&mut self, ticks: usize) -> usize {
        (0..ticks).filter(|_| self.hear(Frame::silence(16_000))).count()
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|(_, e)| wanted(e)).count()
    }
}

pub(crate) fn frames(samples: &[i16]) -> Vec<Frame> {
    samples.chunks_exact(320).map(|c| Frame::new(16_000, c.to_vec()).expect("20 ms")).collect()
}
