//! What a server answers to a call, as a model reads it.

use crate::text::{clean_marked, one_line};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

/// How deep structured content may be; deeper is text.
const DEPTH_MAX: usize = 32;
/// Names, addresses and media types on a line.
const LINE_MAX: usize = 300;
/// Parts of an answer that are looked at.
const PARTS_MAX: usize = 256;

/// What is for the model: structured content where there is some, else all texts. What is no text is named and left out. The words of an
/// error are the error.
pub(crate) fn value(result: &CallToolResult, most: usize) -> Result<Value, String> {
    let structured = result.structured_content.as_ref().filter(|_| result.is_error != Some(true));
    if let Some(structured) = structured.filter(|value| !value.is_null()) {
        return Ok(plain(structured, most));
    }
    let mut parts: Vec<String> = Vec::new();
    for part in result.content.iter().take(PARTS_MAX) {
        parts.push(words(part));
    }
    if result.content.len() > PARTS_MAX {
        parts.push(format!("[{} more parts]", result.content.len() - PARTS_MAX));
    }
    let text = clean_marked(&parts.join("\n"), most);
    match result.is_error {
        Some(true) if text.is_empty() => Err("the tool failed and did not say why".to_owned()),
        Some(true) => Err(text),
        _ => Ok(Value::String(text)),
    }
}

/// Texts as they are: they are made plain, and cut, together.
fn words(part: &ContentBlock) -> String {
    // Base64 takes four characters for three bytes.
    let data = |what: &str, mime: &str, data: &str| {
        format!("[{what} {}, {} kB, not shown]", one_line(mime, LINE_MAX), (data.len() / 4 * 3).div_ceil(1_000))
    };
    match part {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => data("image", &image.mime_type, &image.data),
        ContentBlock::Audio(audio) => data("audio", &audio.mime_type, &audio.data),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                let mime = mime_type.as_deref().unwrap_or("data");
                format!("{} {}", data("file", mime, blob), one_line(uri, LINE_MAX))
            }
            _ => "[something of a kind that is not known]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => {
            format!("[link to {}: {}]", one_line(&link.name, LINE_MAX), one_line(&link.uri, LINE_MAX))
        }
        _ => "[something of a kind that is not known]".to_owned(),
    }
}

/// Structured content with plain texts; where it is too long or deep, its beginning as text.
fn plain(value: &Value, most: usize) -> Value {
    let text = || Value::String(clean_marked(&value.to_string(), most));
    match made_plain(value, DEPTH_MAX) {
        Some(value) if value.to_string().chars().nth(most).is_none() => value,
        _ => text(),
    }
}

fn made_plain(value: &Value, depth: usize) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    Some(match value {
        Value::String(text) => Value::String(clean_marked(text, usize::MAX)),
        Value::Array(items) => items.iter().map(|item| made_plain(item, deeper)).collect::<Option<_>>()?,
        Value::Object(map) => {
            let each = map.iter().map(|(key, value)| Some((one_line(key, usize::MAX), made_plain(value, deeper)?)));
            Value::Object(each.collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(result: Value, most: usize) -> Result<Value, String> {
        value(&serde_json::from_value(result).expect("a result"), most)
    }

    #[test]
    fn texts_are_joined_and_the_rest_is_named() {
        let all = json!({"content": [
            {"type": "text", "text": "Two\u{1b}[31m hits:"},
            {"type": "image", "mimeType": "image/png", "data": "A".repeat(8_000)},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "the file"}},
            {"type": "resource_link", "uri": "https://example.org/b", "name": "b\nc"},
        ]});
        let text = "Two[31m hits:\n[image image/png, 6 kB, not shown]\nthe file\n[link to b c: https://example.org/b]";
        assert_eq!(answered(all, 1_000), Ok(json!(text)));
    }

    #[test]
    fn structured_content_goes_first_and_is_plain_too() {
        let both =
            json!({"content": [{"type": "text", "text": "{}"}], "structuredContent": {"a\u{7}": ["x\u{202e}y", 1]}});
        assert_eq!(answered(both, 100), Ok(json!({"a": ["xy", 1]})));
        let long = json!({"content": [], "structuredContent": {"a": "x".repeat(200)}});
        let cut = answered(long, 50).unwrap();
        assert!(cut.as_str().is_some_and(|text| text.contains("(cut: ") && text.len() < 100), "{cut}");
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        assert!(answered(json!({"content": [], "structuredContent": deep}), 1_000).unwrap().is_string());
    }

    #[test]
    fn errors_are_errors_in_their_own_words() {
        let failed = json!({"content": [{"type": "text", "text": "no such order"}], "isError": true});
        assert_eq!(answered(failed, 100), Err("no such order".to_owned()));
        assert!(answered(json!({"content": [], "isError": true}), 100).is_err());
        let long = json!({"content": [{"type": "text", "text": "a".repeat(500)}]});
        assert_eq!(answered(long, 10), Ok(json!("aaaaaaaaaa … (cut: 490 more characters)")));
    }
}
