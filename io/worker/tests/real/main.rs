//! Against a real livekit-server (`scripts/setup.sh --livekit-server`), each test on one of its own. Where it is missing,
//! the tests say so and pass, unless `DUOLOGUE_TEST_LIVEKIT` is set.

mod data;
mod jobs;
mod relay;
mod server;
mod sound;
mod tone;
mod trouble;
