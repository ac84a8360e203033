//! Agents that prove who they are, on an authority of their own.

use duologue::{Agent, Config, Serving};
use duologue_identity::{Authority, AuthorityConfig, Entry, Executable, Order};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

pub(crate) const DOMAIN: &str = "example.org";

/// An authority, and the folder that all is in.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    pub(crate) authority: Authority,
}

pub(crate) fn id(name: &str) -> String {
    format!("spiffe://{DOMAIN}/agent/{name}")
}

impl Bed {
    pub(crate) async fn new() -> Bed {
        let folder = tempfile::tempdir().expect("a folder");
        let domain = DOMAIN.parse().expect("a trust domain");
        let config =
            AuthorityConfig { own_program: false, ..AuthorityConfig::new(folder.path().join("authority"), domain) };
        let authority = Authority::start(config).await.expect("an authority");
        Bed { folder, authority }
    }

    /// The file of an agent that has an entry at the authority.
    pub(crate) async fn file(&self, name: &str) -> Config {
        let program = std::env::current_exe().expect("this program").to_str().expect("a path in UTF-8").to_owned();
        let uid = rustix::process::geteuid().as_raw();
        let executable = Executable { path: program, sha256: None };
        let entry = Entry { spiffe_id: id(name).parse().expect("a SPIFFE id"), uid, executable };
        self.authority.perform(Order::AddEntry(entry)).await.expect("an entry");
        let socket = self.folder.path().join("authority").join("workload.sock");
        let text = json!({
            "identity": { "spiffe_id": id(name), "spire_socket": socket },
            "server": { "port": 0, "mtls": { "enabled": true } },
            "authorization": { "default_policy": "allow_all" },
        });
        Config::parse("agent.yaml", &text.to_string()).expect("a file")
    }

    /// Serves an agent whom everybody of the trust domain may call.
    pub(crate) async fn serve(&self, agent: Agent, name: &str) -> Serving {
        agent.config(self.file(name).await).start().await.expect("it is served")
    }

    /// An agent that only calls others.
    pub(crate) async fn caller(&self, name: &str) -> Serving {
        self.serve(Agent::new(name), name).await
    }

    /// A policy in a file.
    pub(crate) fn policy(&self, config: &mut Config, text: &str) {
        let path = self.folder.path().join("policy.rego");
        std::fs::write(&path, text).expect("a file");
        config.authorization.policy_file = Some(path);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// An agent without identity, for this machine alone.
pub(crate) async fn plain(agent: Agent) -> Serving {
    let mut config = Config::default();
    config.server.port = 0;
    agent.config(config).start().await.expect("it is served")
}

/// Calls of an agent without identity.
pub(crate) async fn ask(serving: &Serving, capability: &str, params: Value) -> Result<Value, duologue::CallError> {
    serving.calls().call(("spiffe://example.org/agent/any", serving.url()), capability, &params).await
}
