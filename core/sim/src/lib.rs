//! Conversations in virtual time: the same sessions, packets and endings as live, without a clock.
//!
//! A [`Duet`] joins two parties by two [`Link`]s and asks only for the time: [`Duet::next`] says when something is due,
//! [`Duet::advance`] does it. A live shell sleeps until then; [`run`] jumps there. Providers that answer at once or
//! after a drawn delay ([`ScriptedRunner`]) make an hour of talk a matter of seconds, and the same twice.
//!
//! ```
//! use duologue_sim::{Duet, DuetConfig, NoTap, ScriptedRunner, run};
//! use duologue_voice::{CloseReason, Opening, SessionConfig};
//!
//! let mut joe = SessionConfig::new("Joe", "Anna", "");
//! joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
//! let anna = SessionConfig::new("Anna", "Joe", "");
//! let runners = [
//!     ScriptedRunner::new(["What colour is the light?", "A technician will come. Goodbye."]),
//!     ScriptedRunner::new(["My internet is down.", "It is red."]),
//! ];
//! let mut duet = Duet::new(DuetConfig::scripted(), [joe, anna], runners, NoTap).unwrap();
//! let ending = run(&mut duet).unwrap();
//! assert_eq!(ending.reason, CloseReason::EmptyResponse, "the script is over");
//! assert_eq!(duet.turns(), 5);
//! ```

mod babble;
mod caller;
mod duet;
mod echo;
mod impairment;
mod latency;
mod link;
mod queue;
mod realtime;
mod scripted;
mod seat;

pub use babble::{BABBLE_RATE, babble, understand};
pub use caller::{Act, Caller, CallerConfig, Interjection, Stimulus, StimulusKind};
pub use duet::{Duet, DuetConfig, DuetError, Ending, NoTap, Tap, run};
pub use echo::EchoConfig;
pub use impairment::{Impairments, Noise, NoiseKind};
pub use latency::Latency;
pub use link::{Link, LinkConfig, LinkStats};
pub use queue::Queue;
pub use realtime::ScriptedRealtime;
pub use scripted::ScriptedRunner;
pub use seat::Seat;
