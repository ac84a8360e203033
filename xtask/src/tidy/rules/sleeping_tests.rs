//! Tests do not sleep: they wait for the event, or run on time that they move themselves.

use crate::tidy::{Finding, SourceFile, Workspace};

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.files.iter().filter(|file| !file.path.starts_with("benches/")).flat_map(in_file).collect()
}

fn in_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    let asleep = file.test_lines().filter(|(_, code)| calls_sleep(code));
    asleep.map(|(line, _)| Finding {
        rule: "sleeping-tests",
        place: format!("{}:{line}", file.path),
        what: "a test calls `sleep`".into(),
        why: "a sleep is too short on a busy machine, where the test fails, and too long on every other".into(),
        instead: "wait for the event itself, use virtual time (core/sim) or tokio's paused clock with `advance`; for \
                  somebody who never answers, `std::future::pending`"
            .into(),
    })
}

fn calls_sleep(code: &str) -> bool {
    code.match_indices("sleep(").any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !code[..at].trim_end().ends_with("fn")
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::file;

    #[test]
    fn sleeping_in_tests_is_found() {
        let text = "fn work() { sleep(d) }\n#[cfg(test)]\nmod tests {\n  fn t() { std::thread::sleep(d) }\n}\n";
        assert_eq!(check(&file("io/x/src/a.rs", text))[0].place, "io/x/src/a.rs:4");
        assert_eq!(check(&file("io/x/tests/a.rs", "tokio::time::sleep(d).await;\n")).len(), 1);
    }

    #[test]
    fn other_names_pass() {
        assert_eq!(check(&file("io/x/tests/a.rs", "fn sleep() {}\nno_sleep(d);\n")), []);
    }
}
