//! The real local models, where `DUOLOGUE_TEST_MODELS` names a folder that holds them (T3) and the engines are built.
//!
//! With `--nocapture` the calls and their latencies are printed, for people to judge.

use duologue_chat::{ChatDelta, ChatRequest, ClauseChunker, Finish, Hint, History};
use duologue_engine::local::{LocalModelPaths, LocalModels};
use duologue_models::{Llm, SpeechRequest};
use futures::StreamExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LANGUAGE_MODEL: &str = "language/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";
const JOE: &str = "You write the lines of Joe, a friendly phone support agent at Northwind Internet, talking on the phone to \
    the customer Anna. Joe is calm and helpful. Joe speaks in short, warm sentences with plain words. Write one spoken line \
    of at most 20 words. No lists. Never write a line for Anna.";
const ANNA: &str = "You write the lines of Anna, a customer, talking on the phone to Joe, a friendly phone support agent at \
    Northwind Internet. Anna is a little stressed but polite. Anna speaks directly, in short plain sentences. Write one \
    spoken line of at most 20 words. No lists. Never write a line for Joe.";
const GREETING: &str = "Northwind Internet, this is Joe. How can I help you today?";

/// What each line says, in the form that the built-in scenarios have, and words of which at least one must be in it.
const COURSE: [(&str, &[&str]); 12] = [
    ("Anna says: hi Joe, my internet at home stopped working this morning.", &["internet"]),
    ("Joe asks Anna: can you tell me if you have restarted the router?", &["restart"]),
    ("Anna says: yes, I have restarted it twice already.", &["twice"]),
    ("Joe asks Anna: can you tell me what colour the light on the router is?", &["colour", "color"]),
    ("Anna says: the light is red.", &["red"]),
    (
        "Joe says: a red light is a line fault, so I can send a technician for free tomorrow between nine and eleven.",
        &["technician"],
    ),
    ("Anna says: yes, tomorrow between nine and eleven is fine.", &["fine", "good", "great", "works"]),
    ("Joe asks Anna: can you tell me your street address?", &["address"]),
    ("Anna says: my address is twenty four Maple Street.", &["maple street"]),
    ("Joe says: the technician visit is booked for tomorrow between nine and eleven.", &["eleven", "11"]),
    ("Anna says: thank you Joe, goodbye.", &["bye"]),
    ("Joe says: thank you for calling, goodbye Anna.", &["bye"]),
];
/// Where a model falls out of its part.
const OUT_OF_PART: [&str; 8] =
    ["Next:", "Write", "<|", "AI", "language model", "can't assist", "can't help", "Phone call so far"];

fn models() -> Option<LocalModelPaths> {
    let Some(folder) = std::env::var_os("DUOLOGUE_TEST_MODELS").map(PathBuf::from) else {
        eprintln!("SKIPPED: DUOLOGUE_TEST_MODELS does not name a folder with models");
        return None;
    };
    let speech = folder.join("speech");
    Some(LocalModelPaths { llm: Some(folder.join(LANGUAGE_MODEL)), speech_dir: speech.is_dir().then_some(speech) })
}

#[derive(Debug)]
struct Said {
    line: String,
    finish: Finish,
    first_clause: Duration,
    whole: Duration,
    new_tokens: u32,
}

async fn say(llm: &Arc<dyn Llm>, request: ChatRequest) -> Said {
    let started = Instant::now();
    let mut stream = llm.chat(request).await.unwrap();
    let (mut line, mut chunker, mut first_clause) = (String::new(), ClauseChunker::default(), None);
    while let Some(delta) = stream.next().await {
        match delta.unwrap() {
            ChatDelta::Text(text) => {
                if !chunker.push(&text).is_empty() {
                    first_clause.get_or_insert_with(|| started.elapsed());
                }
                line.push_str(&text);
            }
            ChatDelta::ToolCall(call) => panic!("{call:?}"),
            ChatDelta::Done { finish, usage } => {
                let usage = usage.unwrap();
                let whole = started.elapsed();
                let new_tokens = usage.prompt_tokens - usage.cached_tokens;
                return Said { line, finish, first_clause: first_clause.unwrap_or(whole), whole, new_tokens };
            }
        }
    }
    panic!("the stream ended without Done");
}

