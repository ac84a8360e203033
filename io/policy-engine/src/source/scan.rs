//! Looks through the words of a policy for what would make its decision depend on more than its input, or on luck.
//!
//! The clock is replaced by the time of the decision: `time.now_ns()` becomes `input.now_ns`. `to_number` is one that reads what OPA's reads. What is printed goes to those who test.
//! What asks others, draws lots or takes as much memory as a number says is refused.

use super::bounds::{too_deep, unreadable};
use super::numbers::TO_NUMBER;
use super::{LoadError, Place};
use regorus::unstable::{Lexer, Source, TokenKind};
use std::num::{NonZeroU32, NonZeroUsize};

/// Functions that are refused, and why.
const REFUSED: [(&str, &str); 11] = [
    ("http.send", "asks somebody else, which a decision must not wait for: give it as data"),
    ("net.lookup_ip_addr", "asks somebody else, which a decision must not wait for: give it as data"),
    ("opa.runtime", "reads the environment: give what it needs as data"),
    ("rand.intn", "draws lots: the same call must be decided the same way twice"),
    ("uuid.rfc4122", "draws lots: the same call must be decided the same way twice"),
    ("net.cidr_expand", "can fill the memory: ask net.cidr_contains"),
    ("bits.lsh", "makes a number as long as another says"),
    ("units.parse", "reckons for as long as an exponent in the text says: give the number as such"),
    ("units.parse_bytes", "reckons for as long as an exponent in the text says: give the number as such"),
    ("rego.parse_module", "reads policies while it decides"),
    ("__builtin_host_await", "is no function of Rego"),
];

/// Numbers that `numbers.range` may make.
const RANGE_MOST: i64 = 10_000;

/// Digits of the width of a field that `sprintf` may fill.
const FIELD_DIGITS: usize = 3;

/// A piece of a policy, as it is read.
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: u32,
    pub(super) kind: TokenKind,
}

impl Word<'_> {
    /// Where it begins and ends with its quotes, which a string's own place leaves out.
    pub(super) fn outer(&self) -> (usize, usize) {
        let quote = usize::from(matches!(self.kind, TokenKind::String | TokenKind::RawString));
        (self.start.saturating_sub(quote), self.end + quote)
    }

    /// Whether it is this word, and no string that says it.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && !matches!(self.kind, TokenKind::String | TokenKind::RawString)
    }
}

/// What becomes of what a policy prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prints {
    /// It is for whoever tests the policy.
    Kept,
    /// It is left out: it may hold anything of an input, and the bytecode machine knows none.
    LeftOut,
}

