//! Agents and conversations in rooms of our server: the same tests as with LiveKit's (`tests/real`).

#[path = "../real/alone.rs"]
mod alone;
#[path = "../real/conversation.rs"]
mod conversation;
#[path = "../real/neighbours.rs"]
mod neighbours;
#[allow(dead_code, reason = "the tests of rooms use more of it")]
#[path = "../../../sfu/tests/rooms/server.rs"]
mod server;
#[path = "../real/stage.rs"]
mod stage;
