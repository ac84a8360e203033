//! Verdicts.

use super::{SMALL, read};
use crate::scenario::*;
use serde_json::json;

/// `SMALL` with other criteria.
fn cast(criteria: &str) -> CastScenario {
    let before = SMALL.split("success:").next().unwrap();
    read(&format!("{before}success:\n{criteria}\n")).unwrap_or_else(|files| panic!("{}", files[0]))
}

fn says(by: Side, text: &str) -> Line {
    Line { by, text: text.to_owned(), heard: None, interrupted: false }
}

fn facts(lines: &[(Side, &str)]) -> ConversationFacts {
    let lines: Vec<Line> = lines.iter().map(|(by, text)| says(*by, text)).collect();
    ConversationFacts { turns: u32::try_from(lines.len()).unwrap(), lines, ..ConversationFacts::default() }
}

use Side::{Customer, Support};

#[test]
fn numbers_and_words_are_the_same_however_they_are_written() {
    let same = [
        ("24 Maple Street", "My address is twenty four Maple Street, Joe."),
        ("twenty-four maple street", "It's 24 Maple street!"),
        ("9", "Between nine and eleven."),
        ("nine", "At 9:00."),
        ("4417", "The number is four, four, one, seven."),
        ("four four one seven", "It's 4-4-1-7."),
        ("$12.50", "That is 12.50 dollars."),
        ("do not", "I don't know."),
        ("/24 maple/", "twenty four Maple Street"),
        ("/\\b4417\\b/", "Four four one seven."),
        ("/colou?r/", "The COLOUR?"),
    ];
    for (wanted, said) in same {
        let cast = cast(&format!("  - said: {{by: customer, any: ['{wanted}']}}"));
        let verdicts = judge(&cast, &facts(&[(Customer, said)]));
        assert!(verdicts[0].passed, "{wanted:?} in {said:?}: {}", verdicts[0].why);
    }
    let different =
        [("24", "I live at 324 Oak Lane."), ("24", "It is 2400."), ("red", "I have restarted it."), ("9", "19 or 90.")];
    for (wanted, said) in different {
        let cast = cast(&format!("  - said: {{by: customer, any: ['{wanted}']}}"));
        assert!(!judge(&cast, &facts(&[(Customer, said)]))[0].passed, "{wanted:?} in {said:?}");
    }
}

#[test]
fn only_the_right_side_counts_and_the_line_is_quoted() {
    let cast = cast("  - said: {by: customer, any: [red]}");
    let no = judge(&cast, &facts(&[(Support, "Is it red?"), (Customer, "Yes.")]));
    let expected = Verdict {
        criterion: "Anna says “red”".to_owned(),
        passed: false,
        why: "“red” found in 0 of 1 line".to_owned(),
    };
    assert_eq!(no, [expected]);
    let yes = judge(&cast, &facts(&[(Support, "What colour?"), (Customer, "It is red.")]));
    assert_eq!((yes[0].passed, yes[0].why.as_str()), (true, "line 2: “It is red.”"));
}

#[test]
fn one_turn_is_a_turn() {
    let cast = cast("  - min_turns: 1\n  - max_turns: 2");
    let told = judge(&cast, &facts(&[(Support, "Hello.")]));
    assert_eq!(told.iter().map(|v| v.criterion.as_str()).collect::<Vec<_>>(), ["at least 1 turn", "at most 2 turns"]);
    assert!(told.iter().all(|v| v.why == "there was 1 turn"), "{told:?}");
}

/// By what is kept of it a call that was cut off is judged.
#[test]
fn a_scenario_that_was_written_down_judges_as_before() {
    for name in scenario_names() {
        let cast = load(name, &Casting::default()).unwrap();
        let kept: CastScenario = serde_json::from_str(&serde_json::to_string_pretty(&cast).unwrap()).unwrap();
        let said = facts(&[(Support, "Is it red?"), (Customer, "Twenty-four Maple Street, and yes, it is red.")]);
        assert_eq!(judge(&kept, &said), judge(&cast, &said), "{name}");
    }
}

