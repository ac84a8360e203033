//! What a person reads, and what a script reads.

use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    GoalMissed,
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::GoalMissed => 3,
            Exit::Cancelled => 130,
        })
    }
}

/// What went wrong with a command.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One line of JSON on standard output.
pub(crate) fn print_json(value: &Value) {
    print(value);
}

/// A line on standard output, for people. That it can't be written is told, and no more: what matters is kept in files.
pub(crate) fn print(line: impl Display) {
    if let Err(e) = try_print(line) {
        note(format!("error: cannot write to standard output: {e}"));
    }
}

/// The same for what a script waits for. A reader that has gone away is no error, a file on a full disk is one.
pub(crate) fn try_print(line: impl Display) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e),
        _ => Ok(()),
    }
}

/// A line on standard error. That nobody reads it any more must not end a conversation.
pub(crate) fn note(line: impl Display) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// An error: what went wrong, then what to do; as JSON too where that was asked for.
pub(crate) fn print_error(error: &(dyn std::error::Error + 'static), json: bool) {
    note_error(error);
    if json {
        print_json(&json!({ "error": error.to_string() }));
    }
}

/// What went wrong and what to do, on standard error.
pub(crate) fn note_error(error: impl Display) {
    let red = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let word = if red { "\x1b[1;31merror\x1b[0m" } else { "error" };
    note(format!("{word}: {}", harmless(&error.to_string())));
}

/// A server's or a stranger's words on a line of our own.
pub(crate) fn plain(text: &str) -> String {
    text.replace(moves_terminal, " ")
}

/// The same on lines of their own, tabs included.
pub(crate) fn harmless(text: &str) -> String {
    let moves = |c| moves_terminal(c) && !matches!(c, '\n' | '\t');
    text.replace("\r\n", "\n").replace(moves, "\u{fffd}")
}

/// Moves the cursor, gives a terminal orders, or turns the direction of its text.
fn moves_terminal(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns that line up; the last one is not padded.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width =
        |i: usize| rows.iter().map(|r| r[i].chars().count()).chain([head[i].chars().count()]).max().unwrap_or(0);
    let line = |cells: [&str; N]| {
        let padded = cells
            .iter()
            .enumerate()
            .map(|(i, c)| if i + 1 == N { (*c).to_string() } else { format!("{c:<w$}", w = width(i)) });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    let mut lines = vec![line(head)];
    lines.extend(rows.iter().map(|r| line(r.each_ref().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_give_a_terminal_no_orders() {
        let theirs = "a\tb\r\nc\x1b[2J\u{9b}2J\x1b]0;t\x07\rd\u{202e}\x7fé";
        assert_eq!(harmless(theirs), "a\tb\nc\u{fffd}[2J\u{fffd}2J\u{fffd}]0;t\u{fffd}\u{fffd}d\u{fffd}\u{fffd}é");
        assert_eq!(plain(theirs), "a b  c [2J 2J ]0;t  d  é");
    }

    #[test]
    fn columns_line_up() {
        let rows = [["a".to_string(), "long value".into(), "x".into()], ["bb".into(), "v".into(), "y".into()]];
        assert_eq!(table(["id", "what", "why"], &rows), "id  what        why\na   long value  x\nbb  v           y");
    }
}
