//! From a scenario to two sessions.

use crate::scenario::{CastScenario, CourseStep, Opens, Side};
use duologue_chat::ToolCall;
use duologue_ids::{Seed, SeededRng};
use duologue_voice::{Brain, Cascade, Limits, Opening, SessionConfig, Step};
use serde_json::Value;
use std::time::Duration;

/// Which place a side takes in a duet.
pub fn index(side: Side) -> usize {
    match side {
        Side::Support => 0,
        Side::Customer => 1,
    }
}

/// The side at a place of a duet.
pub fn side(index: usize) -> Side {
    if index == 0 { Side::Support } else { Side::Customer }
}

/// What one side of the scenario is told and may do.
pub fn session_config(cast: &CastScenario, side: Side, seed: Seed, temperature: Option<f32>) -> SessionConfig {
    let other = side.other();
    let mut config = SessionConfig::new(&cast.persona(side).name, &cast.persona(other).name, &cast.instructions(side));
    config.brain = Brain::Cascade(Cascade { temperature, ..Cascade::default() });
    config.tools = cast.tools(side).into();
    config.opening = opening(cast, side);
    config.seed = seed.derive(side.as_str());
    let mut words = config.seed.derive("words").rng();
    config.course = cast.course(side).map(|s| step(s, &mut words)).collect();
    // Of two parties of ours exactly one gives way when both begin at once: the caller does.
    config.collision.yields = side == Side::Customer;
    if cast.opens(other) && !cast.opens(side) {
        // The other party is known to begin; its model may take a while to find its first words.
        config.nudge.opening = (Duration::from_secs(6), Duration::from_secs(8));
    }
    config
}

/// When the conversation is over; `duration` overrides the scenario.
pub fn limits(cast: &CastScenario, duration: Option<Duration>) -> Limits {
    let limits = &cast.scenario().limits;
    let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
    Limits {
        turns: limits.turns,
        duration: duration.unwrap_or_else(|| seconds(limits.duration_s)),
        silence: seconds(limits.silence_s),
    }
}

fn opening(cast: &CastScenario, side: Side) -> Opening {
    match cast.greeting(side) {
        _ if !cast.opens(side) || cast.scenario().opens == Opens::Nobody => Opening::Wait,
        Some(line) => Opening::Say(line.to_string()),
        None => Opening::Generate,
    }
}

fn step(step: &CourseStep, words: &mut SeededRng) -> Step {
    let hint = step.hints().nth(words.below(1 + step.or.len())).unwrap_or(&step.hint).to_string();
    let call = step.call.as_ref().map(|call| ToolCall {
        id: String::new(),
        name: call.tool.clone(),
        arguments: Value::Object(call.arguments.clone()),
    });
    Step { hint, call, end_call: step.end_call }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Casting, load};
    use std::collections::BTreeSet;

    #[test]
    fn the_seed_draws_the_words_of_each_step_and_nothing_else_of_it() {
        let cast = load("internet-outage", &Casting::default()).unwrap();
        let course = |seed| session_config(&cast, Side::Customer, Seed(seed), None).course;
        let hints = |seed| course(seed).iter().map(|step| step.hint.clone()).collect::<Vec<_>>();
        assert_eq!(hints(7), hints(7));
        let drawn: Vec<Vec<String>> = (0..100).map(hints).collect();
        for (i, step) in cast.course(Side::Customer).enumerate() {
            let ways: BTreeSet<&str> = drawn.iter().map(|hints| hints[i].as_str()).collect();
            assert_eq!(ways, step.hints().collect());
        }
    }
}
