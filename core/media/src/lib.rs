//! Sound between two parties: 20 ms PCM frames, resampling, Opus, the jitter buffer, mixing, Ogg files and voice
//! activity detection. No sockets, no clock: time is an argument.

mod decode;
mod ear;
mod fade;
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