/// One whole call; returns its lines and what they took.
async fn call(llms: &[Arc<dyn Llm>; 2], seed: u64) -> Vec<Said> {
    let parties = [("Joe", "Anna", JOE), ("Anna", "Joe", ANNA)];
    let mut histories = [History::default(), History::default()];
    histories[0].push_assistant(GREETING, false);
    histories[1].push_user(GREETING);
    let mut said = Vec::new();
    for (turn, (hint, _)) in COURSE.iter().enumerate() {
        let me = (turn + 1) % 2;
        let (speaker, listener, instructions) = parties[me];
        let request = ChatRequest {
            instructions: instructions.into(),
            speaker: speaker.into(),
            listener: listener.into(),
            items: histories[me].items().to_vec(),
            tools: Vec::new().into(),
            hint: Some(Hint((*hint).to_owned())),
            temperature: None,
            seed: seed * 1000 + turn as u64,
            max_tokens: 120,
        };
        let answer = say(&llms[me], request).await;
        println!("{speaker}: {}", answer.line);
        histories[me].push_assistant(&answer.line, false);
        histories[1 - me].push_user(&answer.line);
        said.push(answer);
    }
    said
}

fn mean(durations: impl Iterator<Item = Duration>) -> Duration {
    let all: Vec<Duration> = durations.collect();
    all.iter().sum::<Duration>() / u32::try_from(all.len()).unwrap().max(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn hinted_calls_are_sensible_for_three_seeds_and_the_same_again() {
    let Some(paths) = models() else { return };
    let paths = LocalModelPaths { speech_dir: None, ..paths };
    let models = LocalModels::start(paths, Default::default()).await.unwrap();
    assert!(models.stt().is_none() && models.tts().is_none() && models.voices().is_empty());
    let llms = [models.llm().unwrap(), models.llm().unwrap()];
    let mut calls = Vec::new();
    for seed in [1, 2, 3, 1] {
        println!("\n## seed {seed}");
        let said = call(&llms, seed).await;
        println!(
            "   first clause {:.2?}, whole line {:.2?} (means), {} tokens read per line",
            mean(said.iter().map(|s| s.first_clause)),
            mean(said.iter().map(|s| s.whole)),
            said.iter().map(|s| s.new_tokens).sum::<u32>() / COURSE.len() as u32,
        );
        for (said, (hint, any)) in said.iter().zip(COURSE) {
            let line = &said.line;
            assert_eq!(said.finish, Finish::Stop, "{line}");
            assert!(any.iter().any(|word| line.to_lowercase().contains(word)), "{hint}\n{line}");
            assert!(!OUT_OF_PART.iter().any(|wrong| line.contains(wrong)), "{hint}\n{line}");
            assert!(!line.contains("Anna:") && !line.contains("Joe:"), "{line}");
        }
        calls.push(said.into_iter().map(|s| s.line).collect::<Vec<_>>());
    }
    assert_eq!(calls[0], calls[3], "the same seed gives the same call, whatever was said in between");
    models.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_clause_is_spoken_while_the_line_is_still_being_written() {
    let Some(paths) = models() else { return };
    if paths.speech_dir.is_none() {
        return eprintln!("SKIPPED: there are no speech models in the folder");
    }
    let models = LocalModels::start(paths, Default::default()).await.unwrap();
    let (llm, tts) = (models.llm().unwrap(), models.tts().unwrap());
    let voice: Arc<str> = models.voices()[0].as_str().into();
    let hint =
        "Joe says sorry, explains that a red light is a line fault, and offers a free technician visit tomorrow.";
    let request = ChatRequest {
        instructions: JOE.into(),
        speaker: "Joe".into(),
        listener: "Anna".into(),
        items: Vec::new(),
        tools: Vec::new().into(),
        hint: Some(Hint(hint.to_owned())),
        temperature: None,
        seed: 1,
        max_tokens: 60,
    };
    let quiet = say(&llm, request.clone()).await;
    let started = Instant::now();
    let mut stream = llm.chat(request).await.unwrap();
    let (mut chunker, mut speaking, mut line) = (ClauseChunker::default(), None, String::new());
    while let Some(delta) = stream.next().await {
        let ChatDelta::Text(text) = delta.unwrap() else { break };
        line.push_str(&text);
        for clause in chunker.push(&text).into_iter().take(usize::from(speaking.is_none())) {
            let (tts, voice, asked) = (Arc::clone(&tts), Arc::clone(&voice), Instant::now());
            speaking = Some(tokio::spawn(async move {
                let request = SpeechRequest { text: clause, voice, speed: 1.0 };
                let audio = tts.speak(request).await.unwrap().next().await.unwrap().unwrap();
                assert!(!audio.samples.is_empty() && audio.rate > 0);
                (asked.elapsed(), started.elapsed())
            }));
        }
    }
    let written = started.elapsed();
    let (spoken, first_audio) = speaking.expect("a line of two clauses").await.unwrap();
    println!("{line}\n   first audio {first_audio:.2?} ({spoken:.2?} of it speaking), line written {written:.2?}");
    println!("   without speaking: first clause {:.2?}, line written {:.2?}", quiet.first_clause, quiet.whole);
    models.shutdown().await;
}
