//! Which members of the input a policy can look at: it is given no others, since most policies name two of a dozen.

use std::collections::BTreeSet;

/// What stands for the whole input in Rego.
const INPUT: &str = "input";
/// The loader puts it in place of `time.now_ns()`.
const CLOCK: &str = "now_ns";

/// Names of members; none: it may look at any.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mentioned(Option<BTreeSet<String>>);

impl Mentioned {
    /// Those that follow the word `input` with a dot, be it in a comment. Where the word stands in any other way (`input[name]`,
    /// `walk(input)`, `with input as`, a remark), all of them.
    pub(crate) fn by<'a>(texts: impl IntoIterator<Item = &'a str>) -> Mentioned {
        let mut names = BTreeSet::from([CLOCK.to_owned()]);
        for text in texts {
            for (at, _) in text.match_indices(INPUT) {
                let is_within = |next: Option<char>| next.is_some_and(is_of_name);
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let rest = text.get(at + INPUT.len()..).unwrap_or_default();
                if is_within(before) || is_within(rest.chars().next()) {
                    continue;
                }
                match member(rest) {
                    Some(name) => names.insert(name.to_owned()),
                    None => return Mentioned(None),
                };
            }
        }
        Mentioned(Some(names))
    }

    /// Whether this member can be looked at.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// The name behind a dot that a text begins with, where it is one beyond doubt.
fn member(text: &str) -> Option<&str> {
    let text = text.strip_prefix('.')?;
    let (name, rest) = text.split_at_checked(text.find(|next| !is_of_name(next)).unwrap_or(text.len()))?;
    let is_sure = !name.is_empty() && !rest.starts_with(|next: char| !next.is_ascii());
    is_sure.then_some(name)
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::Mentioned;

    #[test]
    fn members_that_are_named() {
        let text = "import input.caller as who\nallow if { who.id == input.agent.id; inputs == my_input } # input.rate";
        let mentioned = Mentioned::by([text, "deny if data.input.clock"]);
        for name in ["caller", "agent", "rate", "clock", "now_ns"] {
            assert!(mentioned.has(name), "{name}");
        }
        for name in ["id", "request", "inputs", ""] {
            assert!(!mentioned.has(name), "{name}");
        }
    }

    #[test]
    fn whatever_else_is_done_with_it_sees_all() {
        for text in [
            "input[name]",
            "input[\"caller\"]",
            "walk(input)",
            "x := input",
            "input",
            "input .caller",
            "input.\ncaller",
            "input.naïve",
            "éinput",
            "# of the input, only",
            "import input",
            "\"input\"",
        ] {
            assert_eq!(Mentioned::by(["input.caller", text]), Mentioned(None), "{text}");
        }
    }
}
