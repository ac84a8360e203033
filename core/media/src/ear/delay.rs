use super::FRAME_TICKS;

/// Packets whose lateness counts: 1.3 s of speech.
const WINDOW: usize = 64;
/// Packets after which a shorter way is forgotten: the sender's clock may run slower than ours, or the route change.
const WAY_WINDOW: u32 = 256;
/// Part of the packets that should come in time without concealment.
const IN_TIME: usize = 95;
/// The same as long as fewer are known, so that a single stray does not count: 5 % of them would be none.
const IN_TIME_AT_FIRST: usize = 90;
/// Packets, 160 ms of them, after which something is known of the path.
const ACQUAINTED: u32 = 8;

/// Learns from arrivals how long to wait before playing.
///
/// *Transit* is arrival minus media time: an unknown offset between two clocks plus the way. Its minimum over the last
/// packets is the shortest way, and what a packet has above it is its *lateness*. The target delay lets 95 % of the last
/// 64 packets come in time, in whole frames; as long as there were fewer, 90 % of those.
pub(crate) struct Delay {
    least: i64,
    most: i64,
    shortest: Option<[i64; 2]>,
    counted: u32,
    transits: [i64; WINDOW],
    next: usize,
    target: i64,
}

impl Delay {
    /// Bounds in ticks.
    pub(crate) fn new(least: i64, most: i64) -> Delay {
        let most = most.max(least);
        Delay { least, most, shortest: None, counted: 0, transits: [0; WINDOW], next: 0, target: least }
    }

    /// The shortest way seen lately, or `None` before the first packet.
    pub(crate) fn base(&self) -> Option<i64> {
        self.shortest.map(|[previous, current]| previous.min(current))
    }

    /// How long after the shortest way a packet shall be played, in ticks.
    pub(crate) fn target(&self) -> i64 {
        self.target
    }

    /// The longest delay allowed, in ticks.
    pub(crate) fn most(&self) -> i64 {
        self.most
    }

    /// To what delay a packet that is missing may be waited for while later ones are there, in ticks: as long as nothing
    /// is known of the path, it is as likely to be late as to be lost.
    pub(crate) fn bearable(&self) -> i64 {
        if self.counted < ACQUAINTED { self.target.max(self.most / 2) } else { self.target }
    }

    /// Counts a packet.
    pub(crate) fn arrived(&mut self, transit: i64) {
        let [previous, current] = self.shortest.unwrap_or([transit; 2]);
        self.counted += 1;
        self.shortest = Some(if self.counted.is_multiple_of(WAY_WINDOW) {
            [current.min(transit), transit]
        } else {
            [previous, current.min(transit)]
        });
        self.transits[self.next] = transit;
        self.next = (self.next + 1) % WINDOW;
        self.target = self.learn(self.base().unwrap_or(transit));
    }

    fn learn(&self, base: i64) -> i64 {
        let known = WINDOW.min(self.counted as usize);
        let mut sorted = self.transits;
        let sorted = &mut sorted[..known];
        // On a link without jitter, the common case in process, there is nothing to sort.
        if sorted.iter().all(|&transit| transit - base <= self.least - FRAME_TICKS) {
            return self.least;
        }
        let in_time = if known < WINDOW { IN_TIME_AT_FIRST } else { IN_TIME };
        let (_, transit, _) = sorted.select_nth_unstable(known * in_time / 100);
        let late = (*transit - base).max(0);
        // A frame on top: a packet is needed up to one frame before its turn would come in continuous time.
        let frames = (late + FRAME_TICKS).div_euclid(FRAME_TICKS) + i64::from(late.rem_euclid(FRAME_TICKS) > 0);
        (frames * FRAME_TICKS).clamp(self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay() -> Delay {
        Delay::new(2 * FRAME_TICKS, 10 * FRAME_TICKS)
    }

    #[test]
    fn a_steady_way_needs_no_more_than_the_least() {
        let mut d = delay();
        (0..300).for_each(|_| d.arrived(7_000));
        assert_eq!((d.target(), d.base()), (2 * FRAME_TICKS, Some(7_000)));
    }

    #[test]
    fn jitter_raises_the_target_and_calm_lowers_it() {
        let mut d = delay();
        (0..100).for_each(|i| d.arrived(if i % 10 == 0 { 3_000 } else { 0 }));
        assert_eq!(d.target(), 5 * FRAME_TICKS, "62.5 ms late and a frame, in whole frames");
        (0..64).for_each(|_| d.arrived(0));
        assert_eq!(d.target(), 2 * FRAME_TICKS);
        (0..100).for_each(|i| d.arrived(i % 2 * 48_000));
        assert_eq!(d.target(), 10 * FRAME_TICKS, "never beyond the bound");
    }

    #[test]
    fn the_first_packets_tell_at_once_how_late_packets_are() {
        let mut d = delay();
        d.arrived(7_000);
        assert_eq!((d.target(), d.bearable()), (2 * FRAME_TICKS, 5 * FRAME_TICKS), "half of the most");
        // The first was late itself: that shows as soon as another is faster.
        d.arrived(4_120);
        assert_eq!((d.target(), d.base()), (4 * FRAME_TICKS, Some(4_120)));
        (0..6).for_each(|_| d.arrived(4_120));
        assert_eq!(d.bearable(), 4 * FRAME_TICKS);
    }

    #[test]
    fn one_stray_packet_changes_nothing() {
        let mut d = delay();
        (0..100).for_each(|i| d.arrived(if i == 50 { 9_000 } else { 0 }));
        assert_eq!(d.target(), 2 * FRAME_TICKS);
    }

    #[test]
    fn a_way_that_became_longer_is_learnt() {
        let mut d = delay();
        (0..100).for_each(|_| d.arrived(0));
        (0..600).for_each(|_| d.arrived(4_800));
        assert_eq!((d.base(), d.target()), (Some(4_800), 2 * FRAME_TICKS));
    }
}
