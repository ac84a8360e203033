//! What a conversation is about: personas and scenarios, the files that a person writes.
//!
//! A **persona** is somebody who can take a side: a name, a manner, a voice. A **scenario** casts two personas, the
//! support agent and the customer, and says who opens, what both know, which tools the support agent has, how the call
//! should go (its *course*, one hint a turn) and what makes it a success.
//!
//! The way of a file, each stage in a file of its own:
//!
//! 1. [`duologue_yaml`]: text → a tree that fits the JSON Schema of the Rust types (the schema that editors use);
//! 2. `placeholders`: `{customer}`, `{support}` and `{any_fact}` become names and facts;
//! 3. `check`: what a schema cannot say, such as a tool of the course that nobody declared;
//! 4. [`CastScenario`]: the scenario with its two personas, ready to be played, and [`judge`], which tells afterwards
//!    whether it went well.
//!
//! Whatever is wrong is told with its place, all of it at once ([`duologue_yaml::BadFile`]). [`load`] finds the files;
//! [`parse_scenario`] and [`parse_persona`] are the same without a disk.
//!
//! ```
//! use duologue_conversation::scenario::{self, Side};
//!
//! let outage = scenario::load("internet-outage", &Default::default())?;
//! assert_eq!(outage.persona(Side::Customer).name, "Anna");
//! assert!(outage.instructions(Side::Support).starts_with("You write the lines of Joe"));
//! # Ok::<(), scenario::LoadError>(())
//! ```

mod cast;
mod check;
mod criterion;
mod instructions;
mod judge;
mod library;
mod load;
mod measured;
mod mock;
mod persona;
mod phrase;
mod placeholders;
mod play;
mod read;
mod schema;
mod state;

pub use cast::CastScenario;
pub use criterion::{AtLeast, AtMost, By, Criterion, EndState, EndedBy, Latency, NotCalled, NotSaid, Said, ToolCalled};
pub use judge::{CalledTool, ConversationFacts, Line, Verdict, goal_reached, judge};
pub use library::{persona_names, scenario_names, scenario_text};
pub use load::{Casting, LoadError, load, load_persona};
pub use mock::MockAnswer;
pub use persona::{Patience, Persona};
pub use play::{
    Agent, AppendEffect, CourseStep, Effect, Limits, Mock, MockCase, Opens, PlannedCall, Provider, Providers,
    RemoveEffect, Scenario, SetEffect, Side, Tool, own_voices,
};
pub use read::{PersonaSource, UnknownPersona, parse_persona, parse_scenario};
pub use schema::{persona_schema, scenario_schema};

#[cfg(test)]
mod tests;
