//! The example as a reader runs it: a call in a room, with scripted models and real tools.

use std::path::Path;
use std::process::{Command, Stdio};

/// Where the programs are.
fn programs() -> &'static Path {
    let folder = Path::new(env!("CARGO_BIN_EXE_voice-agent-with-tools")).parent().expect("a folder");
    assert!(
        folder.join("duologue").is_file(),
        "this test starts `duologue` in {}: cargo build --release --workspace --bins",
        folder.display()
    );
    folder
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_agent_looks_up_what_it_says() {
    let home = tempfile::tempdir().unwrap();
    let mut call = Command::new(here().join("call.sh"));
    call.arg(programs())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .env("AGENT_PORT", "0");
    let run = call.stdin(Stdio::null()).output().unwrap();
    let (said, told) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{said}\n{told}");
    for line in
        ["It comes tomorrow before noon.", "On Saturday the depot is open from nine to one.", "Thank you, goodbye."]
    {
        assert!(said.contains(line), "{line}\n{said}\n{told}");
    }
    // A capability, a tool of another program, and a function; neither what they were asked nor what they answered.
    for tool in ["parcel_status", "opening_hours", "hold_parcel"] {
        let logged = told.lines().find(|line| line.contains("a tool was called") && line.contains(tool));
        assert!(logged.is_some_and(|line| line.contains("ok=true")), "{tool}\n{told}");
    }
    let of_tools = |line: &&str| line.contains("tool");
    assert!(!told.lines().filter(of_tools).any(|line| line.contains("4279") || line.contains("Bergen")), "{told}");
}

/// The agent without rooms: other agents call it, and find the capability and not the tools.
#[test]
fn other_agents_ask_it_for_the_same() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("agent.yaml");
    std::fs::write(&file, "server: {port: 0}\nvoice: {providers: {}}\n").unwrap();
    let card =
        Command::new(programs().join("voice-agent-with-tools")).args(["card", "--config"]).arg(&file).output().unwrap();
    let card = String::from_utf8(card.stdout).unwrap();
    assert!(card.contains("parcel_status") && !card.contains("hold_parcel"), "{card}");
}
