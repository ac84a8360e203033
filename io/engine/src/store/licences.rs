//! The licences of the models. Their texts are compiled in, so that they travel with the program.

const APACHE_2_0: Text =
    Text { title: "Apache License, Version 2.0", text: include_str!("../../../../docs/licenses/Apache-2.0.txt") };
const HIBARI: Text =
    Text { title: "hibari: notice", text: include_str!("../../../../docs/licenses/hibari-NOTICE.txt") };
const WHISPER: Text =
    Text { title: "Whisper: MIT License", text: include_str!("../../../../docs/licenses/whisper-MIT.txt") };
const QWEN: Text = Text { title: "Qwen2.5: notice", text: include_str!("../../../../docs/licenses/qwen-NOTICE.txt") };

/// Under which terms a model may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Licence {
    /// hibari: Apache-2.0, with tables that come from MIT-licensed work.
    Hibari,
    /// Whisper: MIT, by OpenAI and by Systran, who converted it.
    Whisper,
    /// Qwen2.5: Apache-2.0.
    Qwen,
}

impl Licence {
    /// The SPDX expression, for lists.
    #[must_use]
    pub fn spdx(self) -> &'static str {
        match self {
            Self::Hibari => "Apache-2.0 AND MIT",
            Self::Whisper => "MIT",
            Self::Qwen => "Apache-2.0",
        }
    }

    /// The notice and the full texts, in the order to print them.
    #[must_use]
    pub fn texts(self) -> &'static [Text] {
        match self {
            Self::Hibari => &[HIBARI, APACHE_2_0],
            Self::Whisper => &[WHISPER],
            Self::Qwen => &[QWEN, APACHE_2_0],
        }
    }
}

/// A licence or notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// One line that names it.
    pub title: &'static str,
    /// The whole of it.
    pub text: &'static str,
}

/// Every text once, in a stable order: what `duologue models list --licenses` prints.
#[must_use]
pub fn all_texts() -> [Text; 4] {
    [HIBARI, WHISPER, QWEN, APACHE_2_0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_names_whom_it_must_name() {
        assert!(HIBARI.text.contains("Kokoro-82M") && HIBARI.text.contains("ExplosionAI"));
        assert!(WHISPER.text.contains("OpenAI") && WHISPER.text.contains("SYSTRAN"));
        assert!(QWEN.text.contains("Alibaba Cloud"));
        assert!(APACHE_2_0.text.contains("TERMS AND CONDITIONS"));
    }
}
