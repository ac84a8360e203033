//! Bad files are refused with place, reason and what was probably meant.

use super::{Library, SMALL, read};
use crate::scenario::*;
use duologue_yaml::MAX_BYTES;

/// `SMALL` with one passage replaced, and everything that is said against it.
fn refused(passage: &str, by: &str) -> String {
    assert!(SMALL.contains(passage), "{passage}");
    complaint(&SMALL.replacen(passage, by, 1))
}

fn complaint(text: &str) -> String {
    let files = read(text).map(|_| ()).expect_err(text);
    files.iter().map(ToString::to_string).collect()
}

#[test]
fn the_soil_of_these_tests_is_sound() {
    read(SMALL).unwrap_or_else(|files| panic!("{}", files[0]));
}

#[test]
fn a_misspelt_key_is_shown_with_the_one_that_was_meant() {
    assert_eq!(
        refused("customer: {persona: anna}", "customer: {persoan: anna}"),
        "\
error: unknown key `persoan`, did you mean `persona`?
 --> x.yaml:4:12
  |
4 | customer: {persoan: anna}
  |            ^^^^^^^
"
    );
}

#[test]
fn a_key_far_from_any_other_is_shown_with_all_that_are_known() {
    let said = refused("customer: {persona: anna}", "customer: {persona: anna, zebra: 1}");
    assert!(said.contains("error: unknown key `zebra`\n --> x.yaml:4:27"), "{said}");
    assert!(said.contains("= help: known here: `agent_name`, `employer`, `facts`,"), "{said}");
}

#[test]
fn a_missing_key_is_explained() {
    let said = refused("title: Small\n", "");
    assert!(said.contains("error: the key `title` is missing in the file\n --> x.yaml:1:1"), "{said}");
    assert!(said.contains("help: `title`: A line for lists and reports."), "{said}");
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let text = SMALL.replace("persona: joe", "persona: jo").replace("hint: \"{customer} says", "hint: \"Bob says");
    let text = text.replace("tool: look_up", "tool: lookup").replace("any: [\"{colour}\"]", "any: [/(/]");
    let files = read(&text).unwrap_err();
    let messages: Vec<&str> = files[0].problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "unknown persona `jo`, did you mean `joe`?",
            "the hint does not name Anna, who speaks here",
            "the scenario has no tool `lookup`, did you mean `look_up`?",
            "`/(/` cannot be searched for: unclosed group",
        ]
    );
}

#[test]
fn every_way_to_say_a_line_names_its_speaker() {
    let text = SMALL.replace("{colour}.\"\n", "{colour}.\"\n    or: [\"{customer} says red.\", \"It is red.\"]\n");
    let files = read(&text).unwrap_err();
    let [problem] = files[0].problems.as_slice() else { panic!("{files:?}") };
    assert_eq!(problem.message, "the hint does not name Anna, who speaks here");
    assert!(files[0].to_string().contains("It is red."), "{}", files[0]);
}

