//! The JSON Schemas of both files, made from the Rust types.
//!
//! They are committed beside the files for editors (`# yaml-language-server: $schema=...`), and they are what the
//! loader itself checks with, so that an editor and the program never disagree about the shape of a file.

use super::{Persona, Scenario};
use duologue_yaml::schema_of;
use serde_json::Value;

/// The JSON Schema of a persona file.
pub fn persona_schema() -> Value {
    schema_of::<Persona>()
}

/// The JSON Schema of a scenario file.
pub fn scenario_schema() -> Value {
    schema_of::<Scenario>()
}
