use super::negations::with_operands;
use super::{LoadError, Place, forgotten};
use regorus::{Engine, PolicyLengthConfig};
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Rego v1: `allow if { … }`.
    V1,
    /// Before OPA 1.0: `allow { … }`.
    V0,
    /// The same, using words that it forgot to import (`import future.keywords.in`), as OPA of that time demands. They were
    /// imported for it.
    V0Repaired,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::V1 => "Rego v1",
            Dialect::V0 => "Rego v0",
            Dialect::V0Repaired => "Rego v0, whose imports of future.keywords were missing",
        })
    }
}

/// Adds a file in the first dialect in which it can be read. Each file has its own.
pub(crate) fn parse(engine: &mut Engine, name: &str, text: &str) -> Result<Dialect, LoadError> {
    engine.set_policy_length_config(lengths());
    let plain = |v0, dialect| (v0, dialect, text.to_owned());
    let forgotten = forgotten(name, text);
    let imports: String = forgotten.iter().map(|keyword| format!("import future.keywords.{keyword} ")).collect();
    let repaired = Some(&imports).filter(|imports| !imports.is_empty()).and_then(|imports| with_imports(text, imports));
    let repaired = repaired.map(|text| (true, Dialect::V0Repaired, text));
    // Without its imports v0 takes a keyword for a name, and makes something else of the line, so that comes last.
    let tries = [plain(false, Dialect::V1)].into_iter().chain(repaired).chain([plain(true, Dialect::V0)]);
    let mut furthest: Option<LoadError> = None;
    for (v0, dialect, text) in tries {
        match add(engine, name, text, v0) {
            Ok(()) => return Ok(dialect),
            Err(error) => {
                // The dialect in which most of it could be read is the one that was meant.
                if furthest.as_ref().is_none_or(|before| line_of(&error) > line_of(before)) {
                    furthest = Some(error);
                }
            }
        }
    }
    Err(furthest.unwrap_or_else(|| located(name, "it cannot be read")))
}

fn add(engine: &mut Engine, name: &str, text: String, v0: bool) -> Result<(), LoadError> {
    let mut alone = Engine::new();
    alone.set_policy_length_config(lengths());
    let add = |engine: &mut Engine, text: String| {
        engine.set_rego_v0(v0);
        engine.add_policy(name.to_owned(), text).map_err(|error| located(name, &format!("{error:#}")))
    };
    add(&mut alone, text.clone())?;
    let changed = alone.get_modules().first().and_then(|module| with_operands(name, module));
    add(engine, changed.unwrap_or(text))?;
    Ok(())
}

/// Larger than what people write, small enough to refuse what is none of theirs.
fn lengths() -> PolicyLengthConfig {
    let default = PolicyLengthConfig::default();
    PolicyLengthConfig {
        max_col: NonZeroU32::new(65_536).unwrap_or(default.max_col),
        max_file_bytes: NonZeroUsize::new(4 * 1024 * 1024).unwrap_or(default.max_file_bytes),
        max_lines: NonZeroUsize::new(100_000).unwrap_or(default.max_lines),
    }
}

/// With imports behind the package, in the same line, so that no place moves.
fn with_imports(text: &str, imports: &str) -> Option<String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default().trim_end();
        if code.trim_start().starts_with("package") {
            let (before, after) = text.split_at_checked(at + code.len())?;
            return Some(format!("{before} {imports}{after}"));
        }
        at += line.len();
    }
    None
}

fn line_of(error: &LoadError) -> u32 {
    match error {
        LoadError::Wrong { place, .. } => place.line,
        _ => 0,
    }
}

/// What an error of regorus says, which looks like `\n--> FILE:LINE:COLUMN\n  |\nLINE | …\n  | ^\nerror: WHAT`.
pub(crate) fn located(name: &str, said: &str) -> LoadError {
    let line = said.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let (_, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some((file.to_owned(), line.parse().ok()?))
    });
    let what = said.lines().find_map(|line| line.trim().strip_prefix("error: ")).map(str::to_owned);
    let what = what.unwrap_or_else(|| said.split_whitespace().collect::<Vec<_>>().join(" "));
    let (file, line) = line.unwrap_or_else(|| (name.to_owned(), 0));
    LoadError::Wrong { place: Place { file, line }, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(text: &str) -> Result<Dialect, LoadError> {
        parse(&mut Engine::new(), "a.rego", text)
    }

    const V0: &str = "package duologue.authz\n\ndefault allow = false\n\nallow {\n    input.a == 1\n}\n";
    const V1: &str = "package duologue.authz\n\ndefault allow := false\n\nallow if {\n    input.a in [1, 2]\n}\n";

    #[test]
    fn each_dialect_is_told() {
        let with = |import: &str, text: &str| text.replacen("\n\n", &format!("\n\n{import}\n"), 1);
        let forgot_in = V0.replace("input.a == 1", "input.a in [1, 2]");
        let forgot_every = V0.replace("input.a == 1", "every x in input.a { x == 1 }");
        let forgot_contains = format!("{V0}\nnames contains name {{ name := input.a }}\n");
        for (text, expected) in [
            (V1, Dialect::V1),
            (&with("import rego.v1", V1), Dialect::V1),
            (V0, Dialect::V0),
            (&with("import future.keywords.in", &forgot_in), Dialect::V0),
            (&forgot_in, Dialect::V0Repaired),
            (&forgot_every, Dialect::V0Repaired),
            (&forgot_contains, Dialect::V0Repaired),
            (&format!("# package x\n{forgot_in}"), Dialect::V0Repaired),
            (&forgot_in.replacen("authz\n", "authz # ours\n", 1), Dialect::V0Repaired),
        ] {
            assert_eq!(dialect(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_error_has_its_line_in_the_dialect_that_was_meant() {
        for (text, line) in [
            (V1.replace("[1, 2]", "[1, 2"), 7),
            // Of a mistake in a body's first statement the parser says where the body begins.
            (V0.replace("== 1", "== "), 5),
            (V0.replace("input.a == 1", "input.a in [1, 2]\n    input.b == )"), 7),
        ] {
            let Err(LoadError::Wrong { place, what }) = dialect(&text) else { panic!("{text}") };
            assert_eq!((place.to_string(), what.is_empty()), (format!("a.rego:{line}"), false), "{what}\n{text}");
        }
    }
}
