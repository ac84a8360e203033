//! Which members of the input a policy can look at: it is given no others, since most policies name a handful of forty, and what it
//! said of the same ones before it says again.

use std::collections::{BTreeMap, BTreeSet};

/// What stands for the whole input in Rego.
const INPUT: &str = "input";
/// The loader puts it in place of `time.now_ns()`.
const CLOCK: &str = "now_ns";
/// Members that are hardly ever the same in two calls; none: the whole member.
const CHANGING: [(&str, &[&str]); 6] = [
    ("now_ns", &[]),
    ("time", &[]),
    ("timestamp", &[]),
    ("rate", &[]),
    ("request", &["id", "params", "task", "bytes"]),
    ("context", &["request_id", "payload_size"]),
];

/// Names of members; none: it may look at any.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mentioned(Option<BTreeMap<String, Within>>);

/// What of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// All of it.
    All,
    /// Members of it, where it is an object.
    Members(BTreeSet<String>),
}

impl Mentioned {
    /// Those that follow the word `input` with a dot, and those that follow these, be it in a comment. Where the word stands in any
    /// other way (`input[name]`, `walk(input)`, `with input as`, a remark), all of them.
    pub(crate) fn by<'a>(texts: impl IntoIterator<Item = &'a str>) -> Mentioned {
        let mut names = BTreeMap::new();
        for text in texts {
            if text.contains(CLOCK) {
                names.insert(CLOCK.to_owned(), Within::All);
            }
            for (at, _) in text.match_indices(INPUT) {
                let is_within = |next: Option<char>| next.is_some_and(is_of_name);
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let rest = text.get(at + INPUT.len()..).unwrap_or_default();
                if is_within(before) || is_within(rest.chars().next()) {
                    continue;
                }
                let Some((name, rest)) = member(rest) else { return Mentioned(None) };
                let within = names.entry(name.to_owned()).or_insert_with(|| Within::Members(BTreeSet::new()));
                match (member(rest), within) {
                    (Some((name, _)), Within::Members(members)) => drop(members.insert(name.to_owned())),
                    (None, within) => *within = Within::All,
                    (Some(_), Within::All) => {}
                }
            }
        }
        Mentioned(Some(names))
    }

    /// What of a member can be looked at; none: nothing.
    pub(crate) fn of(&self, name: &str) -> Option<&Within> {
        self.0.as_ref().map_or(Some(&Within::All), |names| names.get(name))
    }

    /// Whether two calls are likely to have the same of them.
    pub(crate) fn is_steady(&self) -> bool {
        self.0.is_some()
            && CHANGING.iter().all(|(name, members)| match self.of(name) {
                None => true,
                Some(Within::All) => false,
                Some(within) => !members.is_empty() && !members.iter().any(|member| within.has(member)),
            })
    }
}

impl Within {
    /// Whether a member of it can be looked at.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Within::All => true,
            Within::Members(names) => names.contains(name),
        }
    }
}

/// The name behind a dot that a text begins with, where it is one beyond doubt, and what follows.
fn member(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('.')?;
    let (name, rest) = text.split_at_checked(text.find(|next| !is_of_name(next)).unwrap_or(text.len()))?;
    let is_sure = !name.is_empty() && !rest.starts_with(|next: char| !next.is_ascii());
    is_sure.then_some((name, rest))
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::{Mentioned, Within};

    #[test]
    fn members_that_are_named() {
        let text = "import input.caller as who\nallow if { who.id == input.agent.id; inputs == my_input } # input.rate";
        let mentioned = Mentioned::by([text, "deny if data.input.clock.hour > time.now_ns()"]);
        for name in ["caller", "agent", "rate", "clock", "now_ns"] {
            assert!(mentioned.of(name).is_some(), "{name}");
        }
        for name in ["id", "request", "inputs", ""] {
            assert!(mentioned.of(name).is_none(), "{name}");
        }
        let sees = |member: &str, name: &str| mentioned.of(member).is_some_and(|within| within.has(name));
        assert!(sees("caller", "name") && sees("agent", "id") && sees("clock", "hour"));
        assert!(!sees("agent", "name") && !sees("clock", "minute"));
    }

    #[test]
    fn whatever_else_is_done_with_a_member_sees_all_of_it() {
        for text in [
            "input.a[name]",
            "input.a",
            "walk(input.a)",
            "input.a .b",
            "input.a.\nb",
            "input.a.naïve",
            "x := input.a\n",
        ] {
            assert_eq!(Mentioned::by(["input.a.b", text]).of("a"), Some(&Within::All), "{text}");
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

    #[test]
    fn what_changes_with_each_call() {
        for (text, is_steady) in [
            ("input.caller.id == input.agent", true),
            ("input.request.method in input.clock", true),
            ("true", true),
            ("input", false),
            ("input.time", false),
            ("time.now_ns() > 5", false),
            ("input.rate.caller_last_minute", false),
            ("input.request", false),
            ("input.request.params.x", false),
            ("input.context.payload_size", false),
        ] {
            assert_eq!(Mentioned::by([text]).is_steady(), is_steady, "{text}");
        }
    }
}
