//! Identities and roots change while agents call each other, and no call fails.

use crate::bed::{ALL, CALLER, WORKER, World, say, serve};
use duologue_gateway::outbound::{Client, Options};
use duologue_identity::{Answer, LedgerRules, Order, Timings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many calls are made, as fast as they come; none: a gentle pace, that a machine keeps up with on which others work too.
const CALLS: &str = "DUOLOGUE_TEST_ROTATION";
const SECOND: Duration = Duration::from_secs(1);
/// Long enough for a second root to sign.
const TIME: Duration = Duration::from_secs(16);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_identities_and_roots_change() {
    let wanted: Option<u64> = std::env::var(CALLS).ok().map(|calls| calls.parse().expect("a number of calls"));
    let timings = Timings { root: 16 * SECOND, svid: 4 * SECOND, jwt: 4 * SECOND, ..Timings::default() };
    let world = World::new(|config| config.timings = timings).await;
    let rules = LedgerRules { max_age: 2 * SECOND, grace: SECOND };
    let worker = serve(&world.source(WORKER).await, crate::bed::only(CALLER), rules).await;
    let tally = [AtomicU64::new(0), AtomicU64::new(0)];
    let tally = Arc::new(tally);
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for binding in ALL {
        for is_fresh in [true, false] {
            let options: Options = world.options(binding).await;
            let (url, tally) = (worker.url.clone(), Arc::clone(&tally));
            tasks.spawn(async move {
                let mut client = Client::connect(&url, options.clone()).await.expect("a card");
                let mut pace = tokio::time::interval(Duration::from_millis(if wanted.is_some() { 1 } else { 40 }));
                let made = || tally[0].load(Ordering::SeqCst);
                while start.elapsed() < TIME || made() < wanted.unwrap_or(0) {
                    pace.tick().await;
                    if is_fresh {
                        // New connections each time, for the same card.
                        client = client.with(options.clone()).expect("an interface");
                    }
                    match say(&client, "who").await {
                        Ok(who) => assert_eq!(who, CALLER),
                        Err(error) => {
                            eprintln!("failed over {binding}: {error}");
                            tally[1].fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    tally[0].fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    }
    tasks.join_all().await;
    let [made, failed] = [&tally[0], &tally[1]].map(|count| count.load(Ordering::SeqCst));
    println!("{made} calls, {failed} failed, {:?}", start.elapsed());
    let Ok(Answer::Status(status)) = world.authority.perform(Order::Show).await else { panic!("no status") };
    assert!(status.roots.iter().any(|root| root.number > 1), "roots were turned");
    assert_eq!(failed, 0);
    assert!(made > 300, "{made}");
}
