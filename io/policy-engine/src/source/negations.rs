//! What a negation makes of an operand that is undefined.
//!
//! OPA looks operands up in front of the expression that they are in, outside of its `not`: `not f(input.x)` is undefined where
//! `input.x` is, so that a rule which says it does not hold. The evaluator negates all of it, and the rule would hold: a call could
//! be let pass that OPA denies. So each such operand is asked for in a statement of its own, in the same line:
//! `is_array([input.x]); not f(input.x)`. As in OPA, `not input.x` and `not input.x == 1` hold where there is no `input.x`.

use super::scan::{Word, words};
use crate::syntax::{Part, each_part};
use regorus::unstable::{AssignOp, BoolOp, Expr, Literal, LiteralStmt, Module, Span};
use std::collections::BTreeMap;

/// The text of a module in which operands of negations are asked for; none: there is nothing to be asked for.
pub(super) fn with_operands(name: &str, module: &Module) -> Option<String> {
    let text = module.package.span.source.contents();
    let (words, is_whole) = words(name, text);
    let mut text = Text { text, words, changes: BTreeMap::new() };
    let mut statements: Vec<&LiteralStmt> = Vec::new();
    for rule in &module.policy {
        each_part(rule, &mut |part| {
            if let Part::Query(query) = part {
                statements.extend(&query.stmts);
            }
        });
    }
    // Those within others come first: the others have them among their operands.
    statements.sort_by_key(|statement| std::cmp::Reverse(statement.span.start));
    statements.dedup_by_key(|statement| statement.span.start);
    for statement in statements {
        let asked = text.asked_for(statement);
        asked.into_iter().flatten().for_each(|(at, what)| text.changes.entry(at).or_default().insert_str(0, &what));
    }
    if text.changes.is_empty() || !is_whole {
        return None;
    }
    let mut changed = text.text.to_owned();
    text.changes.iter().rev().for_each(|(at, what)| changed.insert_str(*at, what));
    Some(changed)
}

/// Operands that are looked up before an expression is negated.
fn operands(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Call { params, .. } => params.iter().map(|one| &**one).collect(),
        Expr::UnaryExpr { expr, .. } => vec![expr],
        Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
            [lhs, rhs].into_iter().flat_map(|side| of_side(side)).collect()
        }
        Expr::BinExpr { lhs, rhs, .. } | Expr::BoolExpr { lhs, rhs, .. } | Expr::ArithExpr { lhs, rhs, .. } => {
            vec![lhs, rhs]
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).map(|one| &**one).collect()
        }
        Expr::RefDot { .. } | Expr::RefBrack { .. } => of_side(expression),
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => vec![expression],
        _ => Vec::new(),
    }
}

/// Of a side of an equation a plain reference is compared where it stands; what it is indexed by is looked up before.
fn of_side(side: &Expr) -> Vec<&Expr> {
    match side {
        Expr::RefDot { refr, .. } => of_side(refr),
        Expr::RefBrack { refr, index, .. } => {
            let mut found = of_side(refr);
            found.push(index);
            found
        }
        Expr::Var { .. } => Vec::new(),
        other => vec![other],
    }
}

/// Whether it always has a value, or is bound elsewhere in the body.
fn is_plain(operand: &Expr) -> bool {
    matches!(
        operand,
        Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. }
    ) || match operand {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| is_plain(item)),
        Expr::Object { fields, .. } => fields.iter().all(|(_, key, value)| is_plain(key) && is_plain(value)),
        _ => false,
    }
}

struct Text<'t> {
    text: &'t str,
    words: Vec<Word<'t>>,
    /// What is put where.
    changes: BTreeMap<usize, String>,
}

