//! A policy that is compiled, and what it says of an input.

use crate::calls;
use crate::functions;
use crate::input::input;
use crate::known::{Key, Known};
use crate::mentions::Mentioned;
use crate::rules::{Deciding, copied};
use crate::source::{Dialect, Files, LoadError, Place, Prints, add_numbers, calls_number, located, parse, scan};
use crate::stack::on_a_large_stack;
use duologue_policy::{Cause, Document, Verdict};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::rvm::vm::VmError;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{CompiledPolicy, Engine, Rc, Value};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Packages whose rule `allow` decides: ours, and that of policies which were written for AgentWeave.
pub(crate) const PACKAGES: [&str; 2] = ["data.duologue.authz", "data.agentweave.authz"];
/// Rules of the same package that say more about a decision.
const REASONS: [&str; 2] = ["reasons", "reason"];
const NAMES: [&str; 2] = ["rule", "policy_id"];
/// Instructions between two looks at the clock: 20 µs of work.
const CLOCK_EVERY: NonZeroU32 = NonZeroU32::new(256).unwrap();

/// How much work a decision may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of the virtual machine; a small policy takes some dozens, and a million take about 100 ms. It is the same
    /// on a slow machine.
    pub instructions: usize,
    /// Time, for what single instructions do.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { instructions: 1_000_000, time: Duration::from_millis(250) }
    }
}

/// A policy that is compiled.
pub(crate) struct Program {
    machine: Machine,
    deciding: Deciding,
    reasons: Option<String>,
    name: Option<String>,
    /// What of an input it is given.
    sees: Mentioned,
    /// What it said before; none: what it sees is another in each call.
    known: Option<Known>,
    limits: Limits,
}

enum Machine {
    /// The bytecode machine, for rules that are true or not.
    Bytecode {
        program: Arc<regorus::rvm::Program>,
        data: Value,
        /// Machines that decided before, since making one costs as much as a decision: as many as ever decided at once. What
        /// they know of that input lasts until the next one.
        idle: Mutex<Vec<Prepared>>,
    },
    /// The interpreter, for what the bytecode machine cannot, or not as OPA does: an engine that is ready, copied for
    /// each decision.
    Interpreter(Box<Engine>),
}

/// What was compiled of which files.
pub(crate) struct Compiled {
    pub(crate) program: Program,
    pub(crate) dialects: Vec<(String, Dialect)>,
    /// Why the interpreter runs it, where it does.
    pub(crate) interpreted: Option<String>,
}

/// Compiles a policy.
pub(crate) fn compile(files: &Files, limits: Limits) -> Result<Compiled, LoadError> {
    let (mut engine, dialects) = engine(files, limits, Prints::LeftOut)?;
    let package = deciding_package(&engine)?;
    let deciding = copied(&mut engine, package, files, |files| Ok(self::engine(files, limits, Prints::LeftOut)?.0))?;
    let allow = deciding.rule().to_owned();
    let policy = prepared(&mut engine, &allow)?;
    let declared = |names: [&str; 2]| {
        names.into_iter().map(|name| format!("{package}.{name}")).find(|path| is_rule(&policy, path))
    };
    let (reasons, name) = (declared(REASONS), declared(NAMES));
    let sees = Mentioned::by(files.policies.iter().map(|(_, text)| text.as_str()));
    let entries: Vec<&str> = [allow.as_str()]
        .into_iter()
        .chain(deciding.copies())
        .chain(reasons.as_deref())
        .chain(name.as_deref())
        .collect();
    let (machine, interpreted) = match bytecode(&policy, &entries) {
        Ok(program) => {
            calls::check(&program).map_err(LoadError::Together)?;
            if let Some(why) = functions::beyond_bytecode(&mut engine) {
                (Machine::Interpreter(Box::new(engine)), Some(why.to_owned()))
            } else {
                (bytecode_machine(program, &engine)?, None)
            }
        }
        // What the bytecode machine is yet to learn; all else is a mistake in the policy.
        Err(why) if why.contains("not supported") => (Machine::Interpreter(Box::new(engine)), Some(why)),
        Err(why) => return Err(placed(&why)),
    };
    let known = sees.is_steady().then(Known::default);
    Ok(Compiled { program: Program { machine, deciding, reasons, name, sees, known, limits }, dialects, interpreted })
}

/// The bytecode machine, once it has taken the program and the data on trial.
fn bytecode_machine(program: Arc<regorus::rvm::Program>, engine: &Engine) -> Result<Machine, LoadError> {
    let data = engine.get_data();
    let mut trial = RegoVM::new();
    trial.load_program(Arc::clone(&program));
    trial.set_data(data.clone()).map_err(|error| LoadError::Together(error.to_string()))?;
    Ok(Machine::Bytecode { program, data, idle: Mutex::default() })
}

