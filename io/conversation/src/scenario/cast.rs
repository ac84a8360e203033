use super::{Agent, CourseStep, MockAnswer, Opens, Persona, Scenario, Side};
use duologue_chat::ToolSpec;
use duologue_score::{Entity, EntityKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A scenario with the two personas that play it, checked, and with names and facts in place of placeholders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CastScenario {
    scenario: Scenario,
    support: Persona,
    customer: Persona,
}

impl CastScenario {
    /// Made by a program, not read from files: nothing is checked, and placeholders stay as they are.
    pub fn new(scenario: Scenario, support: Persona, customer: Persona) -> CastScenario {
        CastScenario { scenario, support, customer }
    }

    /// The scenario itself.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Who plays a side.
    pub fn persona(&self, side: Side) -> &Persona {
        match side {
            Side::Support => &self.support,
            Side::Customer => &self.customer,
        }
    }

    /// What the scenario says about a side.
    pub fn agent(&self, side: Side) -> &Agent {
        self.scenario.agent(side)
    }

    /// The name under which a worker of this side registers.
    pub fn agent_name(&self, side: Side) -> &str {
        self.agent(side).agent_name(side)
    }

    /// The voice of a side at a provider, where anything says which.
    pub fn voice(&self, side: Side, provider: &str) -> Option<&str> {
        self.agent(side).voice(side, self.persona(side), provider)
    }

    /// The opening line of a side, where it opens and the line is fixed.
    pub fn greeting(&self, side: Side) -> Option<&str> {
        self.agent(side).greeting.as_deref()
    }

    /// Whether a side opens with a line of the model's own.
    pub fn opens_freely(&self, side: Side) -> bool {
        self.scenario.opens.includes(side) && self.greeting(side).is_none()
    }

    /// Whether the call follows a course; otherwise the models run free.
    pub fn has_course(&self) -> bool {
        !self.scenario.course.is_empty()
    }

    /// The steps of one side, in order.
    pub fn course(&self, side: Side) -> impl Iterator<Item = &CourseStep> {
        self.scenario.course.iter().filter(move |step| step.who == side)
    }

    /// The tools of a side as its model sees them; the customer has none.
    pub fn tools(&self, side: Side) -> Vec<ToolSpec> {
        let tools = if side == Side::Support { self.scenario.tools.as_slice() } else { &[] };
        tools
            .iter()
            .map(|tool| ToolSpec {
                name: tool.name.clone(),
                description: tool.description.clone(),
                parameters: Value::Object(tool.parameters.clone()),
                timeout: Duration::try_from_secs_f64(tool.timeout_s).unwrap_or(Duration::MAX),
            })
            .collect()
    }

    /// What a tool answers and when; `None` where the scenario has no such tool.
    pub fn mock(&self, tool: &str, arguments: &Value) -> Option<MockAnswer> {
        self.scenario.tools.iter().find(|t| t.name == tool).map(|t| t.mock.answer(arguments))
    }

    /// What has to be heard exactly: both names and every fact that is no sentence. One with a currency in it is an amount,
    /// one of digits a code, any other a name. Numbers beside these are found in what is said.
    pub fn entities(&self) -> Vec<Entity> {
        const WORDS: usize = 6;
        let names = [Side::Support, Side::Customer].map(|side| self.persona(side).name.clone());
        let facts = [&self.scenario.facts, &self.scenario.support.facts, &self.scenario.customer.facts];
        let mut texts: Vec<String> = facts.into_iter().flat_map(|f| f.values().cloned()).chain(names).collect();
        texts.retain(|text| (1..=WORDS).contains(&text.split_whitespace().count()));
        texts.sort_unstable();
        texts.dedup();
        texts.into_iter().map(|text| Entity { kind: EntityKind::of(&text), text }).collect()
    }

    /// Whether a side says anything before it has heard the other.
    pub fn opens(&self, side: Side) -> bool {
        self.scenario.opens.includes(side)
    }

    /// Whether the call begins in silence.
    pub fn nobody_opens(&self) -> bool {
        self.scenario.opens == Opens::Nobody
    }
}
