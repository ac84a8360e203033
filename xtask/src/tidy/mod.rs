//! The rules, what they find, and the model of the workspace that they look at.
//!
//! [`read`] turns the workspace into plain data; a rule is a function from that data to [`Finding`]s, so its test needs
//! neither cargo nor a disk.

mod finding;
mod model;
pub(crate) mod read;
mod rules;
mod source;

pub(crate) use finding::{Finding, Report};
pub(crate) use model::{Dependency, Kind, Layer, Package, Workspace};
pub(crate) use source::SourceFile;

/// Runs every rule over the workspace.
pub(crate) fn check(workspace: &Workspace) -> Report {
    let findings = rules::ALL.iter().flat_map(|rule| rule(workspace)).collect();
    Report { findings, sizes: rules::file_sizes::summary(workspace), rules: rules::ALL.len() }
}
