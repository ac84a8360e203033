/// Replaces comments, strings and character literals by spaces, so that a search finds code only. Line breaks stay, so
/// line numbers hold.
pub(super) fn comments_and_literals(text: &str) -> String {
    let mut rest = Cursor { text, at: 0, out: String::with_capacity(text.len()) };
    while let Some(c) = rest.peek() {
        let tail = &rest.text[rest.at..];
        if tail.starts_with("//") {
            rest.blank(tail.find('\n').unwrap_or(tail.len()));
        } else if tail.starts_with("/*") {
            rest.blank(block_comment(tail));
        } else if let Some(length) = raw_string(tail).filter(|_| !rest.inside_name()) {
            rest.blank(length);
        } else if c == '"' {
            rest.blank(quoted(tail));
        } else if let Some(length) = char_literal(tail) {
            rest.blank(length);
        } else {
            rest.out.push(c);
            rest.at += c.len_utf8();
        }
    }
    rest.out
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn inside_name(&self) -> bool {
        self.text[..self.at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn blank(&mut self, bytes: usize) {
        let skipped = &self.text[self.at..self.at + bytes];
        self.out.extend(skipped.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.at += bytes;
    }
}

/// Length of the block comment at the start of `tail`; they nest in Rust.
fn block_comment(tail: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0usize);
    while at < tail.len() {
        let here = &tail[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    tail.len()
}

/// Length of the raw string (`r"…"`, `r#"…"#`, `br"…"`, `cr"…"`) at the start of `tail`, if one stands there.
fn raw_string(tail: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = tail.strip_prefix(*prefix).unwrap_or("x").trim_start_matches('#');
        after.starts_with('"')
    })?;
    let hashes = tail[prefix.len()..].len() - tail[prefix.len()..].trim_start_matches('#').len();
    let body = prefix.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(tail[body..].find(&close).map_or(tail.len(), |end| body + end + close.len()))
}

/// Length of the string at the start of `tail`, backslashes respected.
fn quoted(tail: &str) -> usize {
    let mut escaped = false;
    for (at, c) in tail.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    tail.len()
}

/// Length of the character literal at the start of `tail`; `None` for a lifetime.
fn char_literal(tail: &str) -> Option<usize> {
    let body = tail.strip_prefix('\'')?;
    let mut chars = body.char_indices();
    let (_, first) = chars.next()?;
    if first == '\\' {
        let (after_escaped, _) = chars.nth(1)?;
        return body[after_escaped..].find('\'').map(|end| 1 + after_escaped + end + 1);
    }
    let (close, second) = chars.next()?;
    (second == '\'').then_some(1 + close + 1)
}

#[cfg(test)]
mod tests {
    use super::comments_and_literals;

    #[test]
    fn comments_go_and_code_stays() {
        assert_eq!(comments_and_literals("a // b\nc"), "a     \nc");
        assert_eq!(comments_and_literals("a /* b /* c */\n d */ e"), "a             \n      e");
    }

    #[test]
    fn strings_of_every_kind_go() {
        assert_eq!(comments_and_literals(r#"f("a\"b", c)"#), "f(      , c)");
        assert_eq!(comments_and_literals("f(r#\"a\"b\"#, c)"), "f(        , c)");
        assert_eq!(comments_and_literals("var\"x\""), "var   ");
    }

    #[test]
    fn lifetimes_stay_and_characters_go() {
        assert_eq!(comments_and_literals("fn f<'a>(x: &'a str) { '\"' }"), "fn f<'a>(x: &'a str) {     }");
        assert_eq!(comments_and_literals(r"m('\'', '\\', '\n', '\u{7f}')"), r"m(    ,     ,     ,         )");
    }
}
