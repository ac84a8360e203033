//! YAML files that people write: read strictly, and refused with place, reason and what was probably meant.
//!
//! The way of a file, each stage in a file of its own:
//!
//! 1. `tree`: text → a tree in which every key and value knows its line and column ([`Node`]);
//! 2. `shape`: the tree fits the JSON Schema that is generated from the Rust types ([`schema_of`]), which is the schema that
//!    editors use, so that an editor and the program never disagree;
//! 3. whatever a schema can't say is the reader's own to check, who finds the places of what it complains about
//!    ([`Placed::key_place`]).
//!
//! All that is wrong is told at once, each thing where it stands ([`BadFile`]):
//!
//! ```
//! use duologue_yaml::{Problem, parse, schema_of};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Room {
//!     /// How many may be in it.
//!     #[schemars(range(min = 2))]
//!     seats: u32,
//! }
//!
//! let schema = schema_of::<Room>();
//! let said = parse("room.yaml", "seat: 1", &schema).map(|_| ()).expect_err("a slip of the pen");
//! assert_eq!(said.to_string(), "\
//! error: unknown key `seat`, did you mean `seats`?
//!  --> room.yaml:1:1
//!   |
//! 1 | seat: 1
//!   | ^^^^
//! ");
//!
//! let room = parse("room.yaml", "seats: 7", &schema)?;
//! assert_eq!(serde_json::from_value::<Room>(room.value()).expect("as the schema says").seats, 7);
//!
//! // What a schema can't say.
//! let odd = Problem::new(room.place(&["seats"]), "seats come in pairs").help("write 6 or 8");
//! assert!(room.refuse(vec![odd]).to_string().contains("--> room.yaml:1:8"));
//! # Ok::<(), duologue_yaml::BadFile>(())
//! ```

#![forbid(unsafe_code)]

mod placed;
mod problem;
mod schema;
mod shape;
mod tree;

pub use placed::{MAX_BYTES, Placed, parse, read};
pub use problem::{BadFile, Place, Problem, nearest};
pub use schema::schema_of;
pub use tree::{Key, Kind, Node, Seg};
