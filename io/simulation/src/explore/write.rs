use crate::suite::Suite;
use serde_json::Value;
use std::fmt::Write;

/// A suite as a file that people read and `duologue simulate` runs: what is left at its default is left out. Each of
/// `remarks` becomes a comment above it.
pub fn suite_file(suite: &Suite, remarks: &[String]) -> String {
    let mut out = String::new();
    for line in remarks.iter().flat_map(|r| r.lines()) {
        let _ = writeln!(out, "# {}", line.trim_end());
    }
    // A suite is plain data, which always has a JSON form.
    let value = told(serde_json::to_value(suite).unwrap_or_default()).unwrap_or_default();
    block(&value, 0, &mut out);
    out
}

/// Without what says nothing: null, false, and what is empty.
fn told(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(map) => {
            // Whether the path is perfect, or replies begin early, is said either way.
            let always = |key: &str| matches!(key, "preemptive" | "echo");
            let map = map.into_iter().filter_map(|(key, value)| {
                let kept = if always(&key) && value.is_boolean() { Some(value) } else { told(value) };
                Some((key, kept?))
            });
            Some(Value::Object(map.collect())).filter(|v| v.as_object().is_some_and(|m| !m.is_empty()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(told).collect())),
        value => Some(value),
    }
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let _ = write!(out, "{indent}{key}:");
                nested(value, depth + 1, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut text = String::new();
                match item {
                    Value::Object(_) => block(item, depth + 1, &mut text),
                    scalar => {
                        let _ = writeln!(text, "{indent}  {}", plain(scalar));
                    }
                }
                // The dash stands where the first line is indented.
                let _ = write!(out, "{indent}- {}", text.trim_start());
            }
        }
        scalar => {
            let _ = writeln!(out, "{indent}{}", plain(scalar));
        }
    }
}

fn nested(value: &Value, depth: usize, out: &mut String) {
    if value.is_object() || value.is_array() {
        out.push('\n');
        block(value, depth, out);
    } else {
        let _ = writeln!(out, " {}", plain(value));
    }
}

/// A scalar: quoted as in JSON, which YAML understands, unless it is a plain sentence.
fn plain(value: &Value) -> String {
    const SPECIAL: [&str; 12] = ["yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan", "inf", "~"];
    match value {
        Value::String(text) => {
            let safe = |c: char| c.is_ascii_alphanumeric() || " .,_-".contains(c);
            let begins = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.ends_with(' ');
            let word = SPECIAL.contains(&text.to_lowercase().as_str());
            if begins && text.chars().all(safe) && !word { text.clone() } else { value.to_string() }
        }
        // 25.0 is 25.
        Value::Number(n) if n.as_f64().is_some_and(|f| f.fract() == 0.0 && f.abs() < 1e15) => {
            format!("{:.0}", n.as_f64().unwrap_or_default())
        }
        value => value.to_string(),
    }
}
