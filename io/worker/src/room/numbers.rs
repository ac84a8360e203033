//! Reliable messages are numbered by their sender; a server that replays them may send some twice.

use std::collections::BTreeMap;

/// Senders that are remembered.
const SENDERS: usize = 4_096;

/// The newest number of each sender.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    newest: BTreeMap<String, u32>,
}

impl Numbers {
    /// Whether a message was not there before. Unnumbered ones (0) always pass.
    pub(crate) fn is_new(&mut self, sender: &str, number: u32) -> bool {
        if number == 0 || sender.is_empty() {
            return true;
        }
        if let Some(newest) = self.newest.get_mut(sender) {
            let new = number > *newest;
            *newest = number.max(*newest);
            return new;
        }
        if self.newest.len() >= SENDERS {
            self.newest.pop_first();
        }
        self.newest.insert(sender.to_owned(), number);
        true
    }

    pub(crate) fn forget(&mut self, sender: &str) {
        self.newest.remove(sender);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, u32)> {
        self.newest.iter().map(|(sender, number)| (sender.as_str(), *number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replayed_messages_are_known() {
        let mut numbers = Numbers::default();
        let new = [("a", 1), ("a", 2), ("b", 2), ("a", 2), ("a", 1), ("a", 5), ("a", 0), ("", 1), ("", 1)]
            .map(|(sender, number)| numbers.is_new(sender, number));
        assert_eq!(new, [true, true, true, false, false, true, true, true, true]);
    }

    #[test]
    fn many_senders_take_bounded_memory() {
        let mut numbers = Numbers::default();
        (0..SENDERS * 2).for_each(|n| assert!(numbers.is_new(&format!("PA_{n}"), 1)));
        assert_eq!(numbers.newest.len(), SENDERS);
    }
}
