//! The example as a reader runs it: the program, and a call from the command line.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn it_greets_who_calls_and_ends_when_asked() {
    let program = Path::new(env!("CARGO_BIN_EXE_hello-agent"));
    let duologue = program.with_file_name("duologue");
    assert!(duologue.is_file(), "this test starts {}: cargo build --release --workspace --bins", duologue.display());
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["--port", "0"]).current_dir(home.path()).env("DUOLOGUE_HOME", home.path());
    let mut agent = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_suffix(" ready\n").expect("it says where it is").to_owned();

    let mut call = Command::new(duologue);
    call.args(["call", &url, "--capability", "greet", "--params", r#"{"name": "Ada"}"#])
        .env("DUOLOGUE_HOME", home.path());
    let answer = call.output().unwrap();
    let told = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), r#""Hello, Ada! You are anonymous.""#, "{told}");

    rustix::process::kill_process(rustix::process::Pid::from_child(&agent), rustix::process::Signal::TERM).unwrap();
    assert!(agent.wait().unwrap().success());
}
