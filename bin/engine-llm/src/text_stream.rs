/// Turns the bytes of tokens into text to send: whole characters only, and nothing of a stop string, however either is
/// spread over tokens.
#[derive(Debug)]
pub(crate) struct TextStream<'a> {
    stop: &'a [String],
    /// The beginning of a character.
    bytes: Vec<u8>,
    /// Text that may yet turn out to begin a stop string.
    held: String,
    stopped: bool,
}

impl<'a> TextStream<'a> {
    /// Stops before the first of these (empty ones are ignored).
    pub(crate) fn new(stop: &'a [String]) -> TextStream<'a> {
        TextStream { stop, bytes: Vec::new(), held: String::new(), stopped: false }
    }

    /// Adds a token's bytes and returns the text that is now certain.
    pub(crate) fn push(&mut self, token: &[u8]) -> String {
        self.bytes.extend_from_slice(token);
        self.decode();
        let stops = self.stop.iter().filter(|stop| !stop.is_empty());
        if let Some(end) = stops.filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.stopped = true;
            self.held.truncate(end);
            return std::mem::take(&mut self.held);
        }
        let certain = self.held.len() - self.held_back();
        let rest = self.held.split_off(certain);
        std::mem::replace(&mut self.held, rest)
    }

    /// A stop string was met; nothing more is to be added.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// What was held back, at the end of the answer; half a character becomes U+FFFD.
    pub(crate) fn finish(mut self) -> String {
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.held
    }

    /// Moves whole characters from `bytes` to `held`; bytes that cannot become one are replaced.
    fn decode(&mut self) {
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(text) => {
                    self.held.push_str(text);
                    return self.bytes.clear();
                }
                Err(error) => {
                    let valid: Vec<u8> = self.bytes.drain(..error.valid_up_to()).collect();
                    self.held.push_str(&String::from_utf8_lossy(&valid));
                    let Some(bad) = error.error_len() else { return };
                    self.bytes.drain(..bad);
                    self.held.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }

    /// Length of the longest end of `held` with which a stop string begins.
    fn held_back(&self) -> usize {
        let begins = |stop: &String| {
            let longest = stop.len().saturating_sub(1).min(self.held.len());
            (1..=longest).rev().find(|n| self.held.as_bytes().ends_with(&stop.as_bytes()[..*n])).unwrap_or(0)
        };
        // Both are UTF-8 and the match begins with a whole character of `stop`, hence at a character of `held`.
        self.stop.iter().map(begins).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stop: &[&str], tokens: &[&[u8]]) -> (Vec<String>, bool) {
        let stop: Vec<String> = stop.iter().map(|s| s.to_string()).collect();
        let mut stream = TextStream::new(&stop);
        let mut out = Vec::new();
        for token in tokens {
            out.push(stream.push(token));
            if stream.stopped() {
                return (out, true);
            }
        }
        out.push(stream.finish());
        (out, false)
    }

    #[test]
    fn a_stop_string_over_several_tokens_is_never_seen() {
        let (pieces, stopped) = run(&["<|im_end|>", "\n"], &[b"Hi <", b"|im", b"_end|> there"]);
        assert_eq!((pieces, stopped), (vec!["Hi ".into(), "".into(), "".into()], true));
        let (pieces, stopped) = run(&["<|im_end|>"], &[b"a <", b"b", b" <|"]);
        assert_eq!((pieces.concat(), stopped), ("a <b <|".into(), false));
        assert_eq!(run(&["", "\n"], &[b"one\ntwo"]), (vec!["one".into()], true));
    }

    #[test]
    fn characters_over_several_tokens_come_whole_and_broken_ones_are_replaced() {
        let (pieces, _) = run(&[], &[b"caf", b"\xc3", b"\xa9 \xe2\x82", b"\xac"]);
        assert_eq!(pieces, ["caf", "", "é ", "€", ""]);
        assert_eq!(run(&[], &[b"a\xff", b"b\xc3"]).0.concat(), "a\u{fffd}b\u{fffd}");
    }

    proptest! {
        #[test]
        fn however_text_is_cut_the_same_is_sent(text in "[a-c\u{e9}\u{20ac} ]{0,40}", stop in "[a-c\u{e9}]{1,4}", cuts in any::<u64>()) {
            let bytes = text.as_bytes();
            let (mut tokens, mut from) = (Vec::new(), 0);
            for at in 1..=bytes.len() {
                if at == bytes.len() || cuts >> (at % 64) & 1 == 1 {
                    tokens.push(&bytes[from..at]);
                    from = at;
                }
            }
            let (pieces, stopped) = run(&[&stop], &tokens);
            let wanted = text.split(&stop).next().unwrap_or("");
            prop_assert_eq!(pieces.concat(), wanted);
            prop_assert_eq!(stopped, text.contains(&stop));
        }
    }
}
