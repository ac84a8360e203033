use duologue_engine::protocol::{Event, Op, Request, Response, read_frame, write_frame};
use std::path::PathBuf;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A running engine, spoken to frame by frame.
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) cached: u32,
    pub(crate) written: u32,
    pub(crate) truncated: bool,
}

impl Child {
    pub(crate) fn start(arguments: &[&str]) -> Child {
        let mut process = Command::new(env!("CARGO_BIN_EXE_duologue-engine-llm"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the engine was built with this test");
        let (input, output) = (process.stdin.take(), process.stdout.take().expect("it is piped"));
        Child { process, input, output }
    }

    /// Starts with the test model and waits until it is ready; `None`, loudly, where there is no model.
    pub(crate) fn with_model(arguments: &[&str]) -> Option<Child> {
        let Some(folder) = std::env::var_os("DUOLOGUE_TEST_MODELS") else {
            eprintln!("SKIPPED: DUOLOGUE_TEST_MODELS does not name a folder with models");
            return None;
        };
        let model = PathBuf::from(folder).join("language/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
        let model = model.to_str().expect("a path in UTF-8");
        let mut child = Child::start(&[&["--model", model], arguments].concat());
        match child.receive() {
            Response { id: 0, event: Event::Ready { .. } } => Some(child),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn send(&mut self, id: u64, op: Op) {
        let input = self.input.as_mut().expect("it is open");
        write_frame(input, &Request { id, op }, &[]).expect("the engine listens");
    }

    pub(crate) fn receive(&mut self) -> Response {
        read_frame(&mut self.output).expect("a frame").0
    }

    /// Asks and waits for the whole answer.
    pub(crate) fn ask(&mut self, id: u64, op: Op) -> Answer {
        self.send(id, op);
        let mut text = String::new();
        loop {
            let answer = self.receive();
            assert_eq!(answer.id, id);
            match answer.event {
                Event::Text { text: piece } => text.push_str(&piece),
                Event::Done { cached_tokens: cached, completion_tokens: written, truncated, .. } => {
                    return Answer { text, cached, written, truncated };
                }
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.process.wait().expect("it can be waited for").code()
    }

    /// The exit code, unless the process lives on for longer than this.
    pub(crate) fn exit_code_within(mut self, time: Duration) -> Option<i32> {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || send.send(self.exit_code()));
        receive.recv_timeout(time).ok().flatten()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
