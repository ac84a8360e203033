//! Policies and inputs that are made to hang, to crash or to fill the memory.

use crate::bed::{allow_if, call, decide, denied_for, folder, load};
use duologue_policy::{Cause, Outcome};
use duologue_policy_engine::PolicyPaths;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Far more than any decision may take, and far less than what is counted below would.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_huge_comprehension_ends() {
    let ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    let loops: Vec<String> = (0..9).map(|at| format!("some x{at} in {ten}")).collect();
    let text = allow_if(&format!("count([1 | {}]) > 3", loops.join("; ")));
    let begun = Instant::now();
    assert!(matches!(denied_for(&decide(&text, &call())), Cause::TooLong(_)));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn a_huge_product_of_an_input_ends() {
    let mut input = call();
    input.request.params = serde_json::json!({"list": (0..3_000).collect::<Vec<_>>()});
    let text = allow_if(
        "some a in input.request.params.list\n\tsome b in input.request.params.list\n\tsome c in input.request.params.list\n\ta + b + c < 0",
    );
    let begun = Instant::now();
    assert!(matches!(denied_for(&decide(&text, &input)), Cause::TooLong(_)));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

/// On a stack as small as that of the threads that servers decide on.
fn on_a_small_stack(text: String) -> Result<Outcome, String> {
    let decide = move || {
        let policy = load(&[("p.rego", &text)]).map_err(|error| error.to_string())?;
        Ok(policy.decide(&call().document()).outcome())
    };
    let worker = std::thread::Builder::new().stack_size(1024 * 1024).spawn(decide).expect("a thread");
    worker.join().expect("no crash")
}

/// Rules of which each leads to the next, called by whatever leads to a rule.
fn chain(length: usize, next: impl Fn(usize) -> String) -> String {
    let mut text = allow_if("r0");
    for at in 0..length {
        let _ = writeln!(text, "r{at} if {}", next(at + 1));
    }
    let _ = writeln!(text, "r{length} if input.request.bytes > 0");
    text
}

#[test]
fn a_long_chain_of_rules_ends() {
    let plain = |next| format!("r{next}");
    for length in [10, 298] {
        assert_eq!(on_a_small_stack(chain(length, plain)), Ok(Outcome::Allow), "{length}");
        // Whatever else a rule does on the way takes no more of the stack.
        let busy = |next| format!("{{ some a in [1, 2]; some b in [a, 3]; b == 3; [x | x := 1; r{next}] == [1] }}");
        assert_eq!(on_a_small_stack(chain(length, busy)), Ok(Outcome::Allow), "{length}");
        // With `with` the interpreter runs it, which takes far more.
        let with = chain(length, plain) + "r0 if { input.nothing with input.nothing as 1 }\n";
        assert_eq!(on_a_small_stack(with), Ok(Outcome::Allow), "{length}");
    }
    for length in [299, 1_000, 3_000] {
        let error = on_a_small_stack(chain(length, plain)).expect_err("it is refused");
        assert!(error.contains("rules lead from one to the next, and 300 are the most"), "{error}");
    }
    assert!(on_a_small_stack(chain(5_000, plain)).expect_err("it is refused").contains("4000 are the most"));
    // Each taking the next by a name that is only known when it is evaluated.
    let found = |next| format!("data.duologue.authz[sprintf(\"r%d\", [{next}])]");
    assert!(on_a_small_stack(chain(200, found)).is_err());
}

/// In whatever way a rule leads back to itself.
#[test]
fn recursion_is_refused() {
    let lib = |text: &str| match text {
        _ if text.contains("data.lib.x") => "package lib\nx if data.duologue.authz.a\n",
        _ if text.contains("data.lib") => "package lib\nf(x) := data.duologue.authz.g(x)\n",
        _ => "package lib\n",
    };
    for text in [
        "allow if a\na if b\nb if a\n",
        "allow if allow\n",
        "allow if a\na if not b\nb if not a\n",
        "allow if f(1)\nf(x) if f(x + 1)\n",
        "allow if f(1)\nf(x) if g(x)\ng(x) if f(x)\n",
        "allow if f(1)\nf(x) if a\na if f(2)\n",
        "allow if a\na if data.lib.x\n",
        "allow if g(1)\ng(x) := data.lib.f(x)\n",
        "import data.lib as other\nallow if g(1)\ng(x) := other.f(x)\n",
        "import data.lib.f as h\nallow if g(1)\ng(x) := h(x)\n",
        "allow if a[1]\na contains x if { some y in b; x := y + 1 }\nb contains x if some x in a\n",
        "allow if a.x\na[k] := v if { k := \"x\"; v := [y | y := a[_]] }\n",
        "allow if count([x | some x in [1]; a]) == 1\na if every x in [1] { allow == x }\n",
        "allow := x if x := b\nb := 1 if { false } else := allow\n",
        "allow if data.duologue[input.request.method].allow\n",
        "allow if data[input.request.method].authz.allow\n",
        "allow if data.duologue.authz[input.request.method]\n",
        "allow if count(data.duologue) > 0\n",
        "allow if a\na := object.get(data.duologue, [\"authz\", input.request.method], 1)\n",
        "allow if f(1) with input.x as 1\nf(x) if f(x + 1)\n",
        "allow if f(1) with input.x as 1\nf(x) if { g(x) }\ng(x) if h(x) with h as f\nh(x) if x > 0\n",
        "allow if true with input.x as 1\nallow if f(1)\nf(x) := y if { y := g(x) } else := 1\ng(x) := f(x)\n",
    ] {
        let lib = lib(text);
        let text = format!("package duologue.authz\n{text}");
        let refused = match load(&[("p.rego", &text), ("lib.rego", lib)]) {
            Err(error) => error.to_string(),
            Ok(policy) => panic!("{text}: {:?}", policy.decide(&call().document())),
        };
        assert!(refused.contains("lead to themselves") || refused.contains("recursion"), "{text}: {refused}");
    }
    // What the interpreter runs is denied where rules lead to themselves.
    let with = "package duologue.authz\nallow if a with input.x as 1\na if b\nb if a\n";
    let decided = on_a_small_stack(with.to_owned());
    assert!(decided != Ok(Outcome::Allow), "{decided:?}");
}

/// What only looks as if it led back is no recursion.
#[test]
fn names_that_come_twice_are_no_recursion() {
    for text in [
        "allow if f(1)\nf(f) if f > 0\n",
        "allow if a\na if { b := 1; b == 1 }\nb if a\n",
        "allow if f(1)\nf(x) if { y := x; y > 0 }\ny if f(2)\n",
        "allow if data.duologue.limits[input.request.method] > 0\n",
        "allow if input.allow\nallow if true\n",
        "import data.lib.helper\nallow if helper(1)\nhelper_two(x) if helper(x)\n",
    ] {
        let text = format!("package duologue.authz\n{text}");
        let lib = "package lib\nhelper(x) if x > 0\n";
        let data = "{\"duologue\": {\"limits\": {\"count_words\": 2}}}";
        let policy = load(&[("p.rego", &text), ("lib.rego", lib), ("data.json", data)]);
        let policy = policy.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(policy.decide(&call().document()).outcome(), Outcome::Allow, "{text}");
    }
}

/// Read or refused: what it must not do is to end the process, or to take for ever.
fn survives(text: &str) -> Result<Outcome, String> {
    let begun = Instant::now();
    let decided = on_a_small_stack(text.to_owned());
    assert!(begun.elapsed() < PATIENCE, "{:?} for {} bytes", begun.elapsed(), text.len());
    decided
}

#[test]
fn nesting_ends() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{", "}"),
        ("{\"a\": ", "}"),
        ("{[", "]: 1}"),
        ("[x | x := ", "]"),
        ("{x | x := ", "}"),
        ("{\"a\": x | x := ", "}"),
        ("count([", "])"),
        ("set(", ")"),
        ("f(", ")"),
        ("not ", ""),
        ("-", ""),
        ("- ", ""),
        ("1 + ", ""),
        ("1 - -", ""),
        ("1 -1 ", ""),
        ("x == ", ""),
        ("1 in ", ""),
        ("a.", ""),
        ("a[", "]"),
        ("every x in [1] { ", " }"),
    ] {
        for depth in [3, 8, 12, 16, 40, 20_000] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for text in [format!("x := {nested}"), nested.clone(), format!("x := {nested} & }} ) ] \u{1}")] {
                let text = format!("package duologue.authz\n\nallow if {{\n {text}\n}}\n");
                let decided = survives(&text);
                assert!(depth <= 200 || decided.is_err(), "{open} {depth}");
            }
            let _ = survives(&format!("package duologue.authz\n\ndefault allow := {nested}\n"));
            let _ = survives(&format!("package duologue.authz\n\nallow := {nested}\n"));
        }
    }
    for (open, close) in [("[", "]"), ("-", ""), ("set(", ")"), ("not ", "")] {
        let nested = format!("{}1{}", open.repeat(500_000), close.repeat(500_000));
        assert!(survives(&format!("package duologue.authz\n\nallow if {nested}\n")).is_err());
    }
    let names = format!("allow if input{} == 1", ".a".repeat(100_000));
    assert!(survives(&format!("package duologue.authz\n{names}\n")).is_err());
}