/// An engine that has read all files.
pub(crate) fn engine(
    files: &Files,
    limits: Limits,
    prints: Prints,
) -> Result<(Engine, Vec<(String, Dialect)>), LoadError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(false);
    engine.set_execution_timer_config(timer(limits));
    engine.set_gather_prints(true);
    let mut dialects = Vec::new();
    let mut reads_numbers = false;
    for (name, text) in &files.policies {
        let text = scan(name, text, prints)?;
        reads_numbers |= calls_number(&text);
        dialects.push((name.clone(), parse(&mut engine, name, &text)?));
    }
    add_numbers(&mut engine, reads_numbers)?;
    functions::check(&mut engine)?;
    let together = |error: &dyn std::fmt::Display| LoadError::Together(error.to_string());
    let data = serde_json::to_string(&files.data).map_err(|error| together(&error))?;
    let data = Value::from_json_str(&data).map_err(|error| together(&error))?;
    engine.add_data(data).map_err(|error| together(&error))?;
    Ok((engine, dialects))
}

fn timer(limits: Limits) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit: limits.time, check_interval: CLOCK_EVERY }
}

fn deciding_package(engine: &Engine) -> Result<&'static str, LoadError> {
    let packages = engine.get_packages().unwrap_or_default();
    let loaded: Vec<&str> =
        PACKAGES.into_iter().filter(|package| packages.iter().any(|name| name == package)).collect();
    match loaded.as_slice() {
        [one] => Ok(one),
        [] => Err(LoadError::Together(format!(
            "no file has the package duologue.authz (or agentweave.authz), whose rule allow decides; these have {}",
            packages.join(", ")
        ))),
        _ => Err(LoadError::Together(
            "there are both packages duologue.authz and agentweave.authz: which of them decides? Take one out"
                .to_owned(),
        )),
    }
}

fn prepared(engine: &mut Engine, rule: &str) -> Result<CompiledPolicy, LoadError> {
    let policy = engine.compile_with_entrypoint(&Rc::from(rule));
    policy.map_err(|error| placed(&format!("{error:#}")))
}

/// What a compiler says of the files together, with the place where it names one.
fn placed(said: &str) -> LoadError {
    match located("", said) {
        LoadError::Wrong { place: Place { line: 0, .. }, what } => LoadError::Together(what),
        other => other,
    }
}

fn is_rule(policy: &CompiledPolicy, path: &str) -> bool {
    policy.get_rules().contains_key(path)
}

fn bytecode(policy: &CompiledPolicy, entries: &[&str]) -> Result<Arc<regorus::rvm::Program>, String> {
    let program = Compiler::compile_from_policy(policy, entries).map_err(|error| error.to_string())?;
    program.validate_limits()?;
    Ok(program)
}

impl Program {
    /// What the policy says of a document.
    pub(crate) fn decide(&self, document: &Document<'_>) -> Result<Verdict, Cause> {
        let kept = self.known.as_ref().and_then(|known| Some((known, Key::of(document, &self.sees)?)));
        let Some((known, key)) = kept else { return self.evaluate(document) };
        if let Some(verdict) = known.get(&key) {
            return Ok(Verdict::clone(&verdict));
        }
        let verdict = self.evaluate(document)?;
        known.keep(key, &verdict);
        Ok(verdict)
    }

    fn evaluate(&self, document: &Document<'_>) -> Result<Verdict, Cause> {
        let input = input(document, &self.sees);
        // A fault of the evaluator denies this call, and ends nothing else.
        let decided = match self.machine {
            Machine::Bytecode { .. } => catch_unwind(AssertUnwindSafe(|| self.decided(input))).ok(),
            Machine::Interpreter(_) => on_a_large_stack(|| self.decided(input)),
        };
        decided.unwrap_or_else(|| Err(Cause::Failed("the evaluator broke off".to_owned())))
    }

    fn decided(&self, input: Value) -> Result<Verdict, Cause> {
        let mut run = self.run(input)?;
        let verdict = self.verdict(&mut run)?;
        // One that failed, or was broken off, is not used again.
        if let (Run::Bytecode(prepared), Machine::Bytecode { idle, .. }) = (run, &self.machine)
            && !prepared.has_failed
        {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(prepared);
        }
        Ok(verdict)
    }

