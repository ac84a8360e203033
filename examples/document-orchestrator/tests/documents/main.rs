//! The example as a reader runs it: three agents, their identities and policies, and calls from the command line. On other ports, so that
//! it disturbs nobody.

use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const TEXT: &str = "This is a wonderful document. It contains great information and amazing insights.";
const ORCHESTRATOR: &str = "spiffe://example.org/agent/document-orchestrator";
const WORKER: &str = "spiffe://example.org/agent/document-worker";
/// As the agents' files have them: worker, orchestrator, summariser, and the figures of each.
const PORTS: [u16; 6] = [8443, 8444, 8445, 9090, 9091, 9092];
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the programs are.
fn programs() -> &'static Path {
    let folder = Path::new(env!("CARGO_BIN_EXE_document-orchestrator")).parent().expect("a folder");
    for program in ["duologue", "document-worker", "document-summariser"] {
        let help = "cargo build --release --workspace --bins";
        assert!(folder.join(program).is_file(), "this test starts `{program}` in {}: {help}", folder.display());
    }
    folder
}

/// The three agents of a copy of `examples`.
struct Documents {
    folder: tempfile::TempDir,
    ports: [u16; 6],
    script: Child,
}

impl Documents {
    fn start() -> Documents {
        let folder = tempfile::tempdir().unwrap();
        let ports = free_ports();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &folder.path().join("examples"), &ports);
        let mut command = Command::new(folder.path().join("examples/documents.sh"));
        command.arg(programs()).env("DUOLOGUE_HOME", folder.path().join("home")).env_remove("SPIFFE_ENDPOINT_SOCKET");
        // In a group of its own, so that all of it ends with this test.
        let script = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let documents = Documents { folder, ports, script };
        documents.ready();
        documents
    }

    /// The orchestrator opens once the others answer.
    fn ready(&self) {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.ports[1])).is_err() {
            assert!(Instant::now() < until, "the orchestrator did not open");
            std::thread::yield_now();
        }
        assert!(TcpStream::connect(("127.0.0.1", self.ports[0])).is_ok(), "the worker is there before it");
    }

    fn duologue(&self, args: &[&str]) -> Output {
        let mut command = Command::new(programs().join("duologue"));
        command.args(args).env("DUOLOGUE_HOME", self.folder.path().join("home")).env_remove("SPIFFE_ENDPOINT_SOCKET");
        command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn call(&self, agent: &str, port: usize, capability: &str, params: &Value) -> Output {
        let (address, params) = (format!("https://127.0.0.1:{}", self.ports[port]), params.to_string());
        self.duologue(&[
            "call",
            "--agent",
            agent,
            "--address",
            &address,
            "--capability",
            capability,
            "--params",
            &params,
        ])
    }

    fn answer(&self, capability: &str, params: &Value) -> Value {
        let output = self.call(ORCHESTRATOR, 1, capability, params);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && told.is_empty(), "{told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refusal(&self, agent: &str, port: usize, capability: &str, params: &Value) -> String {
        let output = self.call(agent, port, capability, params);
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }

    fn decisions(&self) -> PathBuf {
        self.folder.path().join("target/example-documents/worker-decisions.jsonl")
    }

    fn stop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.script);
        let _ = rustix::process::kill_process(group, rustix::process::Signal::TERM);
        drop(self.script.wait());
    }
}

impl Drop for Documents {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.script);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        drop(self.script.wait());
    }
}

fn free_ports() -> [u16; 6] {
    let listeners = PORTS.map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Scripts, files and policies, with other ports.
fn copy(from: &Path, to: &Path, ports: &[u16; 6]) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (at, to) = (entry.path(), to.join(entry.file_name()));
        if at.is_dir() {
            copy(&at, &to, ports);
        } else if at.extension().is_some_and(|end| end == "yaml") {
            let text = std::fs::read_to_string(&at).unwrap();
            let pairs = PORTS.iter().zip(ports);
            std::fs::write(&to, pairs.fold(text, |text, (old, new)| text.replace(&old.to_string(), &new.to_string())))
                .unwrap();
        } else {
            std::fs::copy(&at, &to).unwrap();
        }
    }
}

#[test]
fn documents_are_processed_by_whom_the_policies_allow() {
    let mut documents = Documents::start();

    let answer = documents.answer("process_document", &json!({ "text": TEXT }));
    assert_eq!(answer["status"], "completed");
    assert_eq!(answer["operations_performed"], json!(["analyze"]));
    let analysis = &answer["results"]["analysis"];
    assert_eq!((&analysis["word_count"], &analysis["sentence_count"]), (&json!(12), &json!(2)));
    assert_eq!((&analysis["character_count"], &analysis["avg_word_length"]), (&json!(81), &json!(5.83)));
    assert_eq!(analysis["sentiment"], "positive");

    let unknown = documents.answer("process_document", &json!({ "text": TEXT, "operations": ["sing"] }));
    assert_eq!(unknown["results"]["sing"], json!({ "error": "Unknown operation" }));

    let three =
        json!([{ "id": "a", "text": TEXT }, { "id": "b", "text": "A bad day." }, { "id": "c", "text": "It is." }]);
    let batch = documents.answer("batch_process", &json!({ "documents": three }));
    assert_eq!((&batch["total_documents"], &batch["successful"], &batch["failed"]), (&json!(3), &json!(3), &json!(0)));
    let ids: Vec<&str> = batch["results"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);

    // Whoever is not the orchestrator is refused, by the rule that the log has too.
    let refused = documents.refusal(WORKER, 0, "count_words", &json!({ "text": "a b" }));
    assert!(refused.contains("not authorised") && refused.contains("only_orchestrator.rego"), "{refused}");
    let log = std::fs::read_to_string(documents.decisions()).unwrap();
    let of_cli = |line: &&str| line.contains(r#""caller":"spiffe://example.org/cli/"#);
    let mine = log.lines().find(of_cli).expect("the refusal is in the log");
    let told = [r#""outcome":"deny""#, "only_orchestrator.rego", "count_words"];
    assert!(told.iter().all(|word| mine.contains(word)), "{mine}");
    assert!(!log.contains("wonderful"), "nobody's words are in the log");
    let log = documents.decisions();
    assert!(documents.duologue(&["policy", "log", "verify", log.to_str().unwrap()]).status.success());

    // Whoever answers has to be who was asked for.
    let mistaken = documents.refusal(WORKER, 2, "count_words", &json!({ "text": "a b" }));
    assert!(mistaken.contains(WORKER) && mistaken.contains("document-summariser"), "{mistaken}");

    documents.stop();
    let open = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
    assert!(!documents.ports.iter().any(open), "all three ended");
}
