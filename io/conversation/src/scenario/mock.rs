use super::phrase::same_value;
use super::{Effect, Mock, MockCase};
use duologue_chat::ToolOutcome;
use serde_json::{Map, Value};
use std::time::Duration;

/// What a mocked tool does when it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct MockAnswer {
    /// How long the answer takes. Longer than the tool's timeout, and the caller will have given up.
    pub after: Duration,
    /// The answer.
    pub outcome: ToolOutcome,
}

impl Mock {
    /// The answer to a call. Arguments that are no object fit only a case that asks for none.
    pub fn answer(&self, arguments: &Value) -> MockAnswer {
        let none = Map::new();
        let given = arguments.as_object().unwrap_or(&none);
        let case = self.case(given);
        let (result, error) = match case {
            Some(case) => (&case.result, &case.error),
            None => (&self.result, &self.error),
        };
        let outcome = match (result, error) {
            (Some(result), _) => ToolOutcome::Ok(result.clone()),
            (None, Some(error)) => ToolOutcome::Error(error.clone()),
            (None, None) => ToolOutcome::Error("nothing is known for these arguments".to_owned()),
        };
        let ms = case.and_then(|c| c.latency_ms).unwrap_or(self.latency_ms);
        MockAnswer { after: Duration::from_millis(ms.into()), outcome }
    }
}

impl Mock {
    /// What a call with these arguments does to back ends, if it succeeds.
    pub(super) fn effects(&self, arguments: &Map<String, Value>) -> &[Effect] {
        self.case(arguments).map_or(&self.effects, |case| &case.effects)
    }

    fn case(&self, arguments: &Map<String, Value>) -> Option<&MockCase> {
        self.cases.iter().find(|case| holds(arguments, &case.when))
    }
}

/// Whether `given` has all of `wanted`, be there more or not.
pub(super) fn holds(given: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| given.get(key).is_some_and(|g| same_value(g, value)))
}
