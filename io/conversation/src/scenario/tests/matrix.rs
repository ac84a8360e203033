//! Every scenario of the library by its course, in all its words, with everybody, and gone wrong.

use crate::casting::session_config;
use crate::scenario::*;
use duologue_chat::ToolOutcome;
use duologue_ids::Seed;
use duologue_voice::Step;
use std::collections::BTreeSet;

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

fn library() -> impl Iterator<Item = CastScenario> {
    scenario_names().map(|id| load(id, &Casting::default()).unwrap_or_else(|e| panic!("{id}: {e}")))
}

fn spoken(hint: &str) -> &str {
    hint.split_once(": ").map_or(hint, |(_, line)| line)
}

/// A call in which these lines are said and understood word for word, and the tools of the course are called.
fn call_of(cast: &CastScenario, hints: &[String]) -> ConversationFacts {
    let steps = &cast.scenario().course;
    let greeting = SIDES.into_iter().find_map(|side| Some((side, cast.greeting(side)?)));
    let said = steps.iter().map(|step| step.who).zip(hints.iter().map(|hint| spoken(hint)));
    let line =
        |(by, text): (Side, &str)| Line { by, text: text.to_owned(), heard: Some(text.to_owned()), interrupted: false };
    let lines: Vec<Line> = greeting.into_iter().chain(said).map(line).collect();
    let called = |call: &PlannedCall| {
        let arguments = call.arguments.clone().into();
        let answer = cast.mock(&call.tool, &arguments).expect("a tool of the scenario");
        CalledTool { name: call.tool.clone(), arguments, ok: matches!(answer.outcome, ToolOutcome::Ok(_)) }
    };
    ConversationFacts {
        turns: u32::try_from(lines.len()).unwrap(),
        lines,
        tool_calls: steps.iter().filter_map(|step| step.call.as_ref()).map(called).collect(),
        end_reason: "agent_ended".to_owned(),
        ended_by: steps.last().map(|step| step.who),
        ..ConversationFacts::default()
    }
}

/// The hints that a seed draws, as the sessions of a call get them.
fn drawn(cast: &CastScenario, seed: u64) -> Vec<String> {
    let [support, customer] = SIDES.map(|side| session_config(cast, side, Seed(seed), None).course);
    let (mut support, mut customer) = (support.iter(), customer.iter());
    let next = |step: &CourseStep| match step.who {
        Side::Support => support.next(),
        Side::Customer => customer.next(),
    };
    cast.scenario().course.iter().filter_map(next).map(|step: &Step| step.hint.clone()).collect()
}

/// What does not hold of what can be known before the call is over.
fn missed(cast: &CastScenario, facts: &ConversationFacts) -> Vec<Verdict> {
    let judged = cast.scenario().success.iter().zip(judge(cast, facts));
    judged.filter(|(criterion, v)| !v.passed && !criterion.is_about_the_end()).map(|(_, v)| v).collect()
}

/// The hints of every scenario, spoken word for word, are a call that its own criteria accept, whichever way a step is
/// said; the same call with the sides swapped is not.
#[test]
fn the_criteria_of_the_library_accept_its_own_courses() {
    for cast in library() {
        let id = &cast.scenario().id;
        let plain: Vec<String> = cast.scenario().course.iter().map(|step| step.hint.clone()).collect();
        for (i, step) in cast.scenario().course.iter().enumerate() {
            for hint in step.hints() {
                let mut hints = plain.clone();
                hints[i] = hint.to_owned();
                let missed = missed(&cast, &call_of(&cast, &hints));
                assert!(missed.is_empty(), "{id}, “{hint}”: {missed:#?}");
            }
        }
        let mut swapped = call_of(&cast, &plain);
        swapped.lines.iter_mut().for_each(|line| line.by = line.by.other());
        assert!(!goal_reached(&cast, &swapped), "{id}");
        // Nor is one in which nobody understood a word.
        let mut deaf = call_of(&cast, &plain);
        deaf.lines.iter_mut().for_each(|line| line.heard = Some("I have a question for you.".to_owned()));
        assert!(!goal_reached(&cast, &deaf), "{id}");
    }
}

#[test]
fn three_seeds_are_three_calls_that_reach_the_goal() {
    for cast in library() {
        let calls: BTreeSet<Vec<String>> = (1..=20).map(|seed| drawn(&cast, seed)).collect();
        let three: BTreeSet<Vec<String>> = (1..=3).map(|seed| drawn(&cast, seed)).collect();
        assert_eq!(three.len(), 3, "{}", cast.scenario().id);
        for hints in calls {
            let missed = missed(&cast, &call_of(&cast, &hints));
            assert!(missed.is_empty(), "{}: {missed:#?}", cast.scenario().id);
        }
    }
}

