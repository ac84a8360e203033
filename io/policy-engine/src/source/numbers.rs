//! `to_number` as OPA has it.
//!
//! OPA reads a string as Go does, and `"083"` is 83; the evaluator reads it as JSON does, and it is undefined, so that a rule which
//! denies by a number would not. So the loader puts a function of its own in the place of `to_number`. What Go reads and this does
//! not are hexadecimal fractions (`"0x1p4"`): they are undefined.

use super::{LoadError, parse};
use regorus::Engine;

/// What stands in the place of `to_number`.
pub(super) const TO_NUMBER: &str = "data.duologue.builtins.number";

const MODULE: &str = r#"package duologue.builtins

number(x) := to_number(x) if not is_string(x)

number(x) := to_number(plain(x)) if {
    is_string(x)
    regex.match(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`, x)
}

plain(x) := with_digits(regex.replace(regex.replace(x, `^\+`, ""), `^(-?)0+([0-9])`, "${1}${2}"))

with_digits(x) := regex.replace(regex.replace(x, `^(-?)\.`, "${1}0."), `\.($|[eE])`, "${1}")
"#;

/// Adds the function where a policy, as it is read, calls it.
pub(crate) fn add_numbers(engine: &mut Engine, is_called: bool) -> Result<(), LoadError> {
    if is_called {
        parse(engine, "duologue/builtins.rego", MODULE)?;
    }
    Ok(())
}

/// Whether a policy, as it is read, calls the function.
pub(crate) fn calls_number(text: &str) -> bool {
    text.contains(TO_NUMBER)
}