impl Text<'_> {
    /// What is put where, if the statement is a negation.
    fn asked_for(&self, statement: &LiteralStmt) -> Option<Vec<(usize, String)>> {
        let Literal::NotExpr { span, expr } = &statement.literal else { return None };
        let operands: Vec<String> = operands(expr)
            .into_iter()
            .filter(|one| !is_plain(one))
            .map(|one| self.piece(one.span()))
            .collect::<Option<_>>()?;
        if operands.is_empty() {
            return None;
        }
        // In brackets of its own `a | b` begins no comprehension.
        let mut asked = format!("is_array([({})])", operands.join("), ("));
        for with in &statement.with_mods {
            asked += &format!(" with {} as {}", self.piece(with.refr.span())?, self.piece(with.r#as.span())?);
        }
        let (first, last) = self.range(&statement.span)?;
        let begin = self.words.get(first)?.outer().0;
        // Behind `if` without braces there is room for one statement.
        let is_alone = first.checked_sub(1).and_then(|at| self.words.get(at)).is_some_and(|word| word.text == "if");
        debug_assert_eq!(usize::try_from(span.start), Ok(begin));
        Some(if is_alone {
            vec![(begin, format!("{{ {asked}; ")), (self.words.get(last)?.outer().1, " }".to_owned())]
        } else {
            vec![(begin, format!("{asked}; "))]
        })
    }

    /// The words of a part, with the brackets around it that it opens or closes half: a span leaves out the outermost.
    fn range(&self, span: &Span) -> Option<(usize, usize)> {
        let (start, end) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
        let mut first = self.words.partition_point(|word| word.outer().1 <= start && word.end <= start);
        let mut last = self.words.partition_point(|word| word.start < end).checked_sub(1)?;
        let (mut open, mut missing) = (0usize, 0usize);
        for word in self.words.get(first..=last)? {
            if word.is("(") {
                open += 1;
            } else if word.is(")") {
                missing += usize::from(open == 0);
                open = open.saturating_sub(1);
            }
        }
        first = first.checked_sub(missing)?;
        last += open;
        let is_bracket = |range: std::ops::Range<usize>, bracket: &str| {
            self.words.get(range).is_some_and(|words| words.iter().all(|word| word.is(bracket)))
        };
        let is_found = is_bracket(first..first + missing, "(") && is_bracket(last + 1 - open..last + 1, ")");
        is_found.then_some((first, last))
    }

    /// The text of a part, in one line and without its comments.
    fn piece(&self, span: &Span) -> Option<String> {
        let (first, last) = self.range(span)?;
        let mut piece = String::new();
        let mut behind = None;
        for word in self.words.get(first..=last)? {
            let (start, end) = word.outer();
            // A close behind the last word of a statement comes before what is put at the next.
            if let Some(what) = self.changes.get(&start).filter(|_| behind.is_some()) {
                piece.push(' ');
                piece.push_str(what.trim_end());
            }
            if behind.is_some_and(|behind| behind < start) {
                piece.push(' ');
            }
            piece.push_str(self.text.get(start..end)?);
            behind = Some(end);
        }
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::with_operands;
    use regorus::Engine;

    fn said(body: &str) -> String {
        let mut engine = Engine::new();
        let text = format!("package a\n\nallow {body}\n");
        engine.add_policy("a.rego".to_owned(), text.clone()).expect(body);
        let changed = with_operands("a.rego", &engine.get_modules()[0]).unwrap_or(text);
        assert_eq!(changed.lines().count(), 3 + body.matches('\n').count(), "no line moves: {changed}");
        engine = Engine::new();
        engine.add_policy("a.rego".to_owned(), changed.clone()).expect(&changed);
        changed["package a\n\nallow ".len()..].trim_end().to_owned()
    }

    #[test]
    fn operands_are_asked_for_in_front() {
        for (body, expected) in [
            ("if not f(input.x)", "if { is_array([(input.x)]); not f(input.x) }"),
            (
                "if { 1 == 1; not input.x in data.y }",
                "if { 1 == 1; is_array([(input.x), (data.y)]); not input.x in data.y }",
            ),
            ("if { not input.x > 5 }", "if { is_array([(input.x)]); not input.x > 5 }"),
            ("if { not input.a != input.b }", "if { is_array([(input.a), (input.b)]); not input.a != input.b }"),
            ("if { not input.x + 1 == 5 }", "if { is_array([(input.x + 1)]); not input.x + 1 == 5 }"),
            ("if { not (input.x + 1) * 2 == 5 }", "if { is_array([((input.x + 1) * 2)]); not (input.x + 1) * 2 == 5 }"),
            ("if { not (input.x in [1]) }", "if { is_array([(input.x)]); not (input.x in [1]) }"),
            ("if { not [input.x] == [5] }", "if { is_array([([input.x])]); not [input.x] == [5] }"),
            ("if { not data.y[input.x] }", "if { is_array([(input.x)]); not data.y[input.x] }"),
            (
                "if { not startswith(concat(\"\", [input.x, \"a\"]), \"b\") }",
                "if { is_array([(concat(\"\", [input.x, \"a\"]))]); not startswith(concat(\"\", [input.x, \"a\"]), \"b\") }",
            ),
            (
                "if {\n  not f(input.x, # why\n   `a`) with input.x as \"b\"\n}",
                "if {\n  is_array([(input.x)]) with input.x as \"b\"; not f(input.x, # why\n   `a`) with input.x as \"b\"\n}",
            ),
            (
                "if { count([1 | not f(input.x)]) == 1 }",
                "if { count([1 | is_array([(input.x)]); not f(input.x)]) == 1 }",
            ),
            (
                "if { not f([1 | not g(input.q)][0]) }",
                "if { is_array([([1 | is_array([(input.q)]); not g(input.q)][0])]); \
                 not f([1 | is_array([(input.q)]); not g(input.q)][0]) }",
            ),
            ("if { not 1 in (x | input.y) }", "if { is_array([(x | input.y)]); not 1 in (x | input.y) }"),
            (
                "if { every y in [1] { not y > input.x } }",
                "if { every y in [1] { is_array([(y), (input.x)]); not y > input.x } }",
            ),
        ] {
            assert_eq!(said(body), expected);
        }
    }

    #[test]
    fn what_opa_negates_as_a_whole_stays() {
        for body in [
            "if not input.x",
            "if { not input.x == 5 }",
            "if { not input.x = \"a\" }",
            "if { not data.y[\"x\"].z == input.z }",
            "if { not [y | y := input.x] == [5] }",
            "if { not is_string(\"a\") }",
            "if { not x }",
        ] {
            assert_eq!(said(body), body);
        }
    }
}
