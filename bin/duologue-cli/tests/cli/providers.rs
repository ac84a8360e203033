//! Providers by name, their keys, and cassettes.

use crate::{duologue, last_json, scenario, scripted};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn told(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn converse(home: &Path, more: &[&str]) -> Command {
    let mut command = duologue(home);
    command
        .args(["converse", "--in-process", "--stt", "scripted", "--tts", "scripted", "--scenario"])
        .arg(scenario(home))
        .args(more);
    command
}

#[test]
fn a_missing_key_is_one_line_before_anything_begins() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("call");
    for (llm, expected) in [
        ("anthropic", "no key for anthropic (llm of the support): ANTHROPIC_API_KEY is not set"),
        (
            "gemini/gemini-2.5-flash",
            "no key for gemini (llm of the support): GEMINI_API_KEY or GOOGLE_API_KEY is not set",
        ),
        ("openai@http://127.0.0.1:9/v1#MY_KEY", "no key for openai (llm of the support): MY_KEY is not set"),
    ] {
        let run = converse(home.path(), &["--llm", llm, "--out", out.to_str().unwrap()]).output().unwrap();
        let line = format!("error: {expected} in the environment, in .env.local or in .env\n");
        assert_eq!((run.status.code(), told(&run)), (Some(1), line));
        assert!(!out.exists());
    }
    let run = converse(home.path(), &["--llm", "deepgram"]).output().unwrap();
    assert!(told(&run).contains("`deepgram` has no models for `llm`\n  help: it has them for `stt` and `tts`"));
}

#[test]
fn a_scenario_can_not_carry_a_key_away() {
    let home = tempfile::tempdir().unwrap();
    let file = scenario(home.path());
    let planned =
        "  providers: {llm: {provider: openai, base_url: \"http://127.0.0.1:9/v1\", api_key_env: AWS_SECRET}}\n";
    let text =
        std::fs::read_to_string(&file).unwrap().replacen("  persona: joe\n", &format!("  persona: joe\n{planned}"), 1);
    std::fs::write(&file, text).unwrap();
    let mut command = duologue(home.path());
    command.args(["converse", "--in-process", "--stt", "scripted", "--tts", "scripted", "--scenario"]).arg(&file);
    let run = command.env("AWS_SECRET", "very-secret").output().unwrap();
    let told = told(&run);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("the scenario wants to send the key in AWS_SECRET to http://127.0.0.1:9/v1"), "{told}");
    assert!(!told.contains("very-secret"), "{told}");
}

