use duologue_ids::Mono;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is due when; things due at the same time come out in the order in which they went in.
#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    pushed: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Mono,
    order: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { heap: BinaryHeap::new(), pushed: 0 }
    }
}

impl<T> Queue<T> {
    /// Makes `what` due at `at`.
    pub fn push(&mut self, at: Mono, what: T) {
        self.pushed += 1;
        self.heap.push(Reverse(Entry { at, order: self.pushed, what }));
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<Mono> {
        self.heap.peek().map(|Reverse(e)| e.at)
    }

    /// The next thing due at `now` or before, with its time.
    pub fn pop_due(&mut self, now: Mono) -> Option<(Mono, T)> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(e)| (e.at, e.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_first_and_among_equals_first_come_first_served() {
        let mut q = Queue::default();
        q.push(Mono(5), 'c');
        q.push(Mono(1), 'a');
        q.push(Mono(5), 'd');
        assert_eq!(q.pop_due(Mono(4)), Some((Mono(1), 'a')));
        assert_eq!(q.pop_due(Mono(4)), None);
        assert_eq!((q.pop_due(Mono(9)), q.pop_due(Mono(9))), (Some((Mono(5), 'c')), Some((Mono(5), 'd'))));
    }
}
