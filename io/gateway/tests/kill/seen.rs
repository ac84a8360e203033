//! What a subscriber has seen of a task.

use serde_json::Value;

/// The events, in the order in which they came.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) task: String,
    /// The number of the last one.
    pub(crate) last: u64,
    numbers: Vec<String>,
    states: Vec<String>,
    pub(crate) is_over: bool,
}

impl Seen {
    /// Nothing of a task that is known.
    pub(crate) fn of(task: &str) -> Seen {
        Seen { task: task.to_owned(), ..Seen::default() }
    }

    /// Takes an event in, which must be the next one.
    pub(crate) fn take(&mut self, number: u64, event: &Value) {
        assert_eq!(number, self.last + 1, "after event {} of {} came {event}", self.last, self.task);
        self.last = number;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(task) = event.get("task") {
            self.task = text(&task["id"]);
            self.states.push(text(&task["status"]["state"]));
        } else if let Some(update) = event.get("statusUpdate") {
            self.states.push(text(&update["status"]["state"]));
        } else {
            self.numbers.push(text(&event["artifactUpdate"]["artifact"]["parts"][0]["text"]));
        }
        self.is_over = self.states.last().is_some_and(|state| state == "TASK_STATE_COMPLETED");
        assert!(self.is_over || !self.states.last().is_some_and(|state| state.contains("FAILED")), "{event}");
    }

    /// The whole list, of a task that was to count to `most`.
    pub(crate) fn check(&self, most: u64) {
        let numbers: Vec<String> = (1..=most).map(|number| number.to_string()).collect();
        assert_eq!(self.numbers, numbers, "{}", self.task);
        assert_eq!(
            self.states,
            ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED"],
            "{}",
            self.task
        );
        assert_eq!(self.last, most + 3, "{}", self.task);
    }
}