#[test]
fn every_kind_of_nonsense_has_its_message() {
    let cases = [
        ("title: Small", "title:", "`title` is nothing, but text belongs here"),
        ("title: Small", "title: 5", "`title` is a number, but text belongs here"),
        ("title: Small", "title: ''", "`title` is empty"),
        ("title: Small", "title: [Small]", "`title` is a list, but text belongs here"),
        ("title: Small", "title: Small\ntitle: Two", "the key `title` stands in this map for the second time"),
        ("title: Small", "title: Small\nopens: costumer", "`opens` cannot be `costumer`, did you mean `customer`?"),
        ("title: Small", "title: Small\nopens: customer", "support has a greeting but does not open"),
        ("title: Small", "title: Small\nlanguage: English", "`language` cannot be `English`"),
        ("title: Small", "title: Small\nlimits: {duration_s: 0}", "`duration_s` is 0, but has to be more than 0"),
        (
            "  - said:",
            "  - max_turns: 5000000000\n  - said:",
            "`max_turns` is 5000000000, but has to be at most 4294967295",
        ),
        ("title: Small", "title: Small\nlimits: {turns: 2.5}", "`turns` is a number, but a whole number belongs here"),
        ("title: Small", "title: Small\nlimits: {turns: 2}", "cut off before its course ends"),
        ("{persona: anna}", "{persona: anna, agent_name: support-agent}", "both agents are named `support-agent`"),
        ("{persona: anna}", "{persona: joe}", "Joe and Joe have the same local voice `orion`"),
        ("{persona: anna}", "{persona: anna, voice: {local: orion}}", "Joe and Anna have the same local voice"),
        ("colour: red", "Colour: red", "a fact cannot be named `Colour`"),
        ("colour: red", "customer: red", "the name `customer` is taken"),
        (
            "says the light is {colour}",
            "says the light is {color}",
            "`{color}` stands for nothing, did you mean `colour`?",
        ),
        ("name: look_up", "name: end_call", "`end_call` is built in"),
        ("type: object", "type: array", "the parameters of `look_up` are no object"),
        ("type: object", "type: object\n      minProperties: many", "the parameters of `look_up` are no JSON Schema"),
        ("{number: {type: string}}", "{number: {$ref: 'http://x/y'}}", "the parameters of `look_up` use `$ref`"),
        ("mock: {result: {found: true}}", "mock: {}", "the mock of `look_up` has no answer"),
        ("mock: {result: {found: true}}", "mock: {result: 1, error: no}", "has both `result` and `error`"),
        ("mock: {result: {found: true}}", "mock: {cases: [{when: {numbr: '1'}, result: 1}]}", "did you mean `number`?"),
        ("mock: {result: {found: true}}", "mock: {cases: [{when: {number: '1'}}]}", "either a `result` or an `error`"),
        (
            "arguments: {number: \"1\"}",
            "arguments: {number: 1}",
            "takes no such arguments: 1 is not of type \"string\"",
        ),
        ("arguments: {number: \"1\"}", "arguments: {}", "\"number\" is a required property"),
        ("- who: support", "- who: customer", "customer speaks twice in a row"),
        ("- who: customer", "- who: support", "support speaks twice in a row: the greeting is theirs already"),
        ("{colour}.\"", "{colour}.\"\n    end_call: true", "customer hangs up with 1 step to go"),
        ("{colour}.\"", "{colour}.\"\n    call: {tool: look_up}", "the customer has no tools"),
        ("any: [\"{colour}\"]", "any: ['...']", "`...` cannot be searched for: there is no word in it"),
        ("any: [\"{colour}\"]", "any: [/twenty (four|five)/]", "a pattern sees numbers in digits, never `twenty`"),
        ("any: [\"{colour}\"]", "count: 2", "`said` has nothing to look for"),
        ("  - said:", "  - saids:", "unknown key `saids`, did you mean `said`?"),
        ("  - said:", "  - max_turns: 3\n    said:", "has more than one key"),
        ("  - said:", "  - tool_called: {name: loo_up}\n  - said:", "has no tool `loo_up`, did you mean `look_up`?"),
        ("  - said:", "  - min_turns: 99\n  - said:", "99 turns are never reached: the limit is 30"),
        ("  - said:", "  - ended_by: nobody\n  - said:", "`ended_by` cannot be `nobody`"),
        ("title: Small", "title: &a Small\nlanguage: *a", "no anchors and aliases"),
        ("title: Small", "title: \"Small", "this is no YAML that can be read"),
        ("title: Small", "title: {<<: {}}", "this is no YAML that can be read"),
    ];
    for (passage, by, expected) in cases {
        let said = refused(passage, by);
        assert!(said.contains(expected), "{by}\n  should say: {expected}\n  says: {said}");
        assert!(said.contains("--> x.yaml:"), "{said}");
    }
}

/// What is wrong because of it would only distract.
#[test]
fn a_placeholder_without_meaning_is_one_problem() {
    for (passage, by) in [
        ("\"{customer} says the light", "\"{gests} says the light"),
        ("any: [\"{colour}\"]", "any: [\"{gests}\"]"),
        ("tool: look_up", "tool: \"{gests}\""),
        ("colour: red", "colour: \"{gests}\""),
    ] {
        let files = read(&SMALL.replacen(passage, by, 1)).unwrap_err();
        let messages: Vec<&str> = files[0].problems.iter().map(|p| p.message.as_str()).collect();
        assert_eq!(messages, ["`{gests}` stands for nothing"], "{by}");
    }
}