#[test]
fn a_call_is_recorded_and_played_again_without_its_providers() {
    let home = tempfile::tempdir().unwrap();
    let tape = home.path().join("call.jsonl");
    let run = scripted(home.path()).arg("--record").arg(&tape).output().unwrap();
    let first = last_json(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    let head = std::fs::read_to_string(&tape).unwrap();
    assert!(head.starts_with("{\"cassette\":1,"), "{}", head.lines().next().unwrap_or(""));

    let replay = || {
        let mut command = duologue(home.path());
        command.args(["--json", "converse", "--in-process", "--seed", "7", "--scenario"]).arg(scenario(home.path()));
        command.arg("--replay").arg(&tape);
        command
    };
    let run = replay().output().unwrap();
    let second = last_json(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{}", told(&run));
    assert_eq!((&second["turns"], &second["end_reason"]), (&first["turns"], &first["end_reason"]));
    assert_eq!(second["agents"], first["agents"], "the models are those of the recording");
    let words = |summary: &serde_json::Value| {
        let file = Path::new(summary["folder"].as_str().unwrap()).join("transcript.json");
        let transcript: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let utterances = transcript["utterances"].as_array().unwrap().clone();
        utterances.iter().map(|u| u["text"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(words(&second), words(&first));

    // Never over a recording, and never by halves.
    let run = scripted(home.path()).arg("--record").arg(&tape).output().unwrap();
    assert!(told(&run).contains("is there already"), "{}", told(&run));
    let run = replay().args(["--llm", "local"]).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    std::fs::write(&tape, "no cassette").unwrap();
    assert!(told(&replay().output().unwrap()).contains("is no cassette"));
}

#[test]
fn a_wrong_command_line_is_one_json_object_where_that_was_asked_for() {
    let home = tempfile::tempdir().unwrap();
    for args in [&["--json", "converse"][..], &["converse", "--json", "--sceanrio", "x"], &["frobnicate", "--json"]] {
        let run = duologue(home.path()).args(args).output().unwrap();
        assert_eq!(run.status.code(), Some(2));
        let stdout = String::from_utf8(run.stdout.clone()).unwrap();
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        assert!(!last_json(&run.stdout)["error"].as_str().unwrap().is_empty());
        assert!(told(&run).contains("error: "));
    }
    let help = duologue(home.path()).args(["--json", "--help"]).output().unwrap();
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Usage"));
}

#[test]
fn settings_are_shown_masked_with_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let mut command = duologue(home.path());
    command.env("DUOLOGUE_LLM", "foo").env("GOOGLE_API_KEY", "AIza-very-secret").args([
        "config",
        "show",
        "--models-dir",
        "m",
    ]);
    let run = command.output().unwrap();
    let shown = String::from_utf8_lossy(&run.stdout);
    assert!(told(&run).contains("warning: `llm` cannot be `foo` (from environment DUOLOGUE_LLM)"), "{}", told(&run));
    assert!(
        shown.contains("flag --models-dir") && shown.contains("AIz****") && !shown.contains("very-secret"),
        "{shown}"
    );
    assert!(
        shown.contains("environment GOOGLE_API_KEY") && shown.contains("TTS_MINIMAX_API_KEY, MINIMAX_API_KEY"),
        "{shown}"
    );
}

/// Refuses every request for so many seconds, and counts them.
fn limited(seconds: &str) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let status: &'static str = format!("429 Too Many Requests\r\nRetry-After: {seconds}").leak();
    let each = move || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    (answering(status, "{}", each), asked)
}

/// Answers every request with this status and body.
fn server(status: &'static str, body: &'static str) -> String {
    answering(status, body, || {})
}

fn answering(status: &'static str, body: &'static str, each: impl Fn() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut input = BufReader::new(connection.try_clone().unwrap());
            let mut line = String::new();
            while input.read_line(&mut line).is_ok_and(|n| n > 2) {
                line.clear();
            }
            each();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            drop(connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body.as_bytes())));
        }
    });
    format!("http://{address}/v1")
}

