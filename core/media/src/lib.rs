//! Sound between two parties: 20 ms PCM frames, resampling, Opus, the jitter buffer, mixing, Ogg files and voice
//! activity detection. No sockets, no clock: time is an argument.

mod frame;

pub use frame::{FRAME, FRAMES_PER_SECOND, Frame, FrameError};
