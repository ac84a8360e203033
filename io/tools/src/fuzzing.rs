//! The readers of foreign bytes, for the fuzz targets.

use crate::mcp::{answered, understood};
use crate::text::is_plain;

/// What a server says of a tool: refused, or plain and bounded.
pub fn tool(bytes: &[u8]) {
    let Ok(raw) = serde_json::from_slice(bytes) else { return };
    for prefix in [None, Some("p")] {
        if let Ok(tool) = understood(&raw, prefix) {
            assert!(crate::names::check(&tool.name).is_ok());
            assert!(tool.description.chars().all(is_plain) && tool.description.chars().count() < 3_000);
            assert!(tool.parameters.schema().is_object() && tool.pin.len() == 64);
            drop(tool.parameters.misfits(&serde_json::json!({ "a": [1, "b"] })));
        }
    }
}

/// What it answers to a call: bounded, and without what hides.
pub fn answer(bytes: &[u8]) {
    const MOST: usize = 500;
    let Ok(result) = serde_json::from_slice(bytes) else { return };
    let text = match answered(&result, MOST) {
        Ok(serde_json::Value::String(text)) | Err(text) => text,
        // As JSON, in which line breaks are written out.
        Ok(value) => value.to_string(),
    };
    assert!(text.chars().count() <= MOST + 60, "{} characters", text.chars().count());
}