/// The text as it is to be read.
pub(crate) fn scan(name: &str, text: &str, prints: Prints) -> Result<String, LoadError> {
    if let Some((line, what)) = unreadable(text) {
        return Err(LoadError::Wrong { place: Place { file: name.to_owned(), line }, what });
    }
    let (words, is_whole) = words(name, text);
    if let Some((line, what)) = too_deep(&words) {
        return Err(LoadError::Wrong { place: Place { file: name.to_owned(), line }, what });
    }
    if !is_whole {
        // It is refused by the parser, which says it better.
        return Ok(text.to_owned());
    }
    let mut changes: Vec<(usize, usize, String)> = Vec::new();
    for at in 0..words.len() {
        let Some((function, behind)) = function_at(&words, at) else { continue };
        let (Some(first), rest) = (words.get(at), words.get(behind..).unwrap_or_default()) else { continue };
        let is_call = rest.first().is_some_and(|word| word.text == "(");
        let place = || Place { file: name.to_owned(), line: first.line };
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == function) {
            return Err(LoadError::Wrong { place: place(), what: format!("{function} {why}") });
        }
        if function.contains('\\') && first.kind == TokenKind::Ident && !matches!(first.text, "input" | "data") {
            let what = format!("{function}: write names without escapes");
            return Err(LoadError::Wrong { place: place(), what });
        }
        match function.as_str() {
            "time.now_ns" => {
                let empty_call = is_call && rest.get(1).is_some_and(|word| word.text == ")");
                let last = words.get(if empty_call { behind + 1 } else { behind - 1 });
                changes.push((first.start, last.map_or(first.end, |word| word.end), "input.now_ns".to_owned()));
            }
            "to_number" => changes.push((first.start, first.end, TO_NUMBER.to_owned())),
            "print" if is_call && prints == Prints::LeftOut => {
                let Some(last) = closing(rest) else { continue };
                changes.push((first.start, last.end, emptied(text.get(first.start..last.end).unwrap_or_default())));
            }
            "sprintf" if !(is_call && has_short_format(rest)) => {
                let what = format!(
                    "{function} makes a text as long as its format says: write the format into the call, with no field of \
                     more than {FIELD_DIGITS} digits"
                );
                return Err(LoadError::Wrong { place: place(), what });
            }
            "numbers.range" | "numbers.range_step" if !(is_call && is_short_range(rest)) => {
                let what = format!(
                    "{function} makes as many numbers as it is told: write both ends as numbers, no more than \
                     {RANGE_MOST} apart"
                );
                return Err(LoadError::Wrong { place: place(), what });
            }
            _ if is_call && function.starts_with("regex.") => {
                changes.extend(texts_within(rest).map(|word| (word.start, word.end, as_go_reads(word))));
            }
            _ => {}
        }
    }
    changes.sort_by_key(|(start, ..)| *start);
    let mut changed = text.to_owned();
    // A `time.now_ns()` within a `print(…)` is gone with it.
    let mut free_from = usize::MAX;
    for (start, end, instead) in outermost(changes).into_iter().rev() {
        if end <= free_from {
            changed.replace_range(start..end, &instead);
            free_from = start;
        }
    }
    Ok(changed)
}

/// Without those that lie in another.
fn outermost(changes: Vec<(usize, usize, String)>) -> Vec<(usize, usize, String)> {
    let mut covered = 0;
    let keep = |(start, end, _): &(usize, usize, String)| {
        let outer = *start >= covered;
        covered = covered.max(*end);
        outer
    };
    changes.into_iter().filter(keep).collect()
}

/// The words of a text as far as it can be cut into words, and whether that is to its end.
pub(super) fn words<'t>(name: &str, text: &'t str) -> (Vec<Word<'t>>, bool) {
    let mut words = Vec::new();
    let is_whole = cut(name, text, &mut words).is_some();
    (words, is_whole)
}

fn cut<'t>(name: &str, text: &'t str, words: &mut Vec<Word<'t>>) -> Option<()> {
    let (bytes, lines) = (NonZeroUsize::new(64 * 1024 * 1024)?, NonZeroUsize::new(1_000_000)?);
    let source = Source::from_contents_with_limits(name.to_owned(), text.to_owned(), bytes, lines).ok()?;
    let mut lexer = Lexer::new(&source);
    lexer.set_max_col(NonZeroU32::new(1_000_000)?);
    loop {
        let token = lexer.next_token().ok()?;
        if token.0 == TokenKind::Eof {
            return Some(());
        }
        let (start, end) = (usize::try_from(token.1.start).ok()?, usize::try_from(token.1.end).ok()?);
        words.push(Word { text: text.get(start..end)?, start, end, line: token.1.line, kind: token.0 });
    }
}

/// The dotted name that begins at a word, and where the next word is. `a["b"]` is `a.b`, as in Rego.
fn function_at(words: &[Word<'_>], at: usize) -> Option<(String, usize)> {
    let is_part = at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|before| before.text == ".");
    let first = words.get(at).filter(|word| word.kind == TokenKind::Ident && !is_part)?;
    let mut name = first.text.to_owned();
    let mut behind = at + 1;
    loop {
        let next = |ahead: usize| words.get(behind + ahead);
        match (next(0).map(|word| word.text), next(1), next(2).map(|word| word.text)) {
            (Some("."), Some(part), _) if part.kind == TokenKind::Ident => {
                name = format!("{name}.{}", part.text);
                behind += 2;
            }
            (Some("["), Some(part), Some("]")) if matches!(part.kind, TokenKind::String | TokenKind::RawString) => {
                name = format!("{name}.{}", part.text.trim_matches(['"', '`']));
                behind += 3;
            }
            _ => return Some((name, behind)),
        }
    }
}

