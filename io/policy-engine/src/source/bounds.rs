//! How deep a policy may be nested. The parser, the compilers and what clears up after them go from an expression to those within
//! it by recursion, and brackets are tried as more than one thing: what is bounded here can neither overflow the stack nor take for
//! ever.

use super::scan::Word;
use regorus::unstable::TokenKind;

/// Brackets within brackets.
const BRACKETS: usize = 16;
/// Operators, dots and calls of one expression, outside of the brackets in it.
const OPERATORS: usize = 128;
/// Words, each counted double for every bracket around it, as often as the parser may read it.
const READINGS: u64 = 4_000_000;

/// Digits of a number, and how large its exponent may be: it is reckoned exactly.
const DIGITS: usize = 400;
/// `set(`, which sends the lexer ahead by recursion to see whether `)` comes.
const SETS: usize = 1_000;

/// Bytes of a line: the lexer breaks off where it has to show a place further to the right.
const LINE: usize = 60_000;

/// Whether a text must not even be cut into words: where, and why.
pub(super) fn unreadable(text: &str) -> Option<(u32, String)> {
    if text.matches("set(").nth(SETS).is_some() {
        return Some((0, format!("set( more than {SETS} times: give an empty set a name")));
    }
    let line = text.lines().position(|line| line.len() > LINE)?;
    let number = u32::try_from(line + 1).unwrap_or(0);
    Some((
        number,
        format!("a line of more than {LINE} bytes: give what is large as data, in a file of JSON beside the policy"),
    ))
}

/// Imports of a file, each of which is compared with all others.
const IMPORTS: usize = 500;

/// An expression within brackets, as far as it has been read.
#[derive(Clone, Copy, Default)]
struct Expression {
    operators: usize,
    /// What came last can have an operator behind it.
    is_operand: bool,
}

/// The line in which a policy has too much in it, and what.
pub(super) fn too_deep(words: &[Word<'_>]) -> Option<(u32, String)> {
    let mut outer: Vec<Expression> = Vec::new();
    let mut now = Expression::default();
    let mut readings = 0u64;
    let mut imports = 0;
    for word in words {
        match word.role() {
            Role::Opens => {
                // A call, or an index.
                now.operators += usize::from(now.is_operand);
                outer.push(std::mem::take(&mut now));
            }
            Role::Closes => now = Expression { is_operand: true, ..outer.pop().unwrap_or_default() },
            Role::Separates => now = Expression::default(),
            Role::Operator => now = Expression { operators: now.operators + 1, is_operand: false },
            // `1 -1` is a difference, whose sign belongs to the number.
            Role::Negative => now = Expression { operators: now.operators + 1, is_operand: true },
            Role::Operand if now.is_operand => now = Expression { operators: 0, is_operand: true },
            Role::Operand => now.is_operand = true,
        }
        imports += usize::from(word.text == "import");
        readings = readings.saturating_add(1 << outer.len().min(BRACKETS + 1));
        let what = if word.is_too_long() {
            format!("a number with more than {DIGITS} digits")
        } else if outer.len() > BRACKETS {
            format!("more than {BRACKETS} brackets within each other: give the inner ones rules of their own")
        } else if now.operators > OPERATORS {
            format!("an expression of more than {OPERATORS} operators: give its parts names")
        } else if imports > IMPORTS {
            format!("more than {IMPORTS} imports")
        } else if readings > READINGS {
            "too much within brackets up to here: give what is large as data, in a file of JSON beside the policy"
                .to_owned()
        } else {
            continue;
        };
        return Some((word.line, what));
    }
    None
}

/// What a word does to the expression that it stands in.
enum Role {
    Opens,
    Closes,
    Separates,
    Operator,
    Negative,
    /// Names, values and keywords: two in a row are of two expressions.
    Operand,
}

impl Word<'_> {
    fn is_too_long(&self) -> bool {
        let exponent = self.text.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
        let is_large = exponent.parse::<i64>().map_or(true, |exponent| exponent.unsigned_abs() > DIGITS as u64);
        self.kind == TokenKind::Number && (self.text.len() > DIGITS || is_large)
    }

    fn role(&self) -> Role {
        match (self.kind.clone(), self.text) {
            (TokenKind::String | TokenKind::RawString, _) => Role::Operand,
            (TokenKind::Number, text) if text.starts_with('-') => Role::Negative,
            (_, "(" | "[" | "{" | "set(") => Role::Opens,
            (_, ")" | "]" | "}") => Role::Closes,
            (TokenKind::Symbol, "," | ";" | ":") => Role::Separates,
            (TokenKind::Symbol, _) | (_, "not" | "in") => Role::Operator,
            _ => Role::Operand,
        }
    }
}
