//! Identities and roots change under load, and nobody notices.

use crate::bed::{Echo, ask, call, config, dialler, echo, id};
use duologue_identity::{
    Answer, Authority, AuthorityConfig, Authorizer, Dialler, IdentitySource, LedgerRules, Order, Timings,
    WorkloadClient,
};
use duologue_ids::Redacted;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many requests are made, each on a connection of its own, as fast as they come; none: a gentle pace, that a machine keeps up
/// with on which others work too.
const REQUESTS: &str = "DUOLOGUE_TEST_ROTATION";
const SECOND: Duration = Duration::from_secs(1);

/// How hard it is made. Identities live for 4 s, so that they are made anew every 2 s, at half their time; roots at half of theirs.
#[derive(Clone, Copy)]
struct Load {
    /// Requests, each on a connection of its own.
    wanted: u64,
    /// The pause of each of the two that make them.
    pause: Duration,
    /// Connections that stay.
    kept: usize,
    root: Duration,
    /// It lasts this long at least, so that the second root signs; the second and the third.
    time: Duration,
}

const GENTLE: Load = Load {
    wanted: 100,
    pause: Duration::from_millis(20),
    kept: 40,
    root: SECOND.saturating_mul(16),
    time: SECOND.saturating_mul(16),
};
const WHOLE: Load = Load {
    wanted: 100_000,
    pause: Duration::ZERO,
    kept: 200,
    root: SECOND.saturating_mul(20),
    time: SECOND.saturating_mul(30),
};

fn load() -> Load {
    let wanted = std::env::var(REQUESTS).ok().map(|number| number.parse().expect("a number of requests"));
    wanted.map_or(GENTLE, |wanted| Load { wanted, ..WHOLE })
}

const SERVER: &str = "spiffe://a.test/server";
const CLIENT: &str = "spiffe://a.test/client";

async fn identity(authority: &Authority, who: &str) -> IdentitySource {
    let order = Order::NewToken { spiffe_id: id(who), life: Duration::from_secs(60) };
    let Ok(Answer::Token(token)) = authority.perform(order).await else { panic!("no token") };
    let client = WorkloadClient::new(authority.socket().clone(), Some(Redacted::new(token.0.expose().clone())));
    let source = IdentitySource::workload_api(client, Some(id(who)));
    source.ready(crate::bed::PATIENCE).await.expect("an identity");
    source
}

type Kept = duologue_identity::Connection<tokio::net::TcpStream>;

#[derive(Default)]
struct Tally {
    fresh: AtomicU64,
    kept: AtomicU64,
    again: AtomicU64,
    failed: AtomicU64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_identities_and_roots_change() {
    let load = load();
    let folder = tempfile::tempdir().expect("a folder");
    let timings = Timings { root: load.root, svid: 4 * SECOND, jwt: 4 * SECOND, ..Timings::default() };
    let authority = AuthorityConfig { own_program: false, timings, ..config(folder.path(), "a.test") };
    let authority = Authority::start(authority).await.expect("an authority");
    let (server, client) = (identity(&authority, SERVER).await, identity(&authority, CLIENT).await);
    let rules = LedgerRules { max_age: Duration::from_secs(3600), grace: Duration::from_millis(900) };
    let echo = echo(&server, Authorizer::exactly([id(CLIENT)]), rules).await;
    let tally = Arc::new(Tally::default());
    let start = Instant::now();
    let is_over = {
        let tally = Arc::clone(&tally);
        move || start.elapsed() > load.time && tally.fresh.load(Ordering::SeqCst) >= load.wanted
    };
    let dialler = dialler(&client, rules);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        tasks.spawn(fresh(dialler.clone(), echo.address.clone(), Arc::clone(&tally), (load.pause, is_over.clone())));
    }
    for number in 0..load.kept {
        let every = Duration::from_millis(300 + number as u64);
        tasks.spawn(kept(dialler.clone(), echo.address.clone(), Arc::clone(&tally), (every, is_over.clone())));
    }
    tasks.join_all().await;
    report(&tally, &echo, &client, start.elapsed());
    let Ok(Answer::Status(status)) = authority.perform(Order::Show).await else { panic!("no status") };
    assert!(status.roots.iter().any(|root| root.number > 1), "roots were turned");
    assert_eq!(tally.failed.load(Ordering::SeqCst), 0);
    assert!(tally.kept.load(Ordering::SeqCst) > load.kept as u64 * 10, "they went on");
    assert!(*client.renewals().borrow() > 4, "identities were renewed");
}

fn report(tally: &Tally, echo: &Echo, client: &IdentitySource, time: Duration) {
    let [fresh, kept, again, failed] =
        [&tally.fresh, &tally.kept, &tally.again, &tally.failed].map(|count| count.load(Ordering::SeqCst));
    let refused = echo.refused.load(Ordering::SeqCst);
    let renewals = *client.renewals().borrow();
    println!(
        "{fresh} requests on connections of their own, {kept} on kept ones ({again} made anew), {renewals} renewals, \
         {refused} handshakes refused, {failed} requests failed, {time:?}"
    );
}

async fn fresh(dialler: Dialler, address: String, tally: Arc<Tally>, (pause, is_over): (Duration, impl Fn() -> bool)) {
    let to = Authorizer::exactly([id(SERVER)]);
    let mut pace = (!pause.is_zero()).then(|| tokio::time::interval(pause));
    while !is_over() {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        count(&tally, &tally.fresh, call(&dialler, &address, &to).await);
    }
}

fn count<T>(tally: &Tally, good: &AtomicU64, outcome: Result<T, String>) {
    match outcome {
        Ok(_) => drop(good.fetch_add(1, Ordering::SeqCst)),
        Err(error) => {
            eprintln!("failed: {error}");
            tally.failed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Requests on one connection, which is made anew when either side winds it up.
async fn kept(dialler: Dialler, address: String, tally: Arc<Tally>, (every, is_over): (Duration, impl Fn() -> bool)) {
    let to = Authorizer::exactly([id(SERVER)]);
    let mut pace = tokio::time::interval(every);
    let mut connection = None;
    while !is_over() {
        pace.tick().await;
        // One that is to be wound up takes nothing new.
        let usable = |open: &Kept| !open.wind_up().is_cancelled();
        let open = match connection.take().filter(usable) {
            Some(open) => open,
            None => match dialler.request(&address, &to, first).await {
                Ok(made) => {
                    tally.again.fetch_add(1, Ordering::SeqCst);
                    made
                }
                Err(error) => {
                    count::<()>(&tally, &tally.kept, Err(error.to_string()));
                    continue;
                }
            },
        };
        let mut open: Kept = open;
        let more = ask(&mut open).await;
        let is_wound_up = open.wind_up().is_cancelled();
        if matches!(more, Ok(true)) && !is_wound_up {
            connection = Some(open);
        }
        count(&tally, &tally.kept, more.map_err(|error| error.to_string()));
    }
}

/// The first request shows whether the other side took the connection.
async fn first(mut connection: Kept) -> std::io::Result<Kept> {
    ask(&mut connection).await?;
    Ok(connection)
}
