//! Our clients and workers at our server. What they do at LiveKit's server (`io/worker/tests/real`), they do here too: the
//! same tests, another server.

mod coming;
#[path = "../../../worker/tests/real/data.rs"]
mod data;
mod hearing;
#[path = "../../../worker/tests/real/jobs.rs"]
mod jobs;
mod lines;
#[path = "../../../worker/tests/real/relay.rs"]
mod relay;
mod server;
#[path = "../../../worker/tests/real/sound.rs"]
mod sound;
mod tokens;
#[path = "../../../worker/tests/real/tone.rs"]
mod tone;
mod tones;
#[path = "../../../worker/tests/real/trouble.rs"]
mod trouble;
mod workers;