/// Much of one thing, of which each is harmless.
#[test]
fn much_of_the_same_ends() {
    let package = "package duologue.authz\n";
    let nested = format!("{}1{}", "{\"a\": [".repeat(8), "]}".repeat(8));
    let many = |one: &dyn Fn(usize) -> String, number: usize| (0..number).map(one).collect::<String>();
    for text in [
        format!("allow := 1 if input.nothing\n{}", many(&|at| format!("else := {at} if input.x == {at}\n"), 20_000)),
        format!("allow if {{\n{}}}\n", many(&|at| format!("  x{at} := {at}\n"), 5_000)),
        format!("allow if {{\n{}}}\n", many(&|at| format!("  x{at} := {at}\n"), 500)),
        format!("allow if {{\n{}}}\n", many(&|at| format!("  some x{at} in [1]\n"), 300)),
        format!("allow if {{\n{}}}\n", many(&|at| format!("  x{} := x{at}\n", at + 1), 200)),
        format!("allow if {{ true{} }}\n", many(&|at| format!(" with input.a{at} as {at}"), 2_000)),
        many(&|at| format!("allow if input.x == {at}\n"), 3_900),
        many(&|at| format!("allow if input.x == {at}\n"), 50_000),
        many(&|at| format!("import data.a{at} as b{at}\n"), 5_000) + "allow if b1\n",
        format!("allow if true\n{}", many(&|at| format!("d{at} := {nested}\n"), 100)),
        format!("allow if input.x in [{}]\n", many(&|at| format!("{at}, "), 30_000)),
        format!("allow if regex.match(`{}`, \"aaaa\")\n", "(a+)+".repeat(1_000)),
        format!("allow if to_number(\"1e{}\") > 1\n", "9".repeat(30)),
        format!("allow if {} > 1\n", "9".repeat(50_000)),
        "allow if 1e2147483647 > 1\n".to_owned(),
        format!("allow if x{} == 1\nx := 1\n", "[0]".repeat(100)),
    ] {
        let _ = survives(&format!("{package}{text}"));
        // Twice: once more for the interpreter.
        let _ = survives(&format!("{package}{text}\nother if input.y with input.y as 1\nallow if other\n"));
    }
}

