//! Escaping, templates, and how quantities are written: for every page that Duologue makes.

use std::fmt::{self, Write};

/// Text from outside, escaped for element content and quoted attributes.
pub(super) struct T<'a>(pub(super) &'a str);

impl fmt::Display for T<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // A page cannot hold other control characters.
                c if c.is_control() && !c.is_whitespace() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Text from outside, escaped for element content and quoted attributes.
pub fn escaped(text: &str) -> String {
    T(text).to_string()
}

/// A relative path as a link: every byte that could mean something else is percent-encoded, so no scheme, host, query or
/// parent folder survives.
pub fn href(path: &str) -> String {
    let mut link = String::new();
    for part in path.split(['/', '\\']).filter(|p| !matches!(*p, "" | "." | "..")) {
        if !link.is_empty() {
            link.push('/');
        }
        for byte in part.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => link.push(byte as char),
                other => {
                    let _ = write!(link, "%{other:02X}");
                }
            }
        }
    }
    link
}

/// JSON that may stand inside a script element: nothing in it can end the element or open a comment.
pub fn script_json(value: &serde_json::Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Puts values where the template says `{{name}}`, in one pass: a value that looks like a placeholder stays as it is.
pub fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|(_, v)| v.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, from)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = from.split_once("}}") else {
            page.push_str("{{");
            rest = from;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            page.push_str(value);
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// `1:02`, `1:00:05`.
pub fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0) as u64 } else { 0 };
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `640 ms`, `1.42 s`, `−0.20 s`.
pub fn milliseconds(ms: f64) -> String {
    if !ms.is_finite() {
        return "–".to_owned();
    }
    let sign = if ms <= -0.5 { "−" } else { "" };
    let size = ms.abs();
    if size < 999.5 { format!("{sign}{size:.0} ms") } else { format!("{sign}{:.2} s", size / 1000.0) }
}

/// `4.2 %`, `12 %`.
pub fn percent(ratio: f64) -> String {
    if !ratio.is_finite() {
        return "–".to_owned();
    }
    let value = ratio * 100.0;
    if value == 0.0 || value >= 9.95 { format!("{value:.0} %") } else { format!("{value:.1} %") }
}

/// `812 B`, `24 kB`, `1.3 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `end_call` → `end call`.
pub(super) fn spaced(code: &str) -> String {
    code.replace('_', " ")
}

/// First letters of the first two words of a name.
pub(super) fn initials(name: &str) -> String {
    let letters: String =
        name.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric())).take(2).collect();
    if letters.is_empty() { "?".to_owned() } else { letters.to_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(T("<a b='c'>&\"\u{1}").to_string(), "&lt;a b=&#39;c&#39;&gt;&amp;&quot;\u{fffd}");
        assert_eq!(script_json(&serde_json::json!("</script><!--")), "\"\\u003c/script\\u003e\\u003c!--\"");
    }

    #[test]
    fn links_stay_beside_the_page() {
        assert_eq!(href("audio/customer 1.ogg"), "audio/customer%201.ogg");
        assert_eq!(href("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(href("//evil.example/x?y#z"), "evil.example/x%3Fy%23z");
        assert_eq!(href("../../etc/passwd"), "etc/passwd");
    }

    #[test]
    fn templates_are_filled_once() {
        let values = [("a", "{{b}}".to_owned()), ("b", "no".to_owned())];
        assert_eq!(fill("<{{a}}> {{unknown}} {{ {{b", &values), "<{{b}}>  {{ {{b");
    }

    #[test]
    fn quantities_read_well() {
        assert_eq!((clock(62.9), clock(3605.0), clock(f64::NAN)), ("1:02".into(), "1:00:05".into(), "0:00".into()));
        assert_eq!(
            (milliseconds(640.0), milliseconds(1420.0), milliseconds(-200.0)),
            ("640 ms".into(), "1.42 s".into(), "−200 ms".into())
        );
        assert_eq!((percent(0.0), percent(0.042), percent(0.125)), ("0 %".into(), "4.2 %".into(), "12 %".into()));
        assert_eq!((size(812), size(24_300), size(1_300_000)), ("812 B".into(), "24 kB".into(), "1.3 MB".into()));
        assert_eq!((initials("Dana van Whit"), initials("")), ("DV".into(), "?".into()));
    }
}
