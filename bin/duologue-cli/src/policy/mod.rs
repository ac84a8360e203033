//! `duologue policy …`

mod args;
mod test;

pub(crate) use args::PolicyCommand;

use crate::output::{self, Exit, Failure, print, print_json};
use args::{EvalArgs, LogCommand};
use duologue_policy_engine::{Dialect, Embedded, FileLog, FileLogError, Limits, PolicyPaths, eval};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Longest document that is read as an input, bytes.
const INPUT_MOST: u64 = 16 * 1024 * 1024;

pub(crate) fn run(command: &PolicyCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Test(args) => test::run(args, json),
        PolicyCommand::Check { paths } => check(paths, json),
        PolicyCommand::Eval(args) => evaluate(args, json),
        PolicyCommand::Log(LogCommand::Verify { file }) => verify(file, json),
    }
}

fn check(paths: &[PathBuf], json: bool) -> Result<Exit, Failure> {
    let embedded = Embedded::load(PolicyPaths(paths.to_vec()), Limits::default())?;
    let status = embedded.status().borrow().clone();
    if json {
        let files = status.files.iter();
        let files: Vec<Value> =
            files.map(|(file, dialect)| json!({ "file": file, "dialect": dialect.to_string() })).collect();
        print_json(&json!({ "policy": status.policy, "files": files, "interpreted": status.interpreted }));
        return Ok(Exit::Done);
    }
    for (file, dialect) in &status.files {
        print(format!("{file}: {dialect}"));
    }
    if status.files.iter().any(|(_, dialect)| *dialect != Dialect::V1) {
        output::note("Older dialects are read. `opa fmt --v0-v1` brings files up to date");
    }
    if let Some(why) = &status.interpreted {
        output::note(format!("It is interpreted, which takes ten times as long: {why}"));
    }
    print(status.policy);
    Ok(Exit::Done)
}

fn evaluate(args: &EvalArgs, json: bool) -> Result<Exit, Failure> {
    let input = document(&args.input)?;
    if !input.is_object() {
        return Err(format!(
            "{}: an input is an object, such as {{\"caller\": …, \"request\": …}}",
            args.input.display()
        )
        .into());
    }
    let said = eval(PolicyPaths(args.policy.clone()), &input)?;
    let said = serde_json::to_value(said)?;
    if json {
        print_json(&said);
        return Ok(Exit::Done);
    }
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    let rule = text("rule").map(|rule| format!(" ({rule})")).unwrap_or_default();
    print(output::harmless(&format!("{}{rule}", text("outcome").unwrap_or_default())));
    let reasons = said.get("reasons").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for reason in reasons.chain(text("cause")) {
        print(format!("  {}", output::harmless(reason)));
    }
    Ok(Exit::Done)
}

fn document(path: &Path) -> Result<Value, Failure> {
    let shown = path.display();
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(INPUT_MOST + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(INPUT_MOST + 1).read_to_string(&mut text))
    };
    if read.map_err(|error| format!("{shown}: {error}"))? as u64 > INPUT_MOST {
        return Err(format!("{shown}: more than {INPUT_MOST} bytes: no call has so many").into());
    }
    Ok(serde_json::from_str(&text).map_err(|error| format!("{shown}: this is no JSON: {error}"))?)
}

fn verify(file: &Path, json: bool) -> Result<Exit, Failure> {
    match FileLog::verify(file) {
        Ok(head) => {
            let shown = head.to_string();
            let hash = shown.rsplit(' ').next().unwrap_or_default();
            let is_whole = ends_a_line(file)?;
            if json {
                print_json(
                    &json!({ "sound": true, "records": head.seq, "hash": hash, "ends_in_half_a_line": !is_whole }),
                );
            } else {
                print(format!("{}: {} decisions, none changed, taken out or put elsewhere", file.display(), head.seq));
                print(format!("The last one's hash, by which a shorter log would show: {hash}"));
                if !is_whole {
                    output::note(
                        "It ends in half a line, which counts for none: its agent is writing, or was ended as it wrote, and takes \
                         it off when it starts",
                    );
                }
            }
            Ok(Exit::Done)
        }
        Err(FileLogError::Broken { broken, .. }) => {
            if json {
                let (line, record, fault) = (broken.line, broken.seq, broken.fault.to_string());
                print_json(&json!({ "sound": false, "line": line, "record": record, "fault": fault }));
            }
            output::note_error(format!("{}: {broken}", file.display()));
            if let (false, Some(line)) = (json, line_of(file, broken.line)) {
                print(output::harmless(&line));
            }
            Ok(Exit::Failed)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a log ends in a line that was written to its end.
fn ends_a_line(file: &Path) -> std::io::Result<bool> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = std::fs::File::open(file)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// A line of a log, as far as a person wants to see it.
fn line_of(file: &Path, number: usize) -> Option<String> {
    use std::io::BufRead as _;
    let lines = std::io::BufReader::new(std::fs::File::open(file).ok()?).split(b'\n');
    let line = lines.map_while(Result::ok).nth(number.checked_sub(1)?)?;
    Some(String::from_utf8_lossy(&line).chars().take(2_000).collect())
}