#[test]
fn the_doctor_tries_every_provider_that_is_configured() {
    let home = tempfile::tempdir().unwrap();
    let mut command = duologue(home.path());
    command.env("ANTHROPIC_BASE_URL", server("200 OK", r#"{"data": [{"id": "claude-haiku-4-5"}]}"#));
    command.env("ANTHROPIC_API_KEY", "sk-good");
    command.env("GEMINI_BASE_URL", server("401 Unauthorized", "{}")).env("GEMINI_API_KEY", "sk-bad");
    let run = command.env("DUOLOGUE_LLM", "foo").args(["--json", "doctor"]).output().unwrap();
    let found = last_json(&run.stdout);
    let check = |name: &str| found["checks"].as_array().unwrap().iter().find(|c| c["name"] == name).cloned();
    let (good, bad) = (check("anthropic").unwrap(), check("gemini").unwrap());
    assert_eq!((&good["outcome"], &bad["outcome"]), (&"ok".into(), &"problem".into()), "{found}");
    assert!(good["finding"].as_str().unwrap().contains("answers and takes the key"), "{good}");
    assert!(bad["help"].as_str().unwrap().contains("GEMINI_API_KEY"), "{bad}");
    assert!(check("settings").unwrap()["finding"].as_str().unwrap().contains("`foo`") && check("openai").is_none());
    assert!(!found.to_string().contains("sk-"));
}

#[test]
fn a_refused_key_is_told_under_the_variable_it_came_from() {
    let home = tempfile::tempdir().unwrap();
    let refusing = server("401 Unauthorized", "{}");
    for (name, variables) in [
        ("deepgram", &["DEEPGRAM_API_KEY", "ASR_DEEPGRAM_API_KEY"][..]),
        ("elevenlabs", &["ELEVENLABS_API_KEY", "ELEVEN_API_KEY", "TTS_ELEVENLABS_API_KEY"]),
        ("minimax", &["MINIMAX_API_KEY"]),
        ("gemini", &["GOOGLE_API_KEY"]),
        ("openai", &["LLM_API_KEY"]),
    ] {
        for variable in variables {
            let mut command = duologue(home.path());
            command.env(format!("{}_BASE_URL", name.to_uppercase()), &refusing).env(variable, "very-secret");
            let found = last_json(&command.args(["--json", "doctor"]).output().unwrap().stdout);
            let check = found["checks"].as_array().unwrap().iter().find(|c| c["name"] == name).cloned().unwrap();
            let wanted = format!("set {variable} to a valid key of this server");
            assert_eq!((&check["outcome"], &check["help"]), (&"problem".into(), &wanted.into()), "{check}");
        }
    }
    let mut file = duologue(home.path());
    std::fs::write(home.path().join("duologue.yaml"), "deepgram:\n  api_key: very-secret\n").unwrap();
    let found =
        last_json(&file.env("DEEPGRAM_BASE_URL", &refusing).args(["--json", "doctor"]).output().unwrap().stdout);
    assert!(found.to_string().contains("set `deepgram.api_key` in duologue.yaml to a valid key"), "{found}");
}

/// An event stream of a model that breaks off in the middle of each answer but the third.
fn stumbling() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut input = BufReader::new(connection.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while input.read_line(&mut line).is_ok_and(|n| n > 2) {
                let size = line.to_lowercase();
                length = size.strip_prefix("content-length:").and_then(|l| l.trim().parse().ok()).unwrap_or(length);
                line.clear();
            }
            drop(std::io::Read::read_exact(&mut input, &mut vec![0; length]));
            let n = count.fetch_add(1, Ordering::Relaxed) + 1;
            let said = r#"data: {"choices":[{"index":0,"delta":{"content":"The light is red."}}]}"#;
            let rest = match n % 3 {
                0 => {
                    "\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
                }
                _ => "\n\n",
            };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
            drop(connection.write_all(format!("{head}{said}{rest}").as_bytes()));
        }
    });
    (format!("http://{address}/v1"), asked)
}

#[test]
fn a_reply_that_breaks_off_before_it_is_heard_does_not_end_the_call() {
    let home = tempfile::tempdir().unwrap();
    let (url, asked) = stumbling();
    let mut command = converse(home.path(), &["--json", "--llm"]);
    let run = command.arg(format!("openai/m@{url}")).args(["--duration", "9"]).output().unwrap();
    let result = last_json(&run.stdout);
    assert!(result["error"].is_null() && result["turns"].as_u64() > Some(1), "{result} {}", told(&run));
    assert!(told(&run).contains("the answer ended in the middle"), "{}", told(&run));
    assert!(asked.load(Ordering::Relaxed) >= 3);
}

#[test]
fn a_rate_limit_costs_three_requests_and_one_that_lasts_is_told() {
    let home = tempfile::tempdir().unwrap();
    for (wait, requests) in [("0.1", 3), ("3600", 1)] {
        let (url, asked) = limited(wait);
        let mut command = converse(home.path(), &["--json", "--duration", "9", "--llm", "scripted", "--dialogue"]);
        std::fs::write(home.path().join("lines.yaml"), crate::LINES).unwrap();
        let run = command.args(["lines.yaml", "--customer-llm"]).arg(format!("openai/m@{url}")).output().unwrap();
        let error = last_json(&run.stdout)["error"].as_str().unwrap_or_default().to_string();
        assert!(run.status.code() == Some(1) && error.contains("status 429"), "{error} {}", told(&run));
        assert_eq!(error.contains("asks to wait 3600 s"), wait == "3600", "{error}");
        assert_eq!(asked.load(Ordering::Relaxed), requests, "{wait}");
    }
}