/// Whoever runs tests of a policy is not ended by them, either.
#[test]
fn tests_of_policies_are_bounded_too() {
    let run = |tests: &str| {
        let folder = folder(&[("p.rego", &allow_if("true")), ("p_test.rego", &format!("package t\n{tests}"))]);
        duologue_policy_engine::test(&PolicyPaths::one(folder.path()), "").map(|report| report.is_passed())
    };
    assert!(run("test_a if f(1)\nf(x) if f(x + 1)\n").is_err());
    assert!(!run("test_a if a\na if b\nb if a\n").expect("it is run"));
    let mut deep = String::from("test_a if r0\n");
    for at in 0..1_500 {
        let _ = writeln!(deep, "r{at} if {{ some x in [1]; x == 1; r{} }}", at + 1);
    }
    let begun = Instant::now();
    let _ = run(&format!("{deep}r1500 if true\n"));
    let ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    let loops: Vec<String> = (0..9).map(|at| format!("some x{at} in {ten}")).collect();
    assert!(!run(&format!("test_a if count([1 | {}]) > 3\n", loops.join("; "))).expect("it is run"));
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn single_calls_that_would_fill_the_memory_are_refused_or_end() {
    for body in [
        "numbers.range(1, input.request.params.n)",
        "numbers.range(1, 100000000000)",
        "net.cidr_expand(\"0.0.0.0/0\")",
        "bits.lsh(1, 100000000000) == 0",
        "graph.reachable_paths({}, [])",
        "units.parse(input.request.params.text) > 1",
        "f(1, 100000000000) with f as numbers.range",
    ] {
        assert!(load(&[("p.rego", &allow_if(body))]).is_err(), "{body}");
    }
    for body in [
        "to_number(input.request.params.text) == 1",
        "regex.match(\"(a{1000}){1000}\", input.request.params.text)",
        "regex.match(input.request.params.pattern, \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")",
        "sprintf(\"%1000000000000d\", [1]) == \"\"",
        "json.unmarshal(input.request.params.text) == 1",
        "to_number(input.request.params.large) > 1",
        "json.unmarshal(input.request.params.large) > 1",
        "time.parse_duration_ns(input.request.params.large) > 1",
        "semver.is_valid(input.request.params.large)",
        "glob.match(input.request.params.pattern, [], input.request.params.text)",
    ] {
        let mut input = call();
        let text = format!("{}1e999999999", "[".repeat(100));
        input.request.params = serde_json::json!({
            "text": text, "pattern": "(a+)+(a+)+(a+)+$(a{900}){900}", "large": "1e2147483647",
        });
        let begun = Instant::now();
        let Ok(policy) = load(&[("p.rego", &allow_if(body))]) else { continue };
        denied_for(&policy.decide(&input.document()));
        assert!(begun.elapsed() < PATIENCE, "{body}: {:?}", begun.elapsed());
    }
}

/// Callers write parameters as deep as a message may be.
#[test]
fn deep_parameters_are_survived() {
    let mut params = serde_json::json!(1);
    for _ in 0..120 {
        params = serde_json::json!([params]);
    }
    let mut input = call();
    input.request.params = params;
    let text =
        allow_if("count(input.request.params) == 1\n\tis_array(input.request.params)\n\tinput.request.params != 1");
    assert_eq!(decide(&text, &input).outcome(), Outcome::Allow);
}