#[test]
fn all_any_and_count() {
    let cast = cast(
        "  - said: {by: either, all: [one, two]}
  - said: {by: either, any: [three, four], count: 2}
  - not_said: {by: support, any: [/5|6/]}
  - not_said: {any: [seven]}",
    );
    let passed = |lines: &[(Side, &str)]| judge(&cast, &facts(lines)).iter().map(|v| v.passed).collect::<Vec<_>>();
    assert_eq!(passed(&[]), [false, false, true, true]);
    assert_eq!(passed(&[(Customer, "One."), (Support, "Two, three.")]), [true, false, true, true]);
    assert_eq!(passed(&[(Customer, "Three four"), (Customer, "Three")]), [false, true, true, true]);
    assert_eq!(passed(&[(Customer, "five seven"), (Support, "Six")]), [false, false, false, false]);
}

#[test]
fn what_was_heard_is_not_what_was_said() {
    let cast = cast("  - heard: {by: support, any: [Maple]}");
    let mut facts = facts(&[(Customer, "Maple Street.")]);
    assert!(!judge(&cast, &facts)[0].passed);
    facts.lines[0].heard = Some("maple street".to_owned());
    assert!(judge(&cast, &facts)[0].passed);
    facts.lines[0].by = Support;
    assert!(!judge(&cast, &facts)[0].passed);
}

#[test]
fn a_tool_has_to_be_called_rightly_and_to_answer() {
    let cast = cast("  - tool_called: {name: look_up, arguments: {number: twenty four}}");
    let why = |calls: &[(&str, serde_json::Value, bool)]| {
        let tool_calls = calls
            .iter()
            .map(|(n, a, ok)| CalledTool { name: (*n).to_owned(), arguments: a.clone(), ok: *ok })
            .collect();
        let verdict = judge(&cast, &ConversationFacts { tool_calls, ..ConversationFacts::default() }).remove(0);
        (verdict.passed, verdict.why)
    };
    let call = |number: &str| json!({ "number": number });
    assert_eq!(why(&[]), (false, "it was not called".to_owned()));
    assert!(!why(&[("look", call("24"), true)]).0);
    assert!(why(&[("look_up", call("25"), true)]).1.starts_with("called only with other arguments"));
    assert!(why(&[("look_up", call("24"), false)]).1.ends_with("but it failed"));
    assert!(why(&[("look_up", call("25"), false), ("look_up", call("24"), true)]).0);
}

#[test]
fn endings_and_limits() {
    let cast = cast(
        "  - ended_by: customer\n  - ended_by: either\n  - max_turns: 2\n  - min_turns: 2\n  - max_duration_s: 60",
    );
    let judged = |ended_by, turns, duration_s, end_reason: &str| {
        let facts =
            ConversationFacts { ended_by, turns, duration_s, end_reason: end_reason.into(), ..Default::default() };
        judge(&cast, &facts).iter().map(|v| v.passed).collect::<Vec<_>>()
    };
    let passed = |ended_by, turns, duration_s| judged(ended_by, turns, duration_s, "agent_ended");
    assert_eq!(passed(Some(Customer), 2, 60.0), [true, true, true, true, true]);
    assert_eq!(passed(Some(Support), 3, 60.5), [false, true, false, true, false]);
    assert_eq!(passed(None, 1, 0.0), [false, false, true, false, true]);
    // A side whose model failed ended the call, and did not hang up.
    assert_eq!(judged(Some(Customer), 2, 60.0, "agent_error"), [false, false, true, true, true]);
}

#[test]
fn the_goal_is_reached_before_the_call_ends() {
    let with_end = cast("  - said: {by: customer, any: [red]}\n  - ended_by: either");
    let mut facts = facts(&[(Customer, "It is green.")]);
    assert!(!goal_reached(&with_end, &facts));
    facts.lines.push(says(Customer, "No, red."));
    assert!(goal_reached(&with_end, &facts));
    assert!(!judge(&with_end, &facts)[1].passed);
    // A goal of nothing but an end is never reached on the way.
    assert!(!goal_reached(&cast("  - ended_by: either"), &facts));
}
