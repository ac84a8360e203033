//! Sound between two parties. No sockets, no clock, no disk: time is an argument, bytes go in and out.
//!
//! # From a mouth to an ear
//!
//! Sound comes in [`Frame`]s of 20 ms. A party that speaks puts one frame every 20 ms into its [`Mouth`], or `None` while
//! it is silent, and gets [`Packet`]s with the fields of RTP, coded as Opus or as plain samples (see [`Codec`]). Whatever
//! lies between (a room, a network, a simulation) loses, delays and reorders them. The other party pushes what arrives
//! into its [`Ear`] and pulls a frame every 20 ms: sound in order, made-up sound where packets are missing, silence in
//! pauses.
//!
//! What was heard goes into a [`SpeechGate`], which asks a [`Vad`] for probabilities of speech and says when somebody
//! starts and stops.
//!
//! ```
//! use duologue_ids::Mono;
//! use duologue_media::{
//!     Codec, Ear, EarConfig, EnergyVad, Frame, GateConfig, HeardKind, Mouth, SpeechGate,
//! };
//!
//! let mut mouth = Mouth::new(Codec::Opus, 24_000, 7);
//! let mut ear = Ear::new(16_000, EarConfig::default());
//! let mut gate = SpeechGate::new(Box::new(EnergyVad::new(300.0)), GateConfig::default());
//!
//! let buzz = Frame::new(24_000, (0..480).map(|i| if i % 200 < 100 { 4000 } else { -4000 }).collect())?;
//! let (mut made_up, mut started, mut stopped) = (0, None, None);
//! for slot in 0..100u64 {
//!     let now = Mono::from_millis(slot * 20);
//!     let speaks = (10..50).contains(&slot);
//!     if let Some(packet) = mouth.send(speaks.then_some(&buzz))? {
//!         if slot != 30 { // this one is lost
//!             ear.push(now, packet);
//!         }
//!     }
//!     let heard = ear.pull(now);
//!     made_up += u32::from(heard.kind == HeardKind::Concealed);
//!     let update = gate.push(&heard.frame);
//!     started = started.or(update.started.then_some(slot));
//!     stopped = stopped.or(update.stopped.then_some(slot));
//! }
//! assert_eq!(made_up, 1);
//! assert_eq!(ear.stats().lost, 1);
//! // 200 ms of silence, two frames of delay and four windows of 16 ms make a start; ten frames of silence an end.
//! assert!(started.is_some_and(|slot| (14..18).contains(&slot)));
//! assert!(stopped.is_some_and(|slot| (60..66).contains(&slot)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is kept
//!
//! [`MonoEncoder`] and [`StereoEncoder`] code a recording, and [`OggOpus`] wraps it into a file, page by page, such that
//! a file whose writer was killed opens and lacks at most a second. [`decode_ogg_opus`] and [`OggOpusReader`] read it
//! back. [`PacketDecoder`] decodes packets where none is ever missing. [`Mixer`] adds voices up, and [`Resampler`]
//! changes rates.
//!
//! # Cost
//!
//! Per second of sound, on one core of a server of 2023: resampling from 48 to 16 kHz 0.3 ms, Opus 7 ms to encode and
//! 1 ms to decode, plain samples 0.01 ms both ways, voice activity 0.4 ms in speech and 0.02 ms in silence, a recording
//! 1.5 ms in mono and 2.5 ms in stereo. `benches/media.rs` measures it. A session with Opus both ways holds some 230 kB
//! here, most of it the decoder's working buffers; coders are made at the first sound.
//!
//! # What is not here
//!
//! Echo cancellation and noise suppression (agents have no loudspeaker beside their microphone), redundancy (RFC 2198)
//! and forward error correction, and time stretching: delay grows and shrinks where nobody speaks.

#![forbid(unsafe_code)]

mod decode;
mod ear;
mod fade;
mod foreground;
mod frame;
mod gate;
mod mixer;
mod mouth;
mod ogg;
mod opus;
mod packet;
mod resampler;
#[cfg(test)]
mod signal;
mod track;
mod vad;

pub use decode::PacketDecoder;
pub use ear::{Ear, EarConfig, EarStats, Heard, HeardKind};
pub use foreground::Foreground;
pub use frame::{FRAME, FRAMES_PER_SECOND, Frame, FrameError};
pub use gate::{GateConfig, GateUpdate, SpeechGate};
pub use mixer::{MixError, Mixer};
pub use mouth::{Mouth, MouthError};
pub use ogg::{Decoded, OggOpus, OggOpusReader, OggReadError, PRE_SKIP, decode_ogg_opus};
pub use opus::OpusError;
pub use packet::{Codec, Packet, PacketError};
pub use resampler::Resampler;
pub use track::{MonoEncoder, StereoEncoder, StereoError, StereoFrame};
pub use vad::{EarshotVad, EnergyVad, Vad};
