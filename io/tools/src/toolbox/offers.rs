//! What there is in a box, and who has which name.

use crate::tool::Tool;
use duologue_chat::ToolSpec;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A tool of a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// By which models call it; as its server calls it where it is kept from them for its name.
    pub name: String,
    /// Whose it is; functions are of no server.
    pub server: Option<String>,
    /// Its server's name for it.
    pub original: String,
    /// What it does, made plain.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
    /// How long a call may take.
    pub timeout: Duration,
    /// Whether a call ends with an interruption.
    pub called_off: bool,
    /// SHA-256 of what models read of it; empty for functions.
    pub pin: String,
    /// Whether models may call it.
    pub standing: Standing,
}

/// Whether models may call a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They may.
    Offered,
    /// The configuration lists others.
    NotListed,
    /// It changed since it was seen first, or allowed.
    Quarantined,
    /// It can't be offered, for this reason.
    Refused(String),
}

impl Standing {
    /// In a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Standing::Offered => "offered",
            Standing::NotListed => "not-listed",
            Standing::Quarantined => "quarantined",
            Standing::Refused(_) => "refused",
        }
    }
}

impl Offer {
    pub(super) fn own(tool: &Tool) -> Offer {
        Offer {
            name: tool.name().to_owned(),
            server: None,
            original: tool.name().to_owned(),
            description: tool.description().to_owned(),
            parameters: tool.schema().clone(),
            timeout: tool.bounds().timeout,
            called_off: tool.bounds().called_off,
            pin: String::new(),
            standing: Standing::Offered,
        }
    }

    pub(super) fn into_spec(self) -> ToolSpec {
        let Offer { name, description, parameters, timeout, .. } = self;
        ToolSpec { name, description, parameters, timeout }
    }
}

/// Who has a name: the first who asked, for as long as the box is there. So nobody takes a name over from somebody else, not even while
/// that one is away.
#[derive(Default)]
pub(crate) struct Names(Mutex<BTreeMap<String, Option<usize>>>);

impl Names {
    /// Whether the name is this one's: a server's, by its place, or a function's.
    pub(crate) fn claim(&self, name: &str, server: Option<usize>) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (names.get(name).copied(), server) {
            (None, _) => names.insert(name.to_owned(), server).is_none(),
            (Some(Some(of)), Some(server)) => of == server,
            _ => false,
        }
    }

    pub(super) fn whose(&self, name: &str) -> Option<Option<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }
}
