//! A shell in io owns one surface; it may use another only where this list says why.

use crate::tidy::{Finding, Layer, Workspace};

/// Who may use which other shell, and why.
const ALLOWED: [(&str, &str, &str); 23] = [
    ("io/engine", "io/models", "local models implement the same provider traits as remote ones"),
    ("io/conversation", "io/models", "a conversation performs its effects with providers"),
    ("io/conversation", "io/tools", "what a model calls in a conversation is run beside it"),
    ("io/agents", "io/tools", "the file of an agent names the servers of its tools"),
    ("io/worker", "io/rtc", "whoever is in a room has a WebRTC peer, as the room server has"),
    ("io/sfu", "io/rtc", "whoever is in a room has a WebRTC peer, at the server's end too"),
    ("io/sfu", "io/worker", "in tests only: the room server is tried with clients and workers of our own"),
    ("io/simulation", "io/conversation", "a suite is many conversations, held, judged and kept as one is"),
    (
        "io/agents",
        "io/conversation",
        "an agent in a room is the one that talks in a process, and what is kept is the same",
    ),
    ("io/agents", "io/sfu", "in tests only: agents meet in rooms of our own server too"),
    ("io/agents", "io/worker", "rooms and jobs are where agents are"),
    ("io/agents", "io/providers", "the agent of a file has the models that file and settings name"),
    ("io/providers", "io/models", "what is chosen by name is a client of theirs"),
    ("io/providers", "io/engine", "or a model of this machine, which has to be found and started"),
    ("io/providers", "io/conversation", "scenarios name providers and voices, and sessions take what it comes to"),
    ("io/agents", "io/models", "a conversation in a room has its price as any other"),
    ("io/conversation", "io/engine", "a conversation starts the engines that its agents name, and reports their state"),
    ("io/api", "io/worker", "rooms are watched by a hidden participant, and asked for as any client does"),
    ("io/api", "io/conversation", "the API shows what is kept of conversations, and follows those that are held"),
    ("io/gateway", "io/identity", "who calls, and who is called, is what the handshake of a connection proved"),
    ("io/gateway", "io/store", "tasks and what webhooks are told outlive the process"),
    ("io/gateway", "io/policy-engine", "a policy decides about every call before it is performed"),
    ("io/policy-engine", "io/store", "decisions are kept in the audit chain"),
];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let inside = workspace.internal_dependencies().filter(|(a, b)| a.layer() == Layer::Io && b.layer() == Layer::Io);
    inside
        .filter(|(from, to)| !ALLOWED.iter().any(|(a, b, _)| (*a, *b) == (from.folder.as_str(), to.folder.as_str())))
        .map(|(from, to)| Finding {
            rule: "io-siblings",
            place: format!("{}/Cargo.toml", from.folder),
            what: format!("depends on {}", to.folder),
            why: "each shell owns one surface to the world; shells that use each other freely grow into one".into(),
            instead: format!("let bin/ pass the handle in, or list the pair with its reason in {}", file!()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::{package, packages};

    #[test]
    fn only_listed_pairs_pass() {
        assert_eq!(check(&packages(vec![package("io/engine", &["models"]), package("io/models", &[])])), []);
        assert_eq!(check(&packages(vec![package("io/models", &["engine"]), package("io/engine", &[])])).len(), 1);
    }
}
