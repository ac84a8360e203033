//! What an agent hears of others: their tracks, drained when it listens, every 20 ms.

use duologue_media::{FRAME, Packet};
use duologue_worker::RemoteAudio;
use std::time::Instant;
use tokio::sync::mpsc::error::TryRecvError;

/// Opus packets of fewer bytes hold no speech: they say that nothing is to be heard (DTX) or code silence.
const SPEECH: usize = 12;

/// The tracks that are heard.
#[derive(Default)]
pub(crate) struct Hearing {
    tracks: Vec<Heard>,
    next: u32,
}

struct Heard {
    source: u32,
    audio: RemoteAudio,
    /// When speech came last.
    spoke: Option<Instant>,
}

/// Whose words are heard: identity and track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speaker {
    pub(crate) identity: String,
    pub(crate) track: String,
}

impl Hearing {
    pub(crate) fn add(&mut self, audio: RemoteAudio) {
        self.tracks.push(Heard { source: self.next, audio, spoke: None });
        self.next = self.next.wrapping_add(1);
    }

    /// Hands what arrived by `at` to `receive`, and those that ended to `forget`. Where the listener is behind and catches
    /// up, 20 ms at a time, what came meanwhile is handed to it bit by bit, as it would have been in time.
    pub(crate) fn drain(
        &mut self,
        at: Instant,
        mut receive: impl FnMut(Instant, u32, Packet),
        mut forget: impl FnMut(u32),
    ) {
        let behind = at.elapsed().as_millis() / FRAME.as_millis();
        let steps = 1 + usize::try_from(behind).unwrap_or(0);
        self.tracks.retain_mut(|track| {
            let mut share = track.audio.packets.len().div_ceil(steps);
            loop {
                if share == 0 && steps > 1 {
                    return true;
                }
                share = share.saturating_sub(1);
                match track.audio.packets.try_recv() {
                    Ok(heard) => {
                        if heard.packet.payload.len() >= SPEECH {
                            track.spoke = Some(heard.at);
                        }
                        receive(heard.at.min(at), track.source, heard.packet);
                    }
                    Err(TryRecvError::Empty) => return true,
                    Err(TryRecvError::Disconnected) => {
                        forget(track.source);
                        return false;
                    }
                }
            }
        });
    }

    /// Who spoke last.
    pub(crate) fn speaker(&self) -> Option<Speaker> {
        let latest = self.tracks.iter().max_by_key(|track| track.spoke)?;
        let (participant, track) = (&latest.audio.participant, &latest.audio.track);
        Some(Speaker { identity: participant.identity.clone(), track: track.sid.clone() })
    }
}
