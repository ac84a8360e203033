use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Answers that are remembered for a while, by agent, capability and parameters. Of more than [`Cache::MOST`], the oldest go.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    answers: HashMap<Key, (Value, Instant)>,
    order: VecDeque<(Key, Instant)>,
}

/// What a call asks: who asks it of whom in whose name, which capability, and with which parameters, as JSON. Keys of objects are in
/// order, so that the same parameters are the same text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The SPIFFE id and the address.
    pub(crate) agent: (String, String),
    /// Who called before: an agent may answer each of them differently.
    pub(crate) callers: Vec<String>,
    /// Its name.
    pub(crate) capability: String,
    /// As JSON.
    pub(crate) params: String,
}

impl Cache {
    /// Answers at once.
    const MOST: usize = 10_000;

    /// The answer, if it is still good.
    pub(crate) fn get(&self, key: &Key, now: Instant) -> Option<Value> {
        self.answers.get(key).filter(|(_, until)| now < *until).map(|(answer, _)| answer.clone())
    }

    /// Remembers an answer for so long.
    pub(crate) fn put(&mut self, key: Key, answer: Value, good: Duration, now: Instant) {
        let until = now + good;
        self.answers.insert(key.clone(), (answer, until));
        self.order.push_back((key, until));
        while self.order.len() > Self::MOST || self.order.front().is_some_and(|(_, until)| *until <= now) {
            let Some((key, until)) = self.order.pop_front() else { break };
            // Unless it was remembered anew.
            if self.answers.get(&key).is_some_and(|(_, newer)| *newer == until) {
                self.answers.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(params: usize) -> Key {
        let agent = ("spiffe://example.org/worker".to_owned(), "https://worker".to_owned());
        Key { agent, callers: Vec::new(), capability: "count".to_owned(), params: params.to_string() }
    }

    #[test]
    fn an_answer_is_good_for_its_time_and_for_its_question() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put(key(1), Value::from("one"), Duration::from_secs(5), now);
        assert_eq!(cache.get(&key(1), now), Some(Value::from("one")));
        assert_eq!(cache.get(&key(2), now), None);
        assert_eq!(cache.get(&Key { callers: vec!["spiffe://example.org/a".to_owned()], ..key(1) }, now), None);
        assert_eq!(cache.get(&key(1), now + Duration::from_secs(5)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for number in 0..Cache::MOST + 10 {
            cache.put(key(number), Value::from(number), Duration::from_secs(60), now);
        }
        assert_eq!(cache.answers.len(), Cache::MOST);
        assert_eq!(cache.get(&key(0), now), None, "the oldest went");
        assert!(cache.get(&key(Cache::MOST), now).is_some());
        cache.put(key(0), Value::Null, Duration::from_secs(60), now + Duration::from_secs(61));
        assert_eq!((cache.answers.len(), cache.order.len()), (1, 1), "what is over is forgotten");
    }
}
