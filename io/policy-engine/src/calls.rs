//! Which rule leads to which in a compiled policy. The machine calls rules by recursion, and the compiler finds only some of the
//! circles, so that they are looked for here: in the program itself, which does what is in it and nothing else.

use crate::graph::Graph;
use regorus::Value;
use regorus::rvm::Instruction;
use regorus::rvm::Program;
use regorus::rvm::instructions::LiteralOrRegister;

/// Rules that may lead from one to the next, each of which takes a piece of the stack.
const CHAIN: usize = 300;

/// Refuses rules that lead to themselves, and chains that are too long.
pub(crate) fn check(program: &Program) -> Result<(), String> {
    let name = |rule: &usize| program.rule_infos.get(*rule).map(|info| info.name.as_str()).unwrap_or_default();
    match graph(program).longest() {
        Err(circle) => {
            let names: Vec<&str> = circle.iter().map(name).collect();
            Err(format!("rules lead to themselves: {}", names.join(" → ")))
        }
        Ok(longest) if longest > CHAIN => {
            Err(format!("{longest} rules lead from one to the next, and {CHAIN} are the most"))
        }
        Ok(_) => Ok(()),
    }
}

fn graph(program: &Program) -> Graph {
    let starts = starts(program);
    let mut graph = Graph::new(program.rule_infos.len());
    for (at, instruction) in program.instructions.iter().enumerate() {
        // The code of a rule is in one piece behind each of its starts; what is before all of them enters the program.
        let Some((_, rule)) =
            starts.partition_point(|(start, _)| *start <= at).checked_sub(1).and_then(|at| starts.get(at))
        else {
            continue;
        };
        match instruction {
            Instruction::CallRule { rule_index, .. } => graph.lead(*rule, usize::from(*rule_index)),
            Instruction::FunctionCall { params_index } => {
                let called = program.instruction_data.function_call_params.get(usize::from(*params_index));
                called.into_iter().for_each(|params| graph.lead(*rule, usize::from(params.func_rule_index)));
            }
            Instruction::VirtualDataDocumentLookup { params_index } => {
                let all = &program.instruction_data.virtual_data_document_lookup_params;
                let path = all.get(usize::from(*params_index)).map(|params| params.path_components.as_slice());
                let mut found = Vec::new();
                below(&program.rule_tree["data"], path.unwrap_or_default(), program, &mut found);
                found.into_iter().for_each(|to| graph.lead(*rule, to));
            }
            _ => {}
        }
    }
    graph
}

/// Where the code of each rule begins, in order.
fn starts(program: &Program) -> Vec<(usize, usize)> {
    let of_rule = |(rule, info): (usize, &regorus::rvm::program::RuleInfo)| {
        let bodies: Vec<u32> = info.definitions.iter().flatten().copied().collect();
        let arguments: Vec<u32> = info.destructuring_blocks.iter().flatten().copied().collect();
        let starts = bodies.into_iter().chain(arguments);
        starts.filter_map(move |start| Some((usize::try_from(start).ok()?, rule))).collect::<Vec<_>>()
    };
    let mut all: Vec<(usize, usize)> = program.rule_infos.iter().enumerate().flat_map(of_rule).collect();
    all.sort_unstable();
    all
}

/// All rules that a path of names and anything can mean: those on its way, and those below its end.
fn below(node: &Value, path: &[LiteralOrRegister], program: &Program, found: &mut Vec<usize>) {
    if let Value::Number(rule) = node {
        found.extend(rule.as_u64().and_then(|rule| usize::try_from(rule).ok()));
    }
    let Ok(members) = node.as_object() else { return };
    for (name, member) in members.iter() {
        match path.split_first() {
            None => below(member, path, program, found),
            Some((first, rest)) => {
                let is_meant = match first {
                    LiteralOrRegister::Register(_) => true,
                    // A number may stand for the name that is written so.
                    LiteralOrRegister::Literal(at) => program
                        .literals
                        .get(usize::from(*at))
                        .is_none_or(|literal| literal == name || Value::from(literal.to_string()) == *name),
                };
                if is_meant {
                    below(member, rest, program, found);
                }
            }
        }
    }
}
