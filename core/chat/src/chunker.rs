/// Cuts streamed text into clauses that sound right when spoken one by one.
///
/// The first clause may be short, since it decides how soon the voice starts; later ones are joined up to a sentence.
/// A full stop inside a number ("$12.50"), an abbreviation ("Dr. Smith") or an initial does not end a clause.
#[derive(Clone, Debug, Default)]
pub struct ClauseChunker {
    pending: String,
    first_done: bool,
}

/// Shortest first clause, in characters, that may end at a comma: shorter ones sound clipped.
const FIRST_CLAUSE_MIN: usize = 24;
const ABBREVIATIONS: [&str; 12] = ["mr", "mrs", "ms", "dr", "st", "no", "vs", "etc", "e.g", "i.e", "approx", "prof"];

impl ClauseChunker {
    /// Adds text and returns the clauses that are now complete.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        self.pending.push_str(text);
        let mut out = Vec::new();
        while let Some(end) = self.boundary() {
            let clause: String = self.pending.drain(..end).collect();
            self.emit(clause.trim(), &mut out);
        }
        out
    }

    /// The rest, at the end of the reply.
    pub fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.pending);
        let mut out = Vec::new();
        self.emit(rest.trim(), &mut out);
        self.first_done = false;
        out.pop()
    }

    fn emit(&mut self, clause: &str, out: &mut Vec<String>) {
        // Punctuation alone has nothing to say.
        if clause.chars().any(char::is_alphanumeric) {
            self.first_done = true;
            out.push(clause.to_string());
        }
    }

    /// Byte index just behind the first complete clause. A mark counts only once the blank after it has arrived:
    /// before that "12." may still become "12.50".
    fn boundary(&self) -> Option<usize> {
        let text = &self.pending;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let &(next_at, next) = chars.peek()?;
            if c == '\n' {
                return Some(next_at);
            }
            if !next.is_whitespace() {
                continue;
            }
            let ends = match c {
                '!' | '?' | '…' => true,
                '.' => !is_abbreviation(&text[..at]),
                ',' | ';' | ':' | '–' | '—' => {
                    !self.first_done && text[..at].trim().chars().count() >= FIRST_CLAUSE_MIN
                }
                _ => false,
            };
            if ends {
                return Some(next_at);
            }
        }
        None
    }
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace()).next().unwrap_or("").to_lowercase();
    ABBREVIATIONS.contains(&word.as_str())
        || (word.chars().count() == 1 && word.chars().all(char::is_alphabetic) && word != "i")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&str]) -> Vec<String> {
        let mut c = ClauseChunker::default();
        let mut out: Vec<String> = pieces.iter().flat_map(|p| c.push(p)).collect();
        out.extend(c.finish());
        out
    }

    #[test]
    fn cuts_at_sentence_ends_only_once_they_are_certain() {
        assert_eq!(cut(&["It costs $12", ".", "50. Thanks", "!"]), ["It costs $12.50.", "Thanks!"]);
        assert_eq!(cut(&["Dr. Smith lives at St. James. Bye."]), ["Dr. Smith lives at St. James.", "Bye."]);
    }

    #[test]
    fn the_first_clause_may_end_at_a_comma_later_ones_not() {
        assert_eq!(
            cut(&["I am very sorry to hear that, let me have a look. One moment, please wait."]),
            ["I am very sorry to hear that,", "let me have a look.", "One moment, please wait."]
        );
        assert_eq!(cut(&["Well, yes."]), ["Well, yes."]);
    }

    #[test]
    fn nothing_is_lost_however_the_stream_is_split() {
        let text = "Hello there. Is this 9:30 a.m. or not? Right... I see; good: fine.\nNext line";
        for n in 1..text.len() {
            let parts: Vec<String> = text.chars().collect::<Vec<_>>().chunks(n).map(|c| c.iter().collect()).collect();
            let joined = cut(&parts.iter().map(String::as_str).collect::<Vec<_>>()).join(" ");
            assert_eq!(joined, text.replace('\n', " "), "split every {n}");
        }
    }

    #[test]
    fn punctuation_alone_is_not_spoken() {
        assert!(cut(&["... ", "—", " !"]).is_empty());
    }
}
