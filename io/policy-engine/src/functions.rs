//! What the interpreter, which runs tests and what the bytecode machine cannot, and which reckons defaults while a policy is
//! compiled, does not find by itself: functions that call themselves. Rules that lead to themselves it finds.

use crate::graph::Graph;
use crate::source::{LoadError, Place};
use regorus::Engine;
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Rule, RuleHead};

/// Rules and functions of a policy, each of its definitions counted, and statements in them: the interpreter goes through each of those
/// that lead to one another on the same stack.
const DEFINITIONS: u64 = 4_000;
const STATEMENTS: u64 = 20_000;
/// Statements of one body, each of which is compared with all others to find their order.
const BODY: usize = 500;

/// Refuses functions that call themselves, defaults that take more than a look, and more rules than can be gone through.
pub(crate) fn check(engine: &mut Engine) -> Result<(), LoadError> {
    let packages = engine.get_packages().unwrap_or_default();
    let modules: Vec<(&str, &Module)> =
        packages.iter().map(String::as_str).zip(engine.get_modules().iter().map(|module| &**module)).collect();
    let definitions: usize = modules.iter().map(|(_, module)| module.policy.len()).sum();
    let statements: u64 = modules.iter().map(|(_, module)| u64::from(module.num_statements)).sum();
    for (what, number, most) in [("rules", definitions as u64, DEFINITIONS), ("statements", statements, STATEMENTS)] {
        if number > most {
            return Err(LoadError::Together(format!("there are {number} {what}, and {most} are the most")));
        }
    }
    modules.iter().flat_map(|(_, module)| &module.policy).try_for_each(|rule| check_rule(rule))?;
    let functions: Vec<Function<'_>> =
        modules.iter().flat_map(|(package, module)| functions_of(package, module)).collect();
    check_functions(&functions)
}

/// Whether a body says `:=`. The bytecode machine takes `x := input.missing` for true where OPA and the interpreter take it for
/// undefined, so that a call would pass that must not.
pub(crate) fn assigns(engine: &mut Engine) -> bool {
    let mut assigns = false;
    for rule in engine.get_modules().iter().flat_map(|module| &module.policy) {
        each_part(rule, &mut |part| {
            assigns |= matches!(part, Part::Expression(Expr::AssignExpr { op: AssignOp::ColEq, .. }));
        });
    }
    assigns
}

fn check_functions(functions: &[Function<'_>]) -> Result<(), LoadError> {
    let mut paths: Vec<&str> = functions.iter().map(|function| function.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut graph = Graph::new(paths.len());
    for function in functions {
        let Ok(from) = paths.binary_search(&function.path.as_str()) else { continue };
        for called in function.calls() {
            paths.binary_search(&called.as_str()).into_iter().for_each(|to| graph.lead(from, to));
        }
    }
    let Err(circle) = graph.longest() else { return Ok(()) };
    let circle: Vec<&str> = circle.into_iter().filter_map(|at| paths.get(at).copied()).collect();
    let first = functions.iter().find(|function| Some(&function.path.as_str()) == circle.first());
    let place = first.map_or(Place { file: String::new(), line: 0 }, |function| place(function.rule));
    Err(LoadError::Wrong { place, what: format!("functions lead to themselves: {}", circle.join(" → ")) })
}

/// A definition of a function.
struct Function<'m> {
    path: String,
    package: &'m str,
    module: &'m Module,
    rule: &'m Rule,
}

fn functions_of<'m>(package: &'m str, module: &'m Module) -> impl Iterator<Item = Function<'m>> {
    module.policy.iter().filter_map(move |rule| match &**rule {
        Rule::Spec { head: RuleHead::Func { refr, .. }, .. } => {
            let path = format!("{package}.{}", parts(refr)?.join("."));
            Some(Function { path, package, module, rule })
        }
        _ => None,
    })
}

impl Function<'_> {
    /// Paths that what it calls may have: as written, below its package, and by its imports.
    fn calls(&self) -> Vec<String> {
        let mut named = Vec::new();
        each_part(self.rule, &mut |part| match part {
            Part::Expression(Expr::Call { fcn, .. }) => named.extend(parts(fcn)),
            // `with f as g`: what replaces a function stands there by its name alone.
            Part::Replacement(other) => named.extend(parts(other)),
            _ => {}
        });
        let paths = |parts: Vec<String>| {
            let imported = self.imported(&parts);
            let written = parts.join(".");
            [format!("{}.{written}", self.package), written].into_iter().chain(imported)
        };
        named.into_iter().flat_map(paths).collect()
    }

    fn imported(&self, parts: &[String]) -> Option<String> {
        let (first, rest) = parts.split_first()?;
        let import = self.module.imports.iter().find_map(|import| {
            let path = self::parts(&import.refr)?;
            let name = import.r#as.as_ref().map_or(path.last().cloned(), |name| Some(name.text().to_owned()))?;
            (name == *first).then_some(path)
        })?;
        Some([import.as_slice(), rest].concat().join("."))
    }
}

/// A dotted name, `a["b"]` being `a.b`.
fn parts(reference: &Expr) -> Option<Vec<String>> {
    let (mut names, mut at) = (Vec::new(), reference);
    loop {
        match at {
            Expr::Var { span, .. } => {
                names.push(span.text().to_owned());
                names.reverse();
                return Some(names);
            }
            Expr::RefDot { refr, field, .. } => {
                names.push(field.0.text().to_owned());
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                let Expr::String { value, .. } = &**index else { return None };
                names.push(value.as_string().ok()?.to_string());
                at = refr;
            }
            _ => return None,
        }
    }
}

/// A default is reckoned while the policy is compiled, without any bound; a body is put in order.
fn check_rule(rule: &Rule) -> Result<(), LoadError> {
    let (mut is_plain, mut longest) = (true, 0);
    each_part(rule, &mut |part| match part {
        Part::Query(query) => longest = longest.max(query.stmts.len()),
        Part::Expression(Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }) => {
            is_plain = false
        }
        _ => {}
    });
    let what = match rule {
        Rule::Default { .. } if !is_plain => {
            "a default is a value that is written out: give a comprehension a rule of its own".to_owned()
        }
        _ if longest > BODY => {
            format!("a body of {longest} statements, and {BODY} are the most: make several rules of it")
        }
        _ => return Ok(()),
    };
    Err(LoadError::Wrong { place: place(rule), what })
}

fn place(rule: &Rule) -> Place {
    let span = rule.span();
    Place { file: span.source.file().clone(), line: span.line }
}

/// A part of a rule.
enum Part<'m> {
    Expression(&'m Expr),
    /// What stands behind `with … as`.
    Replacement(&'m Expr),
    Query(&'m Query),
}

type Look<'l, 'm> = dyn FnMut(Part<'m>) + 'l;

/// Shows all parts of a rule, those within others too.
fn each_part<'m>(rule: &'m Rule, look: &mut Look<'_, 'm>) {
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
