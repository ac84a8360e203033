//! How many commits a second a store makes durable, how long each takes, and what it costs: what a task of an agent does
//! (created, three steps, each with its state, an event and a place in lists; one effect), by so many at once.
//!
//! `duologue-store-load [URL [SECONDS [AT ONCE …]]]`; without a URL a file in the current folder, which must not exist.

use duologue_store::{Commit, Key, Outgoing, State, Store, StoreConfig, UnixMs};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Steps of one task, its creation among them.
const STEPS: u64 = 4;
/// Bytes of a task's state, and of an event.
const SIZES: (usize, usize) = (600, 300);
const FILE: &str = "store-load.db";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| format!("sqlite:{FILE}"));
    if url == format!("sqlite:{FILE}") && std::path::Path::new(FILE).exists() {
        return Err(format!("{FILE} exists: remove it, or name another").into());
    }
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let at_once: Vec<u64> = arguments.map(|text| text.parse()).collect::<Result<_, _>>()?;
    let at_once = if at_once.is_empty() { vec![1, 8, 64, 256] } else { at_once };
    let store = Store::open(StoreConfig::new(&url)).await?;
    println!(
        "{:>8} {:>12} {:>9} {:>9} {:>14} {:>8}",
        "at once", "commits/s", "p50 ms", "p99 ms", "CPU µs/commit", "RSS MiB"
    );
    let tasks = Arc::new(AtomicU64::new(count(&store).await?));
    for workers in at_once {
        measure(&store, &tasks, workers, Duration::from_secs(seconds)).await?;
    }
    store.close().await;
    Ok(())
}

/// Tasks of an earlier run.
async fn count(store: &Store) -> Result<u64, Box<dyn Error>> {
    let listing = duologue_store::Listing::new("task", "spiffe://example.org/load", 1);
    Ok(store.count(listing).await?)
}

async fn measure(store: &Store, tasks: &Arc<AtomicU64>, workers: u64, span: Duration) -> Result<(), Box<dyn Error>> {
    let (begun, cpu) = (Instant::now(), cpu());
    let work = (0..workers).map(|_| tokio::spawn(work(store.clone(), Arc::clone(tasks), begun + span)));
    let mut times = Vec::new();
    for worker in work.collect::<Vec<_>>() {
        times.extend(worker.await??);
    }
    let (wall, spent) = (begun.elapsed(), crate::cpu().saturating_sub(cpu));
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let commits = times.len() as f64;
    println!(
        "{workers:>8} {:>12.0} {:>9.2} {:>9.2} {:>14.1} {:>8.1}",
        commits / wall.as_secs_f64(),
        at(50),
        at(99),
        spent.as_secs_f64() * 1e6 / commits,
        resident_mib()
    );
    Ok(())
}

type Times = Result<Vec<Duration>, duologue_store::CommitError>;

async fn work(store: Store, tasks: Arc<AtomicU64>, until: Instant) -> Times {
    let mut times = Vec::new();
    while Instant::now() < until {
        let id = format!("{:032x}", tasks.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for version in 0..STEPS {
            let commit = step(&id, version);
            let begun = Instant::now();
            store.commit(commit).await?;
            times.push(begun.elapsed());
        }
    }
    Ok(times)
}

fn step(id: &str, version: u64) -> Commit {
    let push = || Outgoing {
        key: format!("{id}:push"),
        kind: "push".into(),
        payload: vec![b'p'; SIZES.1],
        not_before: UnixMs(i64::MAX),
    };
    Commit {
        owner: "spiffe://example.org/load".into(),
        label: id.get(..8).unwrap_or_default().to_owned(),
        rank: i64::try_from(version).unwrap_or_default(),
        events: vec![vec![b'e'; SIZES.1]],
        outbox: (version + 1 == STEPS).then(push).into_iter().collect(),
        wake_at: (version + 1 < STEPS).then_some(UnixMs(1)),
        ..Commit::new(Key::new("task", id), version, State { schema: 1, bytes: vec![b's'; SIZES.0] })
    }
}

/// CPU time of this process so far, in all threads.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Resident memory; 0 where the system does not say.
fn resident_mib() -> f64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Rss:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
