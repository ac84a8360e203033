//! Policies and inputs that are made to hang, to crash or to fill the memory.

use crate::bed::{allow_if, call, decide, denied_for, load};
use duologue_policy::{Cause, Outcome};
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

/// The stack of a worker thread is what a server evaluates on.
#[test]
fn a_long_chain_of_rules_ends() {
    for length in [10, 100, 1_000, 3_000] {
        let mut text = allow_if("r0");
        for at in 0..length {
            let _ = writeln!(text, "r{at} if r{}", at + 1);
        }
        let _ = writeln!(text, "r{length} if input.request.bytes > 0");
        let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let decided =
            worker.spawn(move || load(&[("p.rego", &text)]).map(|policy| policy.decide(&call().document()).outcome()));
        let decided = decided.expect("a thread").join().expect("no crash");
        // Either it is refused when it is loaded, or it decides.
        assert!(!matches!(decided, Ok(Outcome::Deny)), "{length}");
        assert!(length > 100 || decided == Ok(Outcome::Allow), "{length}: {decided:?}");
    }
}

#[test]
fn recursion_is_refused() {
    for text in [
        "package duologue.authz\nallow if a\na if b\nb if a\n",
        "package duologue.authz\nallow if f(1)\nf(x) if f(x + 1)\n",
    ] {
        assert!(load(&[("p.rego", text)]).is_err(), "{text}");
    }
}

#[test]
fn nesting_ends() {
    for (open, close) in
        [("[", "]"), ("(", ")"), ("{\"a\": ", "}"), ("not ", ""), ("-", ""), ("1 + ", ""), ("{x | x := ", "}")]
    {
        for depth in [10, 16, 40, 20_000] {
            let text = format!(
                "package duologue.authz\n\nallow if {{\n x := {}1{}\n}}\n",
                open.repeat(depth),
                close.repeat(depth)
            );
            // Read or refused: what it must not do is end the process.
            let _ = load(&[("p.rego", &text.replace("][", "]\n["))]).map(|policy| policy.decide(&call().document()));
        }
    }
}

#[test]
fn single_calls_that_would_fill_the_memory_are_refused_or_end() {
    for body in
        ["numbers.range(1, input.request.params.n)", "numbers.range(1, 100000000000)", "net.cidr_expand(\"0.0.0.0/0\")"]
    {
        assert!(load(&[("p.rego", &allow_if(body))]).is_err(), "{body}");
    }
    for body in [
        "to_number(input.request.params.text) == 1",
        "bits.lsh(1, 100000000000) == 0",
        "regex.match(\"(a{1000}){1000}\", input.request.params.text)",
        "regex.match(input.request.params.pattern, \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")",
        "sprintf(\"%1000000000000d\", [1]) == \"\"",
        "json.unmarshal(input.request.params.text) == 1",
    ] {
        let mut input = call();
        let text = format!("{}1e999999999", "[".repeat(100));
        input.request.params = serde_json::json!({"text": text, "pattern": "(a+)+(a+)+(a+)+$(a{900}){900}"});
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
