//! One clock for the packets of all tracks.
//!
//! A packet says when it was recorded in ticks of its own track. RTCP sender reports (RFC 3550 §6.4.1) say which tick was at
//! which time, on the clock of whoever wrote them: the sender's, or the server's. Until the first report, and where that
//! clock is not the time of day here, the packet that came fastest stands in for it.

use duologue_media::Packet;
use duologue_worker::Heard;
use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

/// Clocks that differ by more than this from ours (with the way) are not synchronised with it, in seconds.
const SYNCHRONISED: f64 = 0.3;
/// A pause of so many ticks lets a track be put anew.
const PAUSE: i64 = 4_800;
/// Ticks of Opus in a second (RFC 7587 §4.1).
const TICKS: f64 = 48_000.0;
/// Arrivals that are remembered.
const REMEMBERED: usize = 250;

/// The time of day, as one clock that never jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    moment: Instant,
    time: SystemTime,
}

impl Wall {
    pub(crate) fn now() -> Wall {
        Wall { moment: Instant::now(), time: SystemTime::now() }
    }

    /// Seconds since this clock was begun.
    pub(crate) fn of_moment(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.moment).as_secs_f64()
            - self.moment.saturating_duration_since(at).as_secs_f64()
    }

    /// The same of a time of day.
    pub(crate) fn of_time(&self, at: SystemTime) -> f64 {
        match at.duration_since(self.time) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        }
    }

    /// The same of microseconds since 1970.
    pub(crate) fn of_unix_us(&self, us: u64) -> f64 {
        self.of_time(SystemTime::UNIX_EPOCH + Duration::from_micros(us))
    }
}

/// How far what somebody's clock says is from ours.
#[derive(Debug, Default)]
pub(crate) struct Skew {
    /// How far what was claimed is behind its arrival: the least is nearest.
    delays: VecDeque<f64>,
}

impl Skew {
    /// What came at `arrived` and claims to be of the time `claimed`: when it was, in seconds by our clock. A clock of its
    /// own is moved to where what came fastest would have come at once.
    pub(crate) fn mend(&mut self, arrived: f64, claimed: f64) -> f64 {
        remember(&mut self.delays, arrived - claimed);
        let delay = least(&self.delays);
        claimed + if delay.abs() > SYNCHRONISED { delay } else { 0.0 }
    }
}

/// Where the packets of one track belong.
#[derive(Debug, Default)]
pub(crate) struct TrackClock {
    /// The newest tick, unwrapped.
    newest: Option<i64>,
    /// The time of tick 0 that is in use.
    zero: Option<f64>,
    /// What arrivals say of the time of tick 0: the least is nearest.
    arrivals: VecDeque<f64>,
    skew: Skew,
}

impl TrackClock {
    /// When this packet was said, in seconds of the wall.
    pub(crate) fn place(&mut self, wall: &Wall, heard: &Heard) -> f64 {
        let tick = self.unwrap(&heard.packet);
        let ticks = tick as f64 / TICKS;
        let pause = self.newest.is_none_or(|newest| tick - newest > PAUSE) || heard.packet.marker;
        self.newest = Some(self.newest.map_or(tick, |newest| newest.max(tick)));
        let arrived = wall.of_moment(heard.at);
        remember(&mut self.arrivals, arrived - ticks);
        let zero = match heard.recorded.map(|recorded| wall.of_time(recorded)) {
            Some(recorded) => self.skew.mend(arrived, recorded) - ticks,
            None => least(&self.arrivals),
        };
        // Within a stretch of speech packets follow each other as they were recorded.
        let used = match self.zero {
            Some(used) if !pause => used,
            _ => *self.zero.insert(zero),
        };
        used + ticks
    }

    fn unwrap(&self, packet: &Packet) -> i64 {
        let Some(newest) = self.newest else { return i64::from(packet.timestamp) };
        let step = packet.timestamp.wrapping_sub(newest as u32) as i32;
        newest + i64::from(step)
    }
}

fn remember(values: &mut VecDeque<f64>, value: f64) {
    if values.len() >= REMEMBERED {
        values.pop_front();
    }
    values.push_back(value);
}

fn least(values: &VecDeque<f64>) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_media::Codec;

    fn heard(wall: &Wall, timestamp: u32, arrives: f64, recorded: Option<f64>) -> Heard {
        let packet = Packet { sequence: 0, timestamp, marker: false, codec: Codec::Opus, payload: vec![0; 40] };
        let seconds = Duration::from_secs_f64;
        Heard { packet, at: wall.moment + seconds(arrives), recorded: recorded.map(|at| wall.time + seconds(at)) }
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-4, "{a} is not {b}");
    }

    #[test]
    fn reports_say_when_it_was_and_jitter_does_not_matter() {
        let wall = Wall::now();
        let mut clock = TrackClock::default();
        for (i, late) in [0.05, 0.03, 0.09, 0.02].into_iter().enumerate() {
            let said = 1.0 + 0.02 * i as f64;
            let packet = heard(&wall, (u32::MAX - 1_000).wrapping_add(960 * i as u32), said + late, Some(said));
            near(clock.place(&wall, &packet), said);
        }
    }

    #[test]
    fn a_clock_that_is_not_ours_is_moved_to_the_fastest_arrival() {
        let wall = Wall::now();
        let mut clock = TrackClock::default();
        near(clock.place(&wall, &heard(&wall, 0, 1.05, Some(7_201.0))), 1.05);
        // After a pause what was learnt is used.
        near(clock.place(&wall, &heard(&wall, 48_000, 2.02, Some(7_202.0))), 2.02);
        near(clock.place(&wall, &heard(&wall, 96_000, 3.09, Some(7_203.0))), 3.02);
    }

    #[test]
    fn before_the_first_report_the_fastest_arrival_stands_in() {
        let wall = Wall::now();
        let mut clock = TrackClock::default();
        near(clock.place(&wall, &heard(&wall, 0, 1.05, None)), 1.05);
        near(clock.place(&wall, &heard(&wall, 960, 1.06, None)), 1.07);
        near(clock.place(&wall, &heard(&wall, 48_960, 2.09, None)), 2.06);
    }
}
