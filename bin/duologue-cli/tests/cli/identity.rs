//! An authority as a user has it, and what it is told to do.

use crate::{duologue, last_json};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

struct Authority {
    child: Child,
    said: Value,
}

impl Authority {
    fn start(home: &Path, more: &[&str]) -> Authority {
        let mut command = duologue(home);
        command.args(["--json", "identity", "authority"]).args(more).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Authority { child, said: serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")) }
    }

    fn end(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command says as JSON, and whether it went well.
fn identity(home: &Path, words: &[&str]) -> (Value, bool) {
    let output = duologue(home).args(["--json", "identity"]).args(words).output().unwrap();
    (last_json(&output.stdout), output.status.success())
}

fn done(home: &Path, words: &[&str]) -> Value {
    let (said, is_good) = identity(home, words);
    assert!(is_good, "{words:?}: {said}");
    said
}

const WORKER: &str = "spiffe://example.org/worker";

#[test]
fn an_authority_says_what_to_export_and_takes_orders() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::start(home.path(), &[]);
    let socket = authority.said["socket"].as_str().unwrap().to_owned();
    assert_eq!(authority.said["export"]["SPIFFE_ENDPOINT_SOCKET"], socket.as_str());
    assert_eq!(
        (&authority.said["trust_domain"], &authority.said["for_development"]),
        (&"example.org".into(), &true.into())
    );

    // This program is its user, by the socket of the data directory and by that which the environment names.
    let own = done(home.path(), &["show"]);
    let who = own["identity"]["spiffe_id"].as_str().unwrap();
    assert!(who.starts_with("spiffe://example.org/cli/"), "{own}");
    let elsewhere = tempfile::tempdir().unwrap();
    let named =
        duologue(elsewhere.path()).env("SPIFFE_ENDPOINT_SOCKET", &socket).args(["identity", "show"]).output().unwrap();
    assert!(named.status.success());
    assert!(String::from_utf8_lossy(&named.stdout).contains(&format!("This program is {who}.")), "{named:?}");

    let program = std::env::current_exe().unwrap().display().to_string();
    done(home.path(), &["entry", "add", WORKER, "--program", &program]);
    let is_worker = |entry: &Value| entry["spiffe_id"] == WORKER && entry["executable"]["path"] == program.as_str();
    let listed = |home: &Path| done(home, &["entry", "list"])["entries"].as_array().unwrap().iter().any(is_worker);
    assert!(listed(home.path()));
    done(home.path(), &["entry", "remove", WORKER, "--program", &program]);
    assert!(!listed(home.path()));

    let token = done(home.path(), &["token", WORKER, "--ttl", "1m"]);
    assert!(token["token"].as_str().unwrap().len() > 20);
    done(home.path(), &["revoke", WORKER]);
    let bundle = done(home.path(), &["bundle"]);
    assert_eq!(bundle["keys"].as_array().unwrap().len(), 2, "{bundle}");
    let file = home.path().join("theirs.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    done(home.path(), &["federate", "example.com", "--file", file.to_str().unwrap()]);
    let state = done(home.path(), &["show"])["authority"].take();
    assert_eq!((&state["revoked"][0], &state["federated"][0]["domain"]), (&WORKER.into(), &"example.com".into()));
    done(home.path(), &["readmit", WORKER]);
    done(home.path(), &["defederate", "example.com"]);
    let (refused, is_good) = identity(home.path(), &["readmit", WORKER]);
    assert!(!is_good && refused["error"].as_str().unwrap().contains("there is no such"), "{refused}");

    assert_eq!(authority.end(), Some(0));
    let (gone, is_good) = identity(home.path(), &["entry", "list"]);
    assert!(!is_good && gone["error"].as_str().unwrap().contains("duologue identity authority"), "{gone}");
}

#[test]
fn nobody_is_told_who_they_are_without_an_authority() {
    let home = tempfile::tempdir().unwrap();
    let (said, is_good) = identity(home.path(), &["show"]);
    assert!(!is_good && said["identity"]["spiffe_id"].is_null(), "{said}");
    assert!(said["identity"]["error"].as_str().unwrap().contains("duologue identity authority"), "{said}");
    let output = duologue(home.path()).args(["identity", "revoke", "example.org/worker"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("spiffe://"), "{output:?}");
}

#[test]
fn an_authority_elsewhere_is_as_good() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("mine");
    let folder = folder.to_str().unwrap();
    let socket = home.path().join("api.sock");
    let options = ["--trust-domain", "b.test", "--socket", socket.to_str().unwrap(), "--folder", folder];
    let authority = Authority::start(home.path(), &options);
    assert_eq!(authority.said["socket"], format!("unix://{}", socket.display()));
    let state = done(home.path(), &["show", "--folder", folder]);
    assert_eq!(state["authority"]["domain"], "b.test");
    let second = duologue(home.path()).args(["identity", "authority", "--folder", folder]).output().unwrap();
    assert!(String::from_utf8_lossy(&second.stderr).contains("another authority works in"), "{second:?}");
}
