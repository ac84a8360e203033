//! What the interpreter, which runs tests and what the bytecode machine cannot, and which reckons defaults while a policy is
//! compiled, does not find by itself: functions that call themselves. Rules that lead to themselves it finds.

use crate::graph::Graph;
use crate::source::{LoadError, Place};
use crate::syntax::{Part, each_part};
use regorus::Engine;
use regorus::unstable::{AssignOp, Expr, Literal, Module, Rule, RuleHead, Span};

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

/// What in a policy the bytecode machine does not do as OPA does; none: it may run it. Where values are undefined it takes
/// `x := input.missing` for true, keeps what is missing in comprehensions, leaves out an `else` behind a loop and the defaults of
/// functions, and lets a rule have two values, so that calls would pass that must not. It gets rules that are true or not.
pub(crate) fn beyond_bytecode(engine: &mut Engine) -> Option<&'static str> {
    let mut beyond = None;
    for rule in engine.get_modules().iter().flat_map(|module| &module.policy) {
        beyond = beyond.or_else(|| beyond_in_head(rule));
        each_part(rule, &mut |part| {
            let found = match part {
                Part::Expression(Expr::AssignExpr { .. }) => Some("it assigns in a body"),
                Part::Expression(Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }) => {
                    Some("it has a comprehension")
                }
                _ => None,
            };
            beyond = beyond.or(found);
        });
    }
    beyond
}

fn beyond_in_head(rule: &Rule) -> Option<&'static str> {
    let (reference, has_value, bodies) = match rule {
        Rule::Default { refr, args, .. } => (refr, !args.is_empty(), &[][..]),
        Rule::Spec { head: RuleHead::Compr { refr, assign, .. }, bodies, .. } => (refr, assign.is_some(), &bodies[..]),
        Rule::Spec { head: RuleHead::Set { refr, .. }, bodies, .. } => (refr, false, &bodies[..]),
        Rule::Spec { head: RuleHead::Func { .. }, .. } => return Some("it has a function"),
    };
    if !matches!(**reference, Expr::Var { .. }) {
        Some("a rule's name has parts")
    } else if has_value {
        Some("a rule has a value")
    } else if bodies.len() > 1 || bodies.iter().any(|body| body.is_else || body.assign.is_some()) {
        Some("it says else")
    } else {
        None
    }
}

/// The first pattern of an object: OPA compares it with all members, and the evaluators with those that are named alone, so that a
/// call could pass that OPA denies.
fn object_pattern(rule: &Rule) -> Option<&Span> {
    let mut found = match rule {
        Rule::Spec { head: RuleHead::Func { args, .. }, .. } => args.iter().find_map(|argument| object_in(argument)),
        _ => None,
    };
    each_part(rule, &mut |part| {
        let pattern = match part {
            Part::Expression(Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. }) => object_in(lhs),
            Part::Expression(Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. }) => match (&**lhs, &**rhs) {
                (side, _) | (_, side) if is_local(side) => None,
                (lhs, rhs) => object_in(lhs).or_else(|| object_in(rhs)),
            },
            Part::Query(query) => query.stmts.iter().find_map(|statement| match &statement.literal {
                Literal::SomeIn { key, value, .. } => key.iter().chain([value]).find_map(|pattern| object_in(pattern)),
                _ => None,
            }),
            Part::Expression(_) | Part::Replacement(_) => None,
        };
        found = found.or(pattern);
    });
    found.map(Expr::span)
}

/// Whether it is a variable of the body.
fn is_local(side: &Expr) -> bool {
    matches!(side, Expr::Var { span, .. } if !matches!(span.text(), "input" | "data"))
}

/// The first object of a pattern.
fn object_in(pattern: &Expr) -> Option<&Expr> {
    match pattern {
        Expr::Object { fields, .. } if !fields.is_empty() => Some(pattern),
        Expr::Array { items, .. } => items.iter().find_map(|item| object_in(item)),
        _ => None,
    }
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
    if let Some(span) = object_pattern(rule) {
        let place = Place { file: span.source.file().clone(), line: span.line };
        let what = "a pattern of an object: compare its members one by one".to_owned();
        return Err(LoadError::Wrong { place, what });
    }
    let (mut is_plain, mut names_something, mut longest) = (true, false, 0);
    each_part(rule, &mut |part| match part {
        Part::Query(query) => longest = longest.max(query.stmts.len()),
        Part::Expression(Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }) => {
            is_plain = false
        }
        Part::Expression(Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } | Expr::Call { .. }) => {
            names_something = true;
        }
        _ => {}
    });
    let what = match rule {
        Rule::Default { .. } if !is_plain => {
            "a default is a value that is written out: give a comprehension a rule of its own".to_owned()
        }
        Rule::Default { .. } if names_something => {
            "a default is a value that is written out, such as `false`, and names nothing".to_owned()
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
