//! The caller begins 1 s into the agent's answer: how long until the agent is silent?

use crate::figures::spread;
use crate::stand_ins::{Bench, frames, samples};
use duologue_ids::Mono;
use duologue_media::{FRAME, Frame};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Frames of the answer before the caller begins.
const INTO: usize = 50;

pub(crate) fn run(repetitions: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let sentence = frames("speech48.wav")?;
    let voice: Arc<[i16]> = samples("reply48.wav")?.into();
    let mut bench = Bench::new(voice, true)?;
    let silence = Frame::silence(48_000);
    let (mut yields, mut replies) = (Vec::new(), Vec::new());
    let (mut heard, mut at, mut since, mut silent) = (0, None, None, false);
    let began = Instant::now();
    for tick in 0..repetitions * 1_000 {
        if let Some(wait) = (FRAME * tick as u32).checked_sub(began.elapsed()) {
            std::thread::sleep(wait);
        }
        let frame = at.and_then(|n: usize| sentence.get(n)).unwrap_or(&silence);
        if at == Some(0) {
            since = Some(Instant::now());
            silent = false;
        }
        let playing = bench.tick(Mono::from_millis(20 * tick as u64), frame);
        let elapsed = since.map_or(0.0, |s: Instant| s.elapsed().as_secs_f64() * 1e3);
        match at {
            None => {
                heard = if playing { heard + 1 } else { heard };
                if heard >= INTO {
                    at = Some(0);
                    heard = 0;
                }
                continue;
            }
            Some(n) if n >= sentence.len() => {
                if n == sentence.len() {
                    since = Some(Instant::now());
                }
                if playing {
                    replies.push(since.map_or(0.0, |s| s.elapsed().as_secs_f64() * 1e3));
                    (at, heard) = (None, 1);
                    if replies.len() == repetitions {
                        break;
                    }
                    continue;
                }
            }
            Some(_) if !playing && !silent => {
                silent = true;
                yields.push(elapsed);
            }
            Some(_) => {}
        }
        at = at.map(|n| n + 1);
    }
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"), "reps": yields.len(), "time_to_yield_ms": spread(&yields),
        "reply_after_barge_ms": spread(&replies),
    }))
}