#[test]
fn an_empty_file_is_said_to_be_empty_and_where_to_begin() {
    for text in ["", "\n\n  \n", "# title: x\n", "---\n", "null"] {
        let said = complaint(text);
        assert!(said.starts_with("error: the file is empty\n --> x.yaml:1:1\n"), "{text:?}: {said}");
        assert!(said.ends_with("help: begin with the key `title` (A line for lists and reports)\n"), "{said}");
    }
    let persona = parse_persona("tom.yaml", "tom", "").unwrap_err().to_string();
    assert!(persona.contains("error: the file is empty\n --> tom.yaml:1:1"), "{persona}");
    assert!(persona.contains("begin with the key `name` (First name, one word"), "{persona}");
}

#[test]
fn a_key_that_stands_twice_is_shown_where_it_stands_again() {
    assert_eq!(
        refused("description: A call.", "description: A call.\ntitle: Two"),
        "\
error: the key `title` stands in this map for the second time
 --> x.yaml:3:1
  |
3 | title: Two
  | ^^^^^
   = help: keep one of the two
"
    );
}

#[test]
fn an_empty_course_is_refused_and_no_course_is_a_free_call() {
    let (before, after) = (SMALL.split("course:").next().unwrap(), SMALL.split("success:").nth(1).unwrap());
    let said = complaint(&format!("{before}course: []\nsuccess:{after}"));
    assert!(said.contains("error: `course` is empty"), "{said}");
    assert!(!read(&format!("{before}success:{after}")).unwrap().has_course());
}

#[test]
fn places_are_counted_in_characters_and_never_move_the_cursor() {
    let said = refused("title: Small", "\"\\e[2J\u{202e}é\": 1\ntitle: Small");
    assert!(said.contains("unknown key `\u{fffd}[2J\u{fffd}é`"), "{said}");
    assert!(said.contains("--> x.yaml:1:1\n") && said.contains("^^^^^^^^^\n"), "{said}");
    let said = refused("A call.", "\u{1b}[2J");
    assert!(said.contains("--> x.yaml:2:14") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_line_without_end_is_cut_around_the_problem() {
    let said = refused(
        "customer: {persona: anna}",
        &format!("customer: {{persona: anna, employer: \"{}\"}}", "x".repeat(9_000)),
    );
    assert!(said.contains("`employer` has 9000 characters, but has to have at most 60"), "{said}");
    assert!(said.len() < 500, "{} bytes", said.len());
}

#[test]
fn bombs_are_refused() {
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let block: String = (0..500).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
    for text in
        [deep.as_str(), block.as_str(), laughs, &"x".repeat(MAX_BYTES + 1), "", "---\n---\n", "null", "\u{feff}", "\0"]
    {
        let said = complaint(text);
        assert!(said.starts_with("error: ") && said.len() < 2_000, "{said}");
    }
}

#[test]
fn a_bad_persona_is_told_with_its_own_file() {
    struct Bad;
    impl PersonaSource for Bad {
        fn find(&self, side: Side, reference: &str) -> Result<Persona, UnknownPersona> {
            match side {
                Side::Customer => Library.find(side, reference),
                Side::Support => parse_persona("joe.yaml", "joe", "name: Joe Smith\nmod: calm\n")
                    .map_err(|bad| UnknownPersona::Bad(Box::new(bad))),
            }
        }
    }
    let files = parse_scenario("x.yaml", "x", SMALL, &Bad).unwrap_err();
    assert_eq!(files.len(), 2);
    assert!(files[0].to_string().contains("the persona `joe` is wrong: see joe.yaml"), "{}", files[0]);
    let said = files[1].to_string();
    assert!(said.contains("unknown key `mod`, did you mean `mood`?"), "{said}");
    assert!(said.contains("`name` cannot be `Joe Smith`") && said.contains("`background` is missing"), "{said}");
}
