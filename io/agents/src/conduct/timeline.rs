//! What happened in a room, put in order: sound, and what agents tell of it, come on ways of different length.

use duologue_ids::Mono;
use duologue_media::Packet;
use duologue_voice::Event;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that one side did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Packet(Packet),
    Event(Event),
    /// It was understood like this, by the other side, which tells no more about it.
    Understood(String),
}

#[derive(Debug)]
struct Item {
    at: Mono,
    /// Of several at once the one that came first.
    number: u64,
    side: usize,
    what: What,
}

/// Holds things back until nothing earlier is to be expected.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    items: BinaryHeap<Item>,
    numbered: u64,
}

impl Timeline {
    pub(crate) fn put(&mut self, at: Mono, side: usize, what: What) {
        self.numbered += 1;
        self.items.push(Item { at, number: self.numbered, side, what });
    }

    /// When the earliest one was that fits.
    pub(crate) fn first(&self, fits: impl Fn(&What) -> bool) -> Option<Mono> {
        self.items.iter().filter(|item| fits(&item.what)).map(|item| item.at).min()
    }

    /// The earliest, where it was at `until` or before.
    pub(crate) fn take(&mut self, until: Mono) -> Option<(Mono, usize, What)> {
        if self.items.peek()?.at > until {
            return None;
        }
        self.items.pop().map(|item| (item.at, item.side, item.what))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Item) -> Ordering {
        // The heap gives its greatest.
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Item) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Item {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_disorder_leaves_in_order_and_not_too_soon() {
        let mut line = Timeline::default();
        let at = Mono::from_millis;
        for (ms, side) in [(30, 0), (10, 1), (20, 0), (10, 0), (40, 1)] {
            line.put(at(ms), side, What::Understood(String::new()));
        }
        let taken: Vec<_> =
            std::iter::from_fn(|| line.take(at(30))).map(|(at, side, _)| (at.as_millis(), side)).collect();
        assert_eq!(taken, [(10, 1), (10, 0), (20, 0), (30, 0)]);
        assert_eq!(line.take(at(39)), None);
        assert!(line.take(at(40)).is_some());
    }
}
