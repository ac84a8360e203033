//! The command line of policies.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  duologue policy test policies/
  duologue policy check policies/only_these_callers
  duologue policy eval --policy policies/per_method --input call.json
  duologue policy log verify decisions.jsonl

What a policy is asked stands in docs/how-to/policies.md.")]
pub(crate) enum PolicyCommand {
    /// Run the tests of policies: rules whose names begin with test_, as `opa test` does. Exit code 1 when one fails.
    Test(TestArgs),
    /// Compile a policy and say in which dialect of Rego each of its files is written.
    Check {
        /// The files and folders of one policy.
        #[arg(required = true, value_name = "FILE|FOLDER")]
        paths: Vec<PathBuf>,
    },
    /// Say what a policy decides about a call.
    Eval(EvalArgs),
    /// Logs of decisions.
    #[command(subcommand)]
    Log(LogCommand),
}

/// Run the tests of policies.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Files, which together are one policy, and folders, each of which is one; a folder without a policy file of its own stands
    /// for the folders in it.
    #[arg(value_name = "FILE|FOLDER", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only tests whose path has this in it.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) only: String,
    /// Take all that is named for one policy, as an agent takes its policy_file.
    #[arg(long)]
    pub(crate) together: bool,
    /// Show tests that passed too.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Say what a policy decides about a call.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A file or folder of the policy; more than once for more of it.
    #[arg(long, required = true, value_name = "FILE|FOLDER")]
    pub(crate) policy: Vec<PathBuf>,
    /// What `input` is to the policy: a file of JSON; - for standard input.
    #[arg(long, required = true, value_name = "FILE|-")]
    pub(crate) input: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Look through the chain of a decision log, and say how far it holds and which line is the first wrong one.
    Verify {
        /// The log, such as decisions.jsonl.
        file: PathBuf,
    },
}