/// The word that closes what the first one opens.
fn closing<'w, 't>(words: &'w [Word<'t>]) -> Option<&'w Word<'t>> {
    let mut open = 0i32;
    words.iter().find(|word| {
        open += match word.text {
            "(" | "[" | "{" => 1,
            ")" | "]" | "}" => -1,
            _ => 0,
        };
        open <= 0
    })
}

/// The strings among the arguments of a call, which begins with its bracket.
fn texts_within<'w, 't>(words: &'w [Word<'t>]) -> impl Iterator<Item = &'w Word<'t>> {
    let mut open = 0i32;
    let within = words.iter().take_while(move |word| {
        open += i32::from(word.is("(")) - i32::from(word.is(")"));
        open > 0
    });
    within.filter(|word| matches!(word.kind, TokenKind::String | TokenKind::RawString))
}

/// A regular expression whose classes are of ASCII, as Go has them: callers choose the words that are looked at, and `\d` would
/// match digits of other scripts.
fn as_go_reads(word: &Word<'_>) -> String {
    let escape = if word.kind == TokenKind::RawString { "\\" } else { "\\\\" };
    let (mut read, mut rest) = (String::new(), word.text);
    while let Some((before, after)) = rest.split_once('\\') {
        read.push_str(before);
        // In a string between quotes the escape is escaped itself.
        let behind = after.strip_prefix('\\').filter(|_| escape.len() == 2);
        let is_class = escape.len() == 1 || behind.is_some();
        let after = behind.unwrap_or(after);
        let Some(letter) = after.chars().next() else {
            read.push_str(if is_class { escape } else { "\\" });
            return read;
        };
        match letter {
            'd' if is_class => read.push_str("[0-9]"),
            'D' if is_class => read.push_str("[^0-9]"),
            'w' if is_class => read.push_str("[0-9A-Za-z_]"),
            'W' if is_class => read.push_str("[^0-9A-Za-z_]"),
            's' if is_class => read.push_str(&format!("[{escape}t{escape}n{escape}f{escape}r ]")),
            'S' if is_class => read.push_str(&format!("[^{escape}t{escape}n{escape}f{escape}r ]")),
            'b' if is_class => read.push_str(&format!("(?-u:{escape}b)")),
            other => {
                read.push_str(if is_class { escape } else { "\\" });
                read.push(other);
            }
        }
        rest = after.get(letter.len_utf8()..).unwrap_or_default();
    }
    read.push_str(rest);
    read
}

/// Words that are keywords once they are imported, and stand here as such without an import.
pub(crate) fn forgotten(name: &str, text: &str) -> Vec<&'static str> {
    let (words, _) = words(name, text);
    if words.windows(3).any(|three| three.iter().map(|word| word.text).eq(["future", ".", "keywords"])) {
        return Vec::new();
    }
    let is_keyword = |keyword: &str| {
        words.iter().enumerate().any(|(at, word)| {
            let before = at.checked_sub(1).and_then(|at| words.get(at)).map(|word| word.text);
            let after = words.get(at + 1).map(|word| word.text);
            word.text == keyword
                && word.kind == TokenKind::Ident
                && before != Some(".")
                && !matches!(after, Some("(" | "."))
        })
    };
    ["in", "every", "if", "contains"].into_iter().filter(|keyword| is_keyword(keyword)).collect()
}

/// `true`, and the line breaks that were there.
fn emptied(text: &str) -> String {
    format!("true{}", "\n".repeat(text.matches('\n').count()))
}

/// `(1, 10)`, or with a step.
fn is_short_range(words: &[Word<'_>]) -> bool {
    let texts: Vec<&str> = words.iter().take(6).map(|word| word.text).collect();
    let [_, low, ",", high, end, ..] = texts.as_slice() else { return false };
    let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) else { return false };
    matches!(*end, ")" | ",") && low.abs_diff(high) <= RANGE_MOST.unsigned_abs()
}

