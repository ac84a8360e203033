//! Characters before the words are read, and after.

/// One kind of quote, dash and space; no markup; symbols that mean words before a number are those words.
pub(super) fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let before_digit = rest.peek().is_some_and(char::is_ascii_digit);
        match c {
            '’' | '‘' | '‛' | '´' => out.push('\''),
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '–' | '‒' | '−' | '‐' | '‑' => out.push('-'),
            '—' | '―' => out.push_str(" — "),
            '\n' if out.ends_with(|last: char| last.is_alphanumeric()) => out.push_str(". "),
            '~' | '≈' if before_digit => out.push_str("about "),
            '<' if before_digit => out.push_str("less than "),
            '>' if before_digit => out.push_str("more than "),
            '½' => out.push_str(" 1/2 "),
            '¼' => out.push_str(" 1/4 "),
            '¾' => out.push_str(" 3/4 "),
            '²' => out.push_str(" squared "),
            '³' => out.push_str(" cubed "),
            '×' => out.push_str(" times "),
            '÷' => out.push_str(" divided by "),
            '•' | '|' => out.push_str(", "),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{fe0f}' => {}
            '*' | '`' | '[' | ']' | '{' | '}' | '\\' | '^' | '™' | '®' | '❓' => {}
            _ if c.is_control() || c.is_whitespace() => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// Only what can be pronounced or makes a pause; no space before punctuation, no punctuation without a word.
pub(super) fn pronounceable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_alphabetic() => out.push(c),
            '\'' | '-' | '(' | '"' => out.push(c),
            // A mark that is dropped must not glue its neighbours together.
            ',' | '.' | ';' | ':' | '!' | '?' | '…' | '—' | ')' => {
                out.truncate(out.trim_end().len());
                if c == '—' {
                    out.push(' ');
                }
                out.push(c);
            }
            _ if out.ends_with(' ') => {}
            _ => out.push(' '),
        }
    }
    if out.chars().any(char::is_alphanumeric) { out.trim().to_owned() } else { String::new() }
}
