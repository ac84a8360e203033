//! The engine as its parent sees it: a process that answers frames.

use duologue_engine::protocol::{Event, FrameError, Op, Request, Response, read_frame, write_frame};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

struct Engine {
    child: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
}

impl Engine {
    fn start(arguments: &[&str]) -> Engine {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duologue-engine-speech"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take(), child.stdout.take().unwrap());
        Engine { child, to, from }
    }

    fn ask(&mut self, id: u64, op: Op, payload: &[u8]) {
        write_frame(self.to.as_mut().unwrap(), &Request { id, op }, payload).unwrap();
    }

    fn next(&mut self) -> (Response, Vec<u8>) {
        read_frame(&mut self.from).unwrap()
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.to = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn speak(text: &str, voice: &str) -> Op {
    Op::Speak { text: text.into(), voice: voice.into(), speed: 1.0 }
}

fn english() -> Op {
    Op::Transcribe { language: "en-US".into() }
}

/// The speech models, or `None` with a loud note.
fn models() -> Option<String> {
    let Some(folder) = std::env::var_os("DUOLOGUE_TEST_MODELS") else {
        eprintln!("SKIPPED: set DUOLOGUE_TEST_MODELS to the folder that contains speech/ to test with real models");
        return None;
    };
    Some(PathBuf::from(folder).join("speech").to_str().unwrap().to_owned())
}

/// The only frame of an engine that cannot start.
fn refusal(arguments: &[&str]) -> String {
    let mut engine = Engine::start(arguments);
    let (response, _) = engine.next();
    let Event::Error { message } = response.event else { panic!("{response:?}") };
    assert_eq!(response.id, 0);
    assert!(matches!(read_frame::<_, Response>(&mut engine.from), Err(FrameError::Closed)));
    assert_eq!(engine.exit_code(), Some(2));
    message
}

#[test]
fn missing_models_are_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal(&["--dir", folder.path().to_str().unwrap()]);
    assert!(message.contains(folder.path().to_str().unwrap()), "{message}");
    assert!(message.contains("duologue models fetch"), "{message}");
    assert!(refusal(&["--threads", "2"]).contains("usage"));
}

#[test]
fn corrupt_models_are_named_with_the_remedy() {
    let Some(models) = models() else { return };
    for (damaged, cut) in [
        ("whisper-tiny.en/model.bin", 40_000_000),
        ("whisper-tiny.en/vocabulary.txt", 100),
        ("hibari/hibari.onnx", 5_000_000),
        ("hibari/oov.onnx", 0),
        ("hibari/vocab.json", 50),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for part in ["hibari", "whisper-tiny.en"] {
            link_all(&Path::new(&models).join(part), &folder.path().join(part));
        }
        let file = folder.path().join(damaged);
        let whole = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, &whole[..cut]).unwrap();
        let message = refusal(&["--dir", folder.path().to_str().unwrap()]);
        assert!(message.contains(damaged) && message.contains("duologue models fetch"), "{damaged}: {message}");
    }
}

fn link_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::os::unix::fs::symlink(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Collects a request's audio up to its end, in samples, and when the first of it came.
fn listen(engine: &mut Engine, id: u64) -> (Vec<u8>, Option<Instant>) {
    let (mut audio, mut first) = (Vec::new(), None);
    loop {
        let (response, payload) = engine.next();
        assert_eq!(response.id, id);
        match response.event {
            Event::Audio { rate } => {
                assert_eq!(rate, 24_000);
                assert!(!payload.is_empty() && payload.len() <= 2 * 4800, "{}", payload.len());
                first.get_or_insert_with(Instant::now);
                audio.extend(payload);
            }
            Event::Done { .. } => return (audio, first),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn speaks_and_hears() {
    let Some(models) = models() else { return };
    let started = Instant::now();
    let mut engine = Engine::start(&["--dir", &models, "--threads", "2"]);
    let Event::Ready { voices, load_ms } = engine.next().0.event else { panic!("not ready") };
    assert!(voices.len() >= 2 && voices[0] == "heart" && voices[1] == "orion", "{voices:?}");
    eprintln!("ready after {:.0?} (says {load_ms} ms)", started.elapsed());

    let asked = Instant::now();
    engine.ask(1, speak("Thank you for calling, how can I help you with your order?", "orion"), &[]);
    let (audio, first) = listen(&mut engine, 1);
    eprintln!("first audio of twelve words after {:.0?}", first.unwrap() - asked);

    // Every third sample dropped and no filter: crude, but clear enough to be understood.
    let samples: Vec<u8> = audio.chunks_exact(6).flat_map(|three| three[..4].to_vec()).collect();
    let asked = Instant::now();
    engine.ask(2, english(), &samples);
    let (response, _) = engine.next();
    let Event::Transcript { text, confidence } = response.event else { panic!("{response:?}") };
    eprintln!("{:.1} s of audio heard after {:.0?}", samples.len() as f32 / 32_000.0, asked.elapsed());
    assert!(text.contains("calling") && text.contains("order"), "{text}");
    assert!(confidence.unwrap() > 0.5);
    assert_eq!(engine.next().0.event, Event::done());
    let status = std::fs::read_to_string(format!("/proc/{}/status", engine.child.id())).unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")).for_each(|l| eprintln!("{l}"));
    assert_eq!(engine.exit_code(), Some(0), "a closed pipe is an orderly end");
}

#[test]
fn requests_that_make_no_sense_are_answered() {
    let Some(models) = models() else { return };
    let mut engine = Engine::start(&["--dir", &models]);
    engine.next();
    let mut answer = |id, op, payload: &[u8]| {
        engine.ask(id, op, payload);
        let (response, audio) = engine.next();
        assert_eq!((response.id, audio.len()), (id, 0));
        response.event
    };
    let error = |event: Event| match event {
        Event::Error { message } => message,
        other => panic!("{other:?}"),
    };
    assert!(error(answer(1, speak("Hello.", "nobody"), &[])).contains("orion"));
    assert!(error(answer(2, Op::Transcribe { language: "de".into() }, &[])).contains("English"));
    assert!(error(answer(3, english(), &[1, 2, 3])).contains("16 bit"));
    assert_eq!(answer(4, speak("…", "heart"), &[]), Event::done());
    assert_eq!(answer(5, Op::Ping, &[]), Event::done());
    assert_eq!(answer(6, Op::Cancel { target: 99 }, &[]), Event::done());
    let empty = Event::Transcript { text: String::new(), confidence: None };
    assert_eq!(answer(7, english(), &[0; 3000]), empty);
}

#[test]
fn pings_and_cancels_are_answered_while_it_works() {
    let Some(models) = models() else { return };
    let mut engine = Engine::start(&["--dir", &models]);
    engine.next();
    let noise: Vec<u8> = (0..20 * 32_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 28) as u8).collect();
    for id in 1..=4 {
        engine.ask(id, english(), &noise);
    }
    engine.ask(10, Op::Ping, &[]);
    assert_eq!(engine.next().0, Response { id: 10, event: Event::done() });
    for target in 1..=4 {
        engine.ask(20 + target, Op::Cancel { target }, &[]);
    }
    let mut ended: Vec<u64> =
        (0..8).map(|_| engine.next().0).inspect(|r| assert_eq!(r.event, Event::done())).map(|r| r.id).collect();
    ended.sort_unstable();
    assert_eq!(ended, [1, 2, 3, 4, 21, 22, 23, 24]);
}