    fn verdict(&self, run: &mut Run) -> Result<Verdict, Cause> {
        let said = run.rule(self.deciding.rule())?;
        let json = said.as_ref().map(to_json).transpose()?;
        let mut verdict = Verdict::read(json.as_ref())?;
        // What comes now explains the decision; where it fails, the decision stands.
        if verdict.reasons.is_empty() {
            let reasons = self.reasons.as_deref().and_then(|rule| run.rule(rule).ok().flatten());
            verdict.explain(reasons.and_then(|reasons| to_json(&reasons).ok()).as_ref());
        }
        let name = self.name.as_deref().and_then(|rule| run.rule(rule).ok().flatten());
        verdict.name(name.and_then(|name| to_json(&name).ok()).as_ref());
        let place = self.deciding.which(said.as_ref(), |copy| run.rule(copy).ok().flatten());
        verdict.rule = Some(match verdict.rule {
            Some(name) => format!("{name} ({place})"),
            None => format!("{} ({place})", self.deciding.rule()),
        });
        Ok(verdict)
    }

    fn machine(&self, program: &Arc<regorus::rvm::Program>, data: &Value) -> Result<Prepared, Cause> {
        let mut vm = Box::new(RegoVM::new());
        vm.load_program(Arc::clone(program));
        vm.set_data(data.clone()).map_err(|error| cause(&error))?;
        vm.set_max_instructions(self.limits.instructions);
        vm.set_execution_timer_config(Some(timer(self.limits)));
        Ok(Prepared { vm, has_failed: false })
    }

    fn run(&self, input: Value) -> Result<Run, Cause> {
        match &self.machine {
            Machine::Bytecode { program, data, idle } => {
                let known = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut prepared = match known {
                    Some(prepared) => prepared,
                    None => self.machine(program, data)?,
                };
                prepared.vm.set_input(input);
                Ok(Run::Bytecode(prepared))
            }
            Machine::Interpreter(engine) => {
                let mut engine = engine.clone();
                engine.set_input(input);
                Ok(Run::Interpreter(engine))
            }
        }
    }
}

/// An evaluation of one input.
enum Run {
    Bytecode(Prepared),
    Interpreter(Box<Engine>),
}

/// A machine that has its program.
struct Prepared {
    vm: Box<RegoVM>,
    has_failed: bool,
}

impl Run {
    /// The value of a rule; none: it is undefined.
    fn rule(&mut self, path: &str) -> Result<Option<Value>, Cause> {
        let value = match self {
            Run::Bytecode(Prepared { vm, has_failed }) => {
                let value = vm.execute_entry_point_by_name(path);
                *has_failed |= value.is_err();
                value.map_err(|error| cause(&error))?
            }
            Run::Interpreter(engine) => {
                engine.eval_rule(path.to_owned()).map_err(|error| failed(&error.to_string()))?
            }
        };
        Ok(Some(value).filter(|value| *value != Value::Undefined))
    }
}

fn cause(error: &VmError) -> Cause {
    match error {
        VmError::InstructionLimitExceeded { limit, .. } => Cause::TooLong(format!("more than {limit} instructions")),
        VmError::TimeLimitExceeded { limit, .. } => Cause::TooLong(format!("more than {} ms", limit.as_millis())),
        // Others may hold pieces of the input.
        VmError::InvalidAddition { .. }
        | VmError::InvalidSubtraction { .. }
        | VmError::InvalidMultiplication { .. }
        | VmError::InvalidDivision { .. }
        | VmError::InvalidModulo { .. }
        | VmError::ModuloOnFloat { .. } => Cause::Failed("it reckons with what is no number".to_owned()),
        VmError::ArithmeticError { message, .. } => failed(message),
        VmError::NumericOverflow { operation, .. } => Cause::Failed(format!("{operation}: a number is too large")),
        VmError::RegexSizeLimitExceeded { .. } => Cause::Failed("a regular expression is too large".to_owned()),
        VmError::AssertionFailed { .. } => Cause::Undefined,
        other => Cause::Failed(format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned()),
    }
}

/// An error of the evaluator in its own words, of which only the one that says what happened is kept: the lines around it show
/// the policy, not the input.
fn failed(said: &str) -> Cause {
    if said.contains("time limit") {
        return Cause::TooLong("more time than it may".to_owned());
    }
    let LoadError::Wrong { place, what } = located("", said) else { return Cause::Failed("an error".to_owned()) };
    // `… expects string argument. Got …` goes on with a piece of the input.
    let what = what.split(" Got ").next().unwrap_or_default();
    Cause::Failed(if place.line == 0 { what.to_owned() } else { format!("{place}: {what}") })
}

fn to_json(value: &Value) -> Result<serde_json::Value, Cause> {
    serde_json::to_value(value).map_err(|error| Cause::Failed(format!("its answer has no JSON form: {error}")))
}
