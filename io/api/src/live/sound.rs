//! How loud somebody is.

use duologue_media::PacketDecoder;
use duologue_worker::RemoteAudio;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::task::JoinSet;

/// Hearing takes little, so little of it is enough.
const RATE: u32 = 8_000;
/// Whose loudness is shown; more would fill no screen.
const TRACKS: usize = 64;
/// dB below full scale that count as silence.
const FLOOR_DB: f32 = -60.0;

/// The loudness of everybody who sends sound.
#[derive(Default)]
pub(crate) struct Meters {
    /// By track: whose, and the loudest since it was read, as the bits of a float that is never negative.
    tracks: BTreeMap<String, (String, Arc<AtomicU32>)>,
    listening: JoinSet<String>,
}

impl Meters {
    /// Listens to a track until it ends.
    pub(crate) fn listen(&mut self, mut audio: RemoteAudio) {
        while let Some(ended) = self.listening.try_join_next() {
            if let Ok(track) = ended {
                self.tracks.remove(&track);
            }
        }
        if self.tracks.len() >= TRACKS {
            return;
        }
        let peak = Arc::new(AtomicU32::new(0));
        let (track, identity) = (audio.track.sid.clone(), audio.participant.identity.clone());
        self.tracks.insert(track.clone(), (identity, Arc::clone(&peak)));
        self.listening.spawn(async move {
            let mut decoder = PacketDecoder::new(RATE);
            let mut samples = Vec::new();
            while let Some(heard) = audio.packets.recv().await {
                samples.clear();
                // What is no sound is not loud.
                if decoder.decode(&heard.packet, &mut samples).is_ok() {
                    // Numbers that are not negative are in the order of their bits (IEEE 754).
                    peak.fetch_max(loudness(&samples).to_bits(), Ordering::Relaxed);
                }
            }
            track
        });
    }

    /// The loudest of each since this was asked last, from 0 (silence) to 1, by identity.
    pub(crate) fn read(&self) -> BTreeMap<String, f32> {
        let mut levels = BTreeMap::new();
        for (identity, peak) in self.tracks.values() {
            let level = f32::from_bits(peak.swap(0, Ordering::Relaxed));
            let entry = levels.entry(identity.clone()).or_insert(0.0f32);
            *entry = entry.max((level * 100.0).round() / 100.0);
        }
        levels
    }
}

/// Root mean square on a scale of decibels: 0 is silence, 1 full scale.
fn loudness(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let power = samples.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / samples.len() as f32;
    let decibels = 10.0 * (power.max(1.0) / 32_768f32.powi(2)).log10();
    ((decibels - FLOOR_DB) / -FLOOR_DB).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::loudness;

    #[test]
    fn loudness_is_in_decibels() {
        assert_eq!((loudness(&[]), loudness(&[0; 160])), (0.0, 0.0));
        let at = |size: i16| loudness(&[size, -size]);
        assert!((at(32_767) - 1.0).abs() < 0.001);
        // A tenth of the size is 20 dB less, a third of the scale.
        assert!((at(3_277) - 2.0 / 3.0).abs() < 0.001);
        assert!(at(40) > at(35) && at(35) > 0.0);
    }
}
