//! The engine as a process. What needs no model runs always; what needs one runs when `DUOLOGUE_TEST_MODELS` names the
//! folder that `duologue models fetch` filled.

mod child;

use child::Child;
use duologue_engine::protocol::{Event, Op};
use std::time::Duration;

/// Long enough for several pieces of the cache.
fn prompt(question: &str) -> String {
    let rules = "You answer in one short plain English sentence, without lists, code or quotation marks. ".repeat(8);
    format!("<|im_start|>system\n{rules}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n")
}

#[allow(clippy::too_many_arguments, reason = "a test writes requests out")]
fn generate(session: u32, prompt: &str, max_tokens: u32, temperature: f32, seed: u64, stop: &[&str]) -> Op {
    let stop = stop.iter().map(|s| s.to_string()).collect();
    Op::Generate { session, prompt: prompt.to_owned(), max_tokens, temperature, seed, stop }
}

#[test]
fn a_file_that_is_no_model_is_named_in_the_first_frame_and_the_exit_code_is_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.gguf");
    std::fs::write(&file, "GGUF, but only by name").unwrap();
    let mut child = Child::start(&["--model", file.to_str().unwrap()]);
    let answer = child.receive();
    assert_eq!(answer.id, 0);
    let Event::Error { message } = answer.event else { panic!("{answer:?}") };
    assert!(message.contains("broken.gguf") && message.contains("models fetch"), "{message}");
    assert_eq!(child.exit_code(), Some(2));
}

#[test]
fn the_same_prompt_and_seed_give_the_same_text_whatever_the_cache_held() {
    let Some(mut child) = Child::with_model(&["--sessions", "2"]) else { return };
    let asked = prompt("What could one cook with potatoes, onions and two eggs?");
    for temperature in [0.0, 0.8] {
        let ask = |session| generate(session, &asked, 40, temperature, 11, &[]);
        let first = child.ask(1, ask(1));
        let again = child.ask(2, ask(1));
        assert_eq!(first.cached, 0);
        assert!(again.cached > 0, "the prompt was read before");
        // Another conversation with the same rules, other questions after it, and a session that is taken over.
        child.ask(3, generate(2, &prompt("Name a colour."), 30, 0.5, 1, &[]));
        let shared = child.ask(4, ask(2));
        child.ask(5, generate(1, &format!("{asked}Something else was said here."), 30, 0.5, 2, &[]));
        let after = child.ask(6, ask(1));
        child.ask(7, generate(3, "Once upon a time", 9, 0.5, 2, &[]));
        let taken_over = child.ask(8, ask(4));
        assert!(shared.cached > 0 && taken_over.cached > 0, "what another session read was copied");
        // A beginning of another length was read in other portions.
        child.ask(12, generate(4, &format!("{} No.", &asked[..asked.len() - 173]), 5, 0.8, 3, &[]));
        let cut = child.ask(13, ask(4));
        for other in [&again, &shared, &after, &taken_over, &cut] {
            assert_eq!(other.text, first.text, "at temperature {temperature}");
        }
        if temperature > 0.0 {
            let other_seed = child.ask(9, generate(1, &asked, 40, temperature, 12, &[]));
            assert_ne!(other_seed.text, first.text, "the seed counts");
        }
        child.ask(10, generate(1, "Unrelated", 1, 0.0, 0, &[]));
        child.ask(11, generate(2, "Unrelated", 1, 0.0, 0, &[]));
    }
}

#[test]
fn cancel_and_ping_are_answered_while_a_text_is_being_written() {
    let Some(mut child) = Child::with_model(&[]) else { return };
    child.send(1, generate(1, &prompt("Tell a very long story about the sea."), 2000, 0.9, 5, &[]));
    while !matches!(child.receive().event, Event::Text { text } if !text.is_empty()) {}
    child.send(2, Op::Ping);
    child.send(3, Op::Cancel { target: 1 });
    let mut ended = Vec::new();
    let mut texts_after_cancel = 0;
    while ended.len() < 3 {
        let answer = child.receive();
        match answer.event {
            Event::Text { .. } if ended.contains(&3) => texts_after_cancel += 1,
            Event::Text { .. } => {}
            Event::Done { completion_tokens, .. } => {
                assert!(answer.id != 1 || completion_tokens < 1000, "it was cancelled long before the end");
                ended.push(answer.id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, [2, 3, 1]);
    assert!(texts_after_cancel <= 1, "at most the token in the making, not {texts_after_cancel}");
    let next = child.ask(4, generate(1, &prompt("Name a colour."), 20, 0.0, 0, &[]));
    assert!(!next.text.is_empty());
}

#[test]
fn stop_strings_limits_and_prompts_beyond_the_context_are_respected() {
    let Some(mut child) = Child::with_model(&["--context", "512"]) else { return };
    let counting = "Count: one, two, three, four, five,";
    let free = child.ask(1, generate(1, counting, 16, 0.0, 0, &[]));
    assert!(free.text.contains("seven") && free.truncated && free.written == 16, "{free:?}");
    let stopped = child.ask(2, generate(1, counting, 16, 0.0, 0, &["even, ei"]));
    assert!(stopped.text.ends_with(" s") && !stopped.truncated, "{stopped:?}");
    child.send(3, generate(1, &"word ".repeat(600), 10, 0.0, 0, &[]));
    let Event::Error { message } = child.receive().event else { panic!("it must be refused") };
    assert!(message.contains("do not fit into the context of 512"), "{message}");
    assert_eq!(child.ask(4, generate(1, counting, 16, 0.0, 0, &[])).text, free.text, "others are not affected");
    child.close_input();
    assert_eq!(child.exit_code_within(Duration::from_secs(10)), Some(0));
}
