//! Agents and conversations in rooms of a real livekit-server (`scripts/setup.sh --livekit-server`), each test on one of its
//! own. Where it is missing, the tests say so and pass, unless `DUOLOGUE_TEST_LIVEKIT` is set.

mod alone;
mod conversation;
mod neighbours;
#[allow(dead_code, reason = "the tests of rooms use more of it")]
#[path = "../../../worker/tests/real/server.rs"]
mod server;
mod stage;
