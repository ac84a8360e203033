//! Text files that people write, and where they stop being text.

/// Why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no UTF-8 text: its byte {byte_of_line} (0x{byte:02X}) is no part of a character")]
pub struct NotText {
    /// Where, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// Byte of the line, from 1.
    pub byte_of_line: usize,
    /// The byte that fits no character; 0 where a character is cut off at the end.
    pub byte: u8,
    /// Everything, with replacement characters where it is no text.
    pub lossy: String,
}

/// The text that `bytes` are.
///
/// # Errors
/// They are no UTF-8; the error tells where, as people count.
pub fn text(bytes: Vec<u8>) -> Result<String, NotText> {
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, good) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let (before, rest) = bytes.split_at(good);
        let begin = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        NotText {
            line: 1 + before.iter().filter(|b| **b == b'\n').count(),
            column: 1 + String::from_utf8_lossy(before.get(begin..).unwrap_or_default()).chars().count(),
            byte_of_line: good - begin + 1,
            byte: rest.first().copied().unwrap_or_default(),
            lossy: String::from_utf8_lossy(bytes).into_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_told_as_people_count() {
        assert_eq!(text("né".into()), Ok("né".to_owned()));
        let error = text(b"a: 1\n\xc3\xa9t\xe9: 2\n".to_vec()).unwrap_err();
        assert_eq!((error.line, error.column, error.byte_of_line, error.byte), (2, 3, 4, 0xe9));
        assert_eq!(error.lossy, "a: 1\nét\u{fffd}: 2\n");
        let told = error.to_string();
        assert_eq!(told, "line 2 is no UTF-8 text: its byte 4 (0xE9) is no part of a character");
    }
}