#[test]
fn everybody_can_play_either_side_of_every_scenario() {
    for side in SIDES {
        for persona in persona_names() {
            for id in scenario_names() {
                let name = Some(persona.to_owned());
                let casting = match side {
                    Side::Support => Casting { support: name, customer: None },
                    Side::Customer => Casting { support: None, customer: name },
                };
                let cast = load(id, &casting).unwrap_or_else(|e| panic!("{persona} as {side} of {id}: {e}"));
                assert_eq!(cast.persona(side).id, persona);
                assert_ne!(cast.persona(side.other()).id, persona);
                for side in SIDES {
                    let words = cast.course_instructions(side).split_whitespace().count();
                    assert!(words <= 90, "{persona} as {side} of {id}: {words} words");
                    assert!(![cast.course_instructions(side), cast.free_instructions(side)].concat().contains('{'));
                }
                let missed = missed(&cast, &call_of(&cast, &drawn(&cast, 1)));
                assert!(missed.is_empty(), "{persona} as {side} of {id}: {missed:#?}");
            }
        }
    }
}

/// Names that a scenario does not take from who plays it would be wrong as soon as somebody else does.
#[test]
fn no_scenario_knows_the_name_of_a_persona() {
    for built in library::SCENARIOS {
        let spoken = built.text.split(|c: char| !c.is_alphanumeric()).collect::<BTreeSet<_>>();
        for persona in persona_names().map(|id| load_persona(id).unwrap().name) {
            assert!(!spoken.contains(persona.as_str()), "{} says {persona}", built.id);
        }
    }
}

/// A small model says its hint nearly word for word, so each has to be a line that can be said in one breath.
#[test]
fn every_step_can_be_said_in_three_ways_of_at_most_twenty_words() {
    for cast in library() {
        for step in &cast.scenario().course {
            let ways: BTreeSet<&str> = step.hints().collect();
            assert!(ways.len() >= 3, "{}: {}", cast.scenario().id, step.hint);
            for hint in ways {
                let words = spoken(hint).split_whitespace().count();
                assert!((2..=20).contains(&words), "{}: {words} words: {hint}", cast.scenario().id);
                assert!(hint.ends_with(['.', '?']), "{}: {hint}", cast.scenario().id);
            }
        }
    }
}

#[test]
fn a_call_that_goes_wrong_does_not_reach_the_goal() {
    for cast in library() {
        let id = &cast.scenario().id;
        let good = call_of(&cast, &drawn(&cast, 1));
        for criterion in &cast.scenario().success {
            match criterion {
                Criterion::ToolCalled(wanted) => {
                    let mut failed = good.clone();
                    failed.tool_calls.iter_mut().filter(|c| c.name == wanted.name).for_each(|c| c.ok = false);
                    assert!(!goal_reached(&cast, &failed), "{id} without {}", wanted.name);
                }
                Criterion::NotSaid(not) => {
                    for phrase in not.any.iter().filter(|p| !p.starts_with('/')) {
                        let mut slipped = good.clone();
                        let text = format!("I tell you, {phrase}, today.");
                        slipped.lines.push(Line { by: Side::Support, text, heard: None, interrupted: false });
                        assert!(!goal_reached(&cast, &slipped), "{id} with “{phrase}”");
                    }
                }
                _ => {}
            }
        }
        let silent = ConversationFacts { lines: Vec::new(), ..good.clone() };
        assert!(!goal_reached(&cast, &silent), "{id} in silence");
        let cut_off = ConversationFacts { end_reason: "max_turns".to_owned(), ended_by: None, ..good };
        assert!(judge(&cast, &cut_off).iter().any(|v| !v.passed), "{id} cut off");
    }
}

#[test]
fn the_library_has_calls_in_which_something_is_refused_and_others_begin() {
    let refused = |cast: &CastScenario| call_of(cast, &drawn(cast, 1)).tool_calls.iter().any(|call| !call.ok);
    assert!(library().filter(refused).count() >= 4);
    for side in SIDES {
        assert!(library().filter(|cast| cast.opens(side)).count() >= 3, "{side}");
    }
    for cast in library() {
        let (id, s) = (&cast.scenario().id, cast.scenario());
        assert!(s.success.iter().any(|c| matches!(c, Criterion::NotSaid(_))), "{id} forbids nothing");
        assert!(s.success.iter().any(|c| matches!(c, Criterion::Heard(_))), "{id} lets nobody be deaf");
        let errors = |mock: &Mock| mock.error.is_some() || mock.cases.iter().any(|case| case.error.is_some());
        assert!(s.tools.iter().any(|tool| errors(&tool.mock)), "{id}: no tool can refuse");
    }
}
