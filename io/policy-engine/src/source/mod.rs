//! What a policy is made of: Rego files and the data beside them, read, told apart by dialect, and looked through for what
//! would make a decision depend on more than its input.

mod bounds;
mod dialect;
mod negations;
mod numbers;
mod read;
mod scan;

pub use dialect::Dialect;
pub use read::{PolicyPaths, Stamp};

pub(crate) use dialect::{located, parse};
pub(crate) use numbers::{add_numbers, calls_number};
pub(crate) use read::{Files, read};
pub(crate) use scan::{Prints, forgotten, scan};

use std::fmt;
use std::path::PathBuf;

/// A place in a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named or found below what was named.
    pub file: String,
    /// The line, from 1; 0: the file as such.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// There is no policy in what was named.
    #[error("no file that ends in .rego is in {0}: name a policy, or a folder that has one")]
    Nothing(String),
    /// Something in a file is wrong.
    #[error("{place}: {what}")]
    Wrong {
        /// Where.
        place: Place,
        /// What, and what to do.
        what: String,
    },
    /// The files are right one by one, and not together.
    #[error("{0}")]
    Together(String),
}

impl LoadError {
    pub(crate) fn broke_off() -> LoadError {
        LoadError::Together("the compiler broke off, which is a mistake in it: say the policy another way".to_owned())
    }
}
