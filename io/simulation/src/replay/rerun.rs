use super::ReplayError;
use super::answers::Answers;
use super::hearing::{AsHeardThen, Clock};
use super::memory::{Account, Told, median};
use super::recording::Recording;
use duologue_conversation::index;
use duologue_ids::Mono;
use duologue_media::{FRAME, Frame};
use duologue_sim::Queue;
use duologue_voice::{CloseReason, Effect, EffectRunner, HEARING_RATE, Input, Output, Session, SessionConfig};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a session that did not end goes on after the recording.
const AFTER: Duration = Duration::from_secs(3);
/// Two parties of ours tick 10 ms apart, and a frame is heard at the next tick of the other at the earliest.
const APART_MS: u64 = 10;
/// The longest way from one party to the other, in frames.
const LONGEST_WAY: f64 = 50.0;
/// Moments this far apart are not the same one.
const SAME: f64 = 0.6;
/// What is not later by more is the same, see [`super::TOLERANCE_MS`].
const LATE: Duration = Duration::from_millis(60);
const FRAME_SAMPLES: usize = HEARING_RATE as usize / 50;

enum Due {
    Tick,
    Input(Input),
}

/// How long a sound took to the session's ear then: so long that it is heard to begin and end when it was then.
pub(super) fn delay(recording: &Recording) -> Result<Duration, ReplayError> {
    let way = |frames: u64| Duration::from_millis(APART_MS + 20 * frames);
    let tried = 2;
    let now = rerun(recording, recording.config().clone(), way(tried), true)?;
    let now = Account::heard_at(&now);
    let off = Account::heard_at(&recording.account().told).into_iter().filter_map(|(then, speaking)| {
        let same = now.iter().filter(|(_, s)| *s == speaking).map(|(at, _)| then - at);
        same.min_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|off| off.abs() <= SAME)
    });
    let frames = tried as f64 + median(off).unwrap_or(0.0) / FRAME.as_secs_f64();
    Ok(way(frames.round().clamp(0.0, LONGEST_WAY) as u64))
}

/// What the session reports when it hears the recording again, `delay` after it was sent. What is speech is what was
/// taken for it then, unless it `hears_again`.
pub(super) fn rerun(
    recording: &Recording,
    config: SessionConfig,
    delay: Duration,
    hears_again: bool,
) -> Result<Vec<Told>, ReplayError> {
    let clock = Clock::default();
    let session = Session::new(config)?;
    let mut session = match (hears_again, recording.vad()) {
        (true, None) => session,
        (true, Some(vad)) => session.with_vad(vad),
        (false, vad) => session.with_vad(Box::new(AsHeardThen::new(vad, clock.clone(), &recording.account().told))),
    };
    let mut answers = Answers::new(recording);
    let mut queue = Queue::default();
    queue.push(Mono::ZERO, Due::Input(Input::Start));
    queue.push(Mono::from_millis(APART_MS * index(recording.side()) as u64), Due::Tick);
    let until = Mono::ZERO + recording.length() + AFTER;
    queue.push(closing(recording).unwrap_or(until), Due::Input(Input::Close(reason(recording))));
    let mut told = Vec::new();
    while let Some((now, due)) = queue.pop_due(until) {
        clock.store(now.as_millis(), Ordering::Relaxed);
        match due {
            Due::Tick => {
                queue.push(now + FRAME, Due::Tick);
                session.handle(now, Input::Audio(heard(recording.heard(), now, delay)));
            }
            Due::Input(input) => session.handle(now, input),
        }
        for effect in drain(&mut session, now, &mut told, &mut answers) {
            for (after, input) in answers.perform(now, effect) {
                queue.push(now + after, Due::Input(input));
            }
        }
        if session.closed().is_some() {
            break;
        }
    }
    Ok(told)
}

/// Notes what the session reports; what it wants done is returned.
fn drain(session: &mut Session, now: Mono, told: &mut Vec<Told>, answers: &mut Answers<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    loop {
        match session.poll() {
            Output::Effect(effect) => effects.push(effect),
            Output::Event(event) => {
                answers.observe(&event);
                told.push(Told { at: now.as_secs_f64(), event });
            }
            Output::Play(_) => {}
            Output::Timeout(_) => return effects,
        }
    }
}

/// The frame of the recording that is heard at `now`.
fn heard(samples: &[i16], now: Mono, delay: Duration) -> Frame {
    let silence = || Frame::silence(HEARING_RATE);
    let Some(sent) = now.0.checked_sub(delay.as_nanos() as u64) else { return silence() };
    let from = (sent / 1_000 * u64::from(HEARING_RATE) / 1_000_000) as usize;
    let Some(rest) = samples.get(from..) else { return silence() };
    let mut frame = rest[..rest.len().min(FRAME_SAMPLES)].to_vec();
    frame.resize(FRAME_SAMPLES, 0);
    Frame::new(HEARING_RATE, frame).unwrap_or_else(|_| silence())
}

/// When the session is told that it is over: at the time when it was then, and a little later, since what it decided then
/// may come that much later now. One that hung up has to do so by itself.
fn closing(recording: &Recording) -> Option<Mono> {
    let (at, reason) = recording.account().closed?;
    (reason != CloseReason::AgentEnded).then(|| Mono((at.max(0.0) * 1e9) as u64) + LATE)
}

fn reason(recording: &Recording) -> CloseReason {
    let closed = recording.account().closed.map(|(_, reason)| reason);
    closed.filter(|r| *r != CloseReason::AgentEnded).unwrap_or(CloseReason::Cancelled)
}
