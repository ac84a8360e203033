//! One rule, one file; the file's first lines say what it holds and why.

mod bans_in_core;
mod core_dependencies;
mod core_siblings;
mod directions;
mod drawer_names;
pub(crate) mod file_sizes;
mod io_siblings;
mod lib_essay;
mod native_engines;
mod sleeping_tests;

use super::{Finding, Workspace};

/// What a rule is.
pub(crate) type Rule = fn(&Workspace) -> Vec<Finding>;

/// Every rule, in the order in which findings are printed.
pub(crate) const ALL: &[Rule] = &[
    directions::check,
    core_siblings::check,
    io_siblings::check,
    core_dependencies::check,
    native_engines::check,
    bans_in_core::check,
    drawer_names::check,
    file_sizes::check,
    lib_essay::check,
    sleeping_tests::check,
];
