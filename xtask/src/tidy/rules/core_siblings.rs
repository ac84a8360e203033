//! Within core, everybody may stand on `ids`, `chat` and `media`; domains do not know each other.

use crate::tidy::{Finding, Layer, Workspace};

/// What every core crate may depend on.
const FOUNDATION: [&str; 3] = ["core/ids", "core/chat", "core/media"];

/// Who may know which other domain, and why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("core/sim", "core/voice", "the two-party world joins two session machines in virtual time"),
    ("core/room", "core/livekit-wire", "LiveKit's messages are a room's contract, and named in one crate"),
];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let inside =
        workspace.internal_dependencies().filter(|(a, b)| a.layer() == Layer::Core && b.layer() == Layer::Core);
    inside
        .filter(|(from, to)| !allowed(&from.folder, &to.folder))
        .map(|(from, to)| Finding {
            rule: "core-siblings",
            place: format!("{}/Cargo.toml", from.folder),
            what: format!("depends on {}", to.folder),
            why: "core domains stand on ids, chat and media only; one that knows another can no longer change alone"
                .into(),
            instead: format!(
                "let io/ join the two, move the shared type down, or list the pair with its reason in {}",
                file!()
            ),
        })
        .collect()
}

fn allowed(from: &str, to: &str) -> bool {
    FOUNDATION.contains(&to) || EXCEPTIONS.iter().any(|(a, b, _)| (*a, *b) == (from, to))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::{package, packages};

    #[test]
    fn domains_know_the_foundation_only() {
        let fine =
            packages(vec![package("core/ids", &[]), package("core/voice", &["ids"]), package("core/sim", &["voice"])]);
        assert_eq!(check(&fine), []);
        let wrong = packages(vec![package("core/score", &["voice"]), package("core/voice", &[])]);
        assert_eq!(check(&wrong)[0].what, "depends on core/voice");
    }
}
