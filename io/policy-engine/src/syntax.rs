//! The parts of a rule, as the parser gives them.

use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Rule, RuleHead};

/// A part of a rule.
pub(crate) enum Part<'m> {
    Expression(&'m Expr),
    /// What stands behind `with … as`.
    Replacement(&'m Expr),
    Query(&'m Query),
}

pub(crate) type Look<'l, 'm> = dyn FnMut(Part<'m>) + 'l;

/// Shows all parts of a rule, those within others too.
pub(crate) fn each_part<'m>(rule: &'m Rule, look: &mut Look<'_, 'm>) {
    match rule {
        Rule::Default { value, .. } => within(value, look),
        Rule::Spec { head, bodies, .. } => {
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    within(refr, look);
                    assign.iter().for_each(|assign| within(&assign.value, look));
                }
                RuleHead::Set { key, .. } => key.iter().for_each(|key| within(key, look)),
                RuleHead::Func { args, assign, .. } => {
                    args.iter().for_each(|argument| within(argument, look));
                    assign.iter().for_each(|assign| within(&assign.value, look));
                }
            }
            for body in bodies {
                body.assign.iter().for_each(|assign| within(&assign.value, look));
                in_query(&body.query, look);
            }
        }
    }
}

fn in_query<'m>(query: &'m Query, look: &mut Look<'_, 'm>) {
    look(Part::Query(query));
    query.stmts.iter().for_each(|statement| in_statement(statement, look));
}

fn in_statement<'m>(statement: &'m LiteralStmt, look: &mut Look<'_, 'm>) {
    match &statement.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn { key, value, collection, .. } => {
            key.iter().chain([value, collection]).for_each(|one| within(one, look));
        }
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => within(expr, look),
        Literal::Every { domain, query, .. } => {
            within(domain, look);
            in_query(query, look);
        }
    }
    for with in &statement.with_mods {
        look(Part::Replacement(&with.r#as));
        within(&with.r#as, look);
    }
}

/// An expression and all within it. It goes no deeper than a policy may be nested.
fn within<'m>(expression: &'m Expr, look: &mut Look<'_, 'm>) {
    look(Part::Expression(expression));
    match expression {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| within(item, look)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
            within(key, look);
            within(value, look);
        }),
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            within(term, look);
            in_query(query, look);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            within(key, look);
            within(value, look);
            in_query(query, look);
        }
        Expr::Call { fcn, params, .. } => {
            within(fcn, look);
            params.iter().for_each(|one| within(one, look));
        }
        Expr::UnaryExpr { expr, .. } => within(expr, look),
        Expr::RefDot { refr, .. } => within(refr, look),
        Expr::RefBrack { refr, index, .. } => {
            within(refr, look);
            within(index, look);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            within(lhs, look);
            within(rhs, look);
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).for_each(|one| within(one, look));
        }
    }
}
