//! What a schema cannot say about a scenario: whether its parts fit each other.

mod course;
mod success;
mod tools;

use super::play::OWN_VOICES;
use super::{Persona, Scenario, Side};
use duologue_yaml::{Node, Problem, way};

/// A scenario of the right shape, with placeholders replaced, and what is needed to check it.
pub(super) struct Checked<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) tree: &'a Node,
    /// `None` where it could not be had.
    pub(super) support: Option<&'a Persona>,
    pub(super) customer: Option<&'a Persona>,
}

impl Checked<'_> {
    fn persona(&self, side: Side) -> Option<&Persona> {
        match side {
            Side::Support => self.support,
            Side::Customer => self.customer,
        }
    }
}

/// Appends all problems but those of [`voices`].
pub(super) fn problems(checked: &Checked<'_>, problems: &mut Vec<Problem>) {
    agents(checked, problems);
    tools::problems(checked, problems);
    course::problems(checked, problems);
    success::problems(checked, problems);
}

fn agents(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    let (support, customer) = (c.scenario.agent(Side::Support), c.scenario.agent(Side::Customer));
    if support.agent_name(Side::Support) == customer.agent_name(Side::Customer) {
        let side = if customer.agent_name.is_some() { "customer" } else { "support" };
        let place = c.tree.place(way![side, "agent_name"]);
        let problem = Problem::new(place, format!("both agents are named `{}`", support.agent_name(Side::Support)));
        problems.push(problem.help("each agent runs in a worker of its own and needs a name of its own"));
    }
    if let (Some(support), Some(customer)) = (c.support, c.customer)
        && support.name.to_lowercase() == customer.name.to_lowercase()
    {
        let place = c.tree.place(way!["customer", "persona"]);
        let problem = Problem::new(place, format!("both sides are named {}", support.name));
        problems
            .push(problem.help("transcript and models tell them apart by name: let somebody else play one of them"));
    }
    for side in [Side::Support, Side::Customer] {
        if c.scenario.agent(side).greeting.is_some() && !c.scenario.opens.includes(side) {
            let place = c.tree.key_place(way![side.as_str(), "greeting"]);
            let problem = Problem::new(place, format!("{side} has a greeting but does not open"));
            problems.push(problem.help(format!("write `opens: {side}` or `opens: both`, or leave the greeting out")));
        }
    }
}

/// A listener has to be able to tell the two apart, whatever provider speaks.
pub(super) fn voices(c: &Checked<'_>, problems: &mut Vec<Problem>) {
    let (Some(support), Some(customer)) = (c.support, c.customer) else { return };
    let agents = (c.scenario.agent(Side::Support), c.scenario.agent(Side::Customer));
    let written = [&agents.0.voice, &agents.1.voice, &support.voice, &customer.voice];
    let mut providers: Vec<&str> = written.iter().flat_map(|v| v.keys()).map(String::as_str).collect();
    providers.extend(OWN_VOICES.map(|(provider, _)| provider));
    providers.sort_unstable();
    providers.dedup();
    for provider in providers {
        let voice = agents.0.voice(Side::Support, support, provider);
        if voice.is_some() && voice == agents.1.voice(Side::Customer, customer, provider) {
            let place = c.tree.place(way!["customer", "persona"]);
            let (a, b, voice) = (&support.name, &customer.name, voice.unwrap_or_default());
            let problem = Problem::new(place, format!("{a} and {b} have the same {provider} voice `{voice}`"));
            let help =
                format!("give one of them another with `voice: {{{provider}: ...}}` under `support` or `customer`");
            problems.push(problem.help(help));
        }
    }
}
