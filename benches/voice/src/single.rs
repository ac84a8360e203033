//! N sessions; each hears a caller's sentence, then a pause, and answers.

use crate::figures::{cpu, resident_mib, round, spread};
use crate::stand_ins::{Bench, frames, samples};
use duologue_ids::Mono;
use duologue_media::{FRAME, Frame};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Frames of silence between two sentences.
const PAUSE: usize = 320;
/// A turn can't be shorter: recognition waits 350 ms for quiet, and frames come every 20 ms.
const FLOOR_MS: f64 = 360.0;

struct Caller {
    bench: Bench,
    spoke_until: Option<Instant>,
    was_playing: bool,
}

pub(crate) fn run(n: usize, seconds: usize) -> Result<Value, Box<dyn std::error::Error>> {
    let sentence = frames("speech48.wav")?;
    let voice: Arc<[i16]> = samples("reply48.wav")?.into();
    let caller = |voice: &Arc<[i16]>| -> Result<Caller, Box<dyn std::error::Error>> {
        Ok(Caller { bench: Bench::new(voice.clone(), false)?, spoke_until: None, was_playing: false })
    };
    let warm = caller(&voice)?;
    let memory_one = resident_mib();
    let mut starts = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..n {
        let began = Instant::now();
        callers.push(caller(&voice)?);
        starts.push(ms(began.elapsed()));
    }
    let memory_started = resident_mib();

    let timer = timer_alone();
    let silence = Frame::silence(48_000);
    let cycle = sentence.len() + PAUSE;
    let (mut lag, mut turns) = (Vec::new(), Vec::new());
    let ticks = seconds * 50;
    let (cpu_before, began) = (cpu(), Instant::now());
    for tick in 0..ticks {
        let due = FRAME * tick as u32;
        wait_until(began, due);
        lag.push(ms(began.elapsed().saturating_sub(due)));
        let now = Mono::from_millis(20 * tick as u64);
        for (i, caller) in callers.iter_mut().enumerate() {
            let place = (tick + i * cycle / n) % cycle;
            caller.hear(now, sentence.get(place).unwrap_or(&silence), place == sentence.len(), &mut turns);
        }
    }
    let (used, wall, audio) = ((cpu() - cpu_before).as_secs_f64(), began.elapsed(), seconds as f64);
    let memory_after = resident_mib();
    drop(warm);
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"), "mode": "single", "turn": "vad", "N": n, "sessions": n, "secs": audio,
        "wall": round(wall.as_secs_f64()),
        "cpu_ms_per_session_s": round(used / audio / n as f64 * 1e3),
        "timer_cpu_ms_per_s": round(timer), "cpu_util": round(used / wall.as_secs_f64()),
        "sessions_per_core_by_cpu": round(n as f64 * audio / used),
        "tick_lag_ms": spread(&lag), "turns": turns.len(), "turn_ms": spread(&turns), "turn_floor_ms": FLOOR_MS,
        "llm_calls": callers.iter().map(|c| c.bench.replies).sum::<usize>(),
        "start_ms": spread(&starts),
        "rss_one": round(memory_one),
        "mib_per_session_started": round((memory_started - memory_one) / n as f64),
        "mib_per_session_after_run": round((memory_after - memory_one) / n as f64),
        "rss_end": round(memory_after), "threads": 1,
    }))
}

impl Caller {
    fn hear(&mut self, now: Mono, frame: &Frame, sentence_over: bool, turns: &mut Vec<f64>) {
        let given = Instant::now();
        if sentence_over {
            self.spoke_until = Some(given);
        }
        let playing = self.bench.tick(now, frame);
        let answered = if playing && !self.was_playing { self.spoke_until.take() } else { None };
        turns.extend(answered.map(|until| ms(until.elapsed())));
        self.was_playing = playing;
    }
}

fn wait_until(began: Instant, due: Duration) {
    if let Some(wait) = due.checked_sub(began.elapsed()) {
        std::thread::sleep(wait);
    }
}

/// What it costs this machine to wake a process every 20 ms for nothing, in ms of CPU per second. It is part of what a
/// session alone costs, and hardly any of it where many share the tick.
fn timer_alone() -> f64 {
    const TICKS: u32 = 250;
    let (cpu_before, began) = (cpu(), Instant::now());
    (1..=TICKS).for_each(|tick| wait_until(began, FRAME * tick));
    ms(cpu() - cpu_before) / (FRAME * TICKS).as_secs_f64()
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}
