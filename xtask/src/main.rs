//! `cargo xtask`: the checks that fail the build.
//!
//! `tidy` holds the workspace to the architecture that its folders promise: who may depend on whom, what core may
//! touch, how files are named and how long they may grow. Each rule is one file under `tidy/rules`.

mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask tidy

  tidy   checks dependencies, bans, names and sizes of the whole workspace; prints every finding with its reason";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy_workspace(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn tidy_workspace() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let workspace = match tidy::read::workspace(root) {
        Ok(workspace) => workspace,
        Err(error) => {
            eprintln!("tidy: {error}");
            return ExitCode::from(2);
        }
    };
    let report = tidy::check(&workspace);
    print!("{report}");
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
