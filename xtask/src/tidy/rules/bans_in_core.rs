//! What core's shipped code must not say: clock, disk, sockets, threads, async, printing.
//!
//! Clippy refuses the same by type where it compiles the code (`core/clippy.toml`); this also sees what is behind a
//! `cfg` or a re-export.

use crate::tidy::source::contains_word;
use crate::tidy::{Finding, Layer, SourceFile, Workspace};

struct Ban {
    words: &'static [&'static str],
    why: &'static str,
    instead: &'static str,
}

const BANS: [Ban; 6] = [
    Ban {
        words: &["Instant::now", "std::time::Instant", "SystemTime"],
        why: "core has no clock: the same inputs must give the same outputs in a simulation and in a replay",
        instead: "take `now: Mono` as an argument",
    },
    Ban {
        words: &["std::net", "std::os::unix::net"],
        why: "core has no sockets",
        instead: "return an output that io/ performs, and take the answer as an input",
    },
    Ban {
        words: &["std::fs", "std::env", "std::process"],
        why: "core has no disk, environment or processes",
        instead: "return bytes or an output, and take configuration as a struct",
    },
    Ban {
        words: &["std::thread", "thread_local"],
        why: "core has no threads: who runs it, where and how often, is the shell's business",
        instead: "let slow work leave as an output and return as an input",
    },
    Ban {
        words: &["tokio", "async fn", "async move", ".await"],
        why: "core never waits, so it needs no runtime and its tests none either",
        instead: "write a machine: `handle(now, input)`, then `poll()` until `Timeout`",
    },
    Ban {
        words: &["println!", "eprintln!", "print!", "eprint!"],
        why: "core does not print: its caller may be a terminal, a server or a test",
        instead: "return an event that the shell shows or logs",
    },
];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.files.iter().filter(|file| Layer::of(&file.path) == Layer::Core).flat_map(in_file).collect()
}

fn in_file(file: &SourceFile) -> Vec<Finding> {
    let code = file.shipped_lines().map(|(line, code)| (line, code.to_owned()));
    let mut said: Vec<(usize, &Ban, &str)> = code
        .chain(file.shipped_uses())
        .flat_map(|(line, code)| banned(&code).into_iter().map(move |(ban, word)| (line, ban, word)))
        .collect();
    said.sort_by_key(|(line, _, word)| (*line, *word));
    said.dedup_by_key(|(line, _, word)| (*line, *word));
    let finding = |(line, ban, word): (usize, &Ban, &str)| Finding {
        rule: "bans-in-core",
        place: format!("{}:{line}", file.path),
        what: format!("`{word}`"),
        why: ban.why.into(),
        instead: ban.instead.into(),
    };
    said.into_iter().map(finding).collect()
}

fn banned(code: &str) -> Vec<(&'static Ban, &'static str)> {
    let words = BANS.iter().flat_map(|ban| ban.words.iter().map(move |word| (ban, *word)));
    words.filter(|(_, word)| contains_word(code, word)).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::file;

    fn said(path: &str, text: &str) -> Vec<String> {
        check(&file(path, text)).into_iter().map(|finding| format!("{} {}", finding.place, finding.what)).collect()
    }

    #[test]
    fn the_clock_is_found_and_its_mention_in_a_comment_is_not() {
        let text = "// no Instant::now here\nlet t = Instant::now();\n";
        assert_eq!(said("core/voice/src/turn.rs", text), ["core/voice/src/turn.rs:2 `Instant::now`"]);
    }

    #[test]
    fn grouped_imports_are_seen_through() {
        assert_eq!(said("core/x/src/a.rs", "use std::{fs, fmt};\n"), ["core/x/src/a.rs:1 `std::fs`"]);
    }

    #[test]
    fn tests_and_other_layers_may() {
        assert_eq!(said("core/x/src/a.rs", "#[cfg(test)]\nmod tests {\n  use std::fs;\n}\n"), Vec::<String>::new());
        assert_eq!(said("io/x/src/a.rs", "use std::fs;\n"), Vec::<String>::new());
    }

    #[test]
    fn printing_is_told_apart_from_writing() {
        assert_eq!(said("core/x/src/a.rs", "writeln!(f, x)?;\n"), Vec::<String>::new());
        assert_eq!(said("core/x/src/a.rs", "println!(x);\n"), ["core/x/src/a.rs:1 `println!`"]);
    }
}