/// `("…%5d…"`, with no wide field.
fn has_short_format(words: &[Word<'_>]) -> bool {
    let Some(format) = words.get(1).filter(|word| matches!(word.kind, TokenKind::String | TokenKind::RawString)) else {
        return false;
    };
    let format = format.text.replace("\\u0025", "%");
    let is_short = |field: &str| {
        let width = field.trim_start_matches([' ', '+', '-', '#', '0', '.']);
        width.len() - width.trim_start_matches(|c: char| c.is_ascii_digit()).len() <= FIELD_DIGITS
    };
    format.split('%').skip(1).all(is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match scan("a.rego", text, Prints::LeftOut) {
            Ok(text) => text,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_clock_is_that_of_the_input() {
        assert_eq!(said("now := time.now_ns()\n"), "now := input.now_ns\n");
        assert_eq!(said("h := time.clock(time . now_ns ( ))[0]"), "h := time.clock(input.now_ns)[0]");
        assert_eq!(said("allow with time.now_ns as 5"), "allow with input.now_ns as 5");
        assert_eq!(said(r#"x := time["now_ns"]()"#), "x := input.now_ns");
        assert_eq!(said("# time.now_ns()\nx := \"time.now_ns()\""), "# time.now_ns()\nx := \"time.now_ns()\"");
        assert_eq!(said("x := input.time.now_ns"), "x := input.time.now_ns");
    }

    #[test]
    fn classes_of_regular_expressions_are_of_ascii() {
        assert_eq!(
            said(r"regex.match(`^\d{1,3}\.\w+$`, input.x)"),
            r"regex.match(`^[0-9]{1,3}\.[0-9A-Za-z_]+$`, input.x)"
        );
        assert_eq!(
            said(r#"regex.match("a\\s[\\W-]\\b\u0041\\\\d", x)"#),
            r#"regex.match("a[\\t\\n\\f\\r ][[^0-9A-Za-z_]-](?-u:\\b)\u0041\\\\d", x)"#
        );
        assert_eq!(said(r"x := `\d`"), r"x := `\d`");
    }

    #[test]
    fn what_is_printed_is_left_out() {
        assert_eq!(said("print(\"a\", f(x),\n  time.now_ns())\nx"), "true\n\nx");
        assert_eq!(said("input.print(1)"), "input.print(1)");
        assert_eq!(scan("a.rego", "print(1)", Prints::Kept).as_deref(), Ok("print(1)"));
    }

    #[test]
    fn what_decides_by_more_than_the_input_is_refused_with_its_place() {
        for (call, function) in [
            ("http.send({})", "http.send"),
            ("http [ \"send\" ] ({})", "http.send"),
            ("time[\"now\\u005fns\"]()", "time.now\\u005fns:"),
            ("opa.runtime()", "opa.runtime"),
            ("rand.intn(\"x\", 5)", "rand.intn"),
            ("uuid.rfc4122(\"x\")", "uuid.rfc4122"),
            ("net.lookup_ip_addr(\"x\")", "net.lookup_ip_addr"),
            ("net.cidr_expand(\"0.0.0.0/0\")", "net.cidr_expand"),
            ("bits.lsh(1, input.n)", "bits.lsh"),
            ("units.parse(input.n)", "units.parse"),
            ("sprintf(input.n, [1])", "sprintf"),
            ("sprintf(\"%d %01000d\", [1, 2])", "sprintf"),
            ("sprintf(\"\\u00251000d\", [1])", "sprintf"),
            ("f(\"%1000d\", [1]) with f as sprintf", "sprintf"),
            ("units.parse_bytes(input.n)", "units.parse_bytes"),
            ("numbers.range(1, 1000000000000)", "numbers.range"),
            ("numbers.range(1, input.n)", "numbers.range"),
            ("numbers.range_step(1, input.n, 1)", "numbers.range_step"),
            ("f(1, 1000000000000) with f as numbers.range", "numbers.range"),
        ] {
            let error = scan("a.rego", &format!("package a\n\nallow if {call}\n"), Prints::Kept).expect_err(call);
            assert!(error.to_string().starts_with(&format!("a.rego:3: {function} ")), "{error}");
        }
        for fine in ["x := numbers.range(1, 12)", "x := sprintf(\"%s is %08.3f of 100000%%\", [a, b])"] {
            assert_eq!(said(fine), fine);
        }
    }
}
