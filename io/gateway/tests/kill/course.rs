//! The course of a test: tasks all the time, kills in between, and what must be true in the end.

use crate::replica::Replica;
use crate::seen::Seen;
use crate::subscriber::{have_done, look_on};
use crate::webhook::Webhook;
use duologue_gateway::key::SigningKey;
use duologue_store::{Store, StoreConfig};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// Subscribers that have tasks done, one after the other.
const CLIENTS: u64 = 6;
/// To how many a task counts.
const MOST: u64 = 40;
/// Events and pushes between two kills, at least and at most.
const BETWEEN: (u64, u64) = (20, 400);
/// How long the rest may take once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(180);

/// What subscribers know of the world.
pub(crate) struct Place {
    replicas: Vec<Replica>,
    pub(crate) client: reqwest::Client,
    pub(crate) webhook: String,
    dice: Dice,
    ticks: UnboundedSender<()>,
    begun: UnboundedSender<String>,
    /// The last event of each task that is not over, by who listens.
    open: Mutex<BTreeMap<String, u64>>,
}

impl Place {
    pub(crate) fn any(&self) -> &Replica {
        let at = self.dice.below(self.replicas.len() as u64);
        self.replicas.iter().cycle().nth(usize::try_from(at).expect("few")).expect("one at least")
    }

    /// A task has begun.
    pub(crate) fn announce(&self, task: &str) {
        drop(self.begun.send(task.to_owned()));
    }

    /// Something has moved: where one who listens stands.
    pub(crate) fn tick(&self, who: &str, seen: &Seen) {
        let mut open = self.open.lock().expect("no panic");
        match seen.is_over {
            true => drop(open.remove(who)),
            false => drop(open.insert(who.to_owned(), seen.last)),
        }
        let _ = self.ticks.send(());
    }
}

/// Draws that are the same for the same seed and order.
struct Dice(AtomicU64);

impl Dice {
    /// SplitMix64.
    fn below(&self, end: u64) -> u64 {
        let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Kills so many of `replicas` processes on the store at `url`.
pub(crate) async fn run(url: &str, replicas: usize, folder: &Path) {
    let (kills, seed) = (setting("DUOLOGUE_TEST_KILLS", 5), setting("DUOLOGUE_TEST_SEED", 1));
    let key_file = folder.join("key.pem");
    let key = SigningKey::load_or_make(&key_file).expect("a key");
    let (ticks, ticked) = mpsc::unbounded_channel();
    let (webhook, address) = Webhook::start(key.verifying(), ticks.clone()).await;
    let mut all = Vec::new();
    for _ in 0..replicas {
        all.push(Replica::start(url, &key_file).await);
    }
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let dice = Dice(AtomicU64::new(seed));
    let (begun, announced) = mpsc::unbounded_channel();
    let place = Arc::new(Place { replicas: all, client, webhook: address, dice, ticks, begun, open: Mutex::default() });
    let (is_over, start) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| tokio::spawn(have_many_done(Arc::clone(&place), number, Arc::clone(&is_over))))
        .collect();
    let onlookers = tokio::spawn(look_on_all(Arc::clone(&place), announced));
    let mut ticked = ticked;
    for _ in 0..kills {
        let wait = BETWEEN.0 + place.dice.below(BETWEEN.1 - BETWEEN.0);
        for _ in 0..wait {
            ticked.recv().await.expect("somebody ticks");
        }
        let victim = place.any();
        victim.kill().await;
        victim.revive().await;
    }
    is_over.store(true, Ordering::Relaxed);
    let killed = start.elapsed();
    let rest = async {
        let mut tasks = Vec::new();
        for client in clients {
            tasks.extend(client.await.expect("a subscriber that saw everything"));
        }
        // No task without a name: it ends when all of them have been seen.
        place.announce("");
        assert_eq!(onlookers.await.expect("onlookers who saw everything"), tasks.len());
        tasks
    };
    let Ok(tasks) = tokio::time::timeout(PATIENCE, rest).await else {
        panic!("stuck (who listens, and after which event): {:?}", place.open.lock().expect("no panic"));
    };
    let pushes = tokio::time::timeout(PATIENCE, all_pushed(&tasks, &webhook, &mut ticked)).await;
    let Ok(pushes) = pushes else { panic!("not pushed: {:?}", missing(&tasks, &webhook.got())) };
    are_all_completed(&place, tasks.len()).await;
    let again = pushes.values().map(|times| times - 1).sum::<usize>();
    println!(
        "{kills} kills in {:.0} s, {} tasks, {} events each, seen twice; {} pushes, {again} more than once; all done after {:.0} s",
        killed.as_secs_f64(),
        tasks.len(),
        MOST + 3,
        pushes.len(),
        start.elapsed().as_secs_f64()
    );
    for replica in &place.replicas {
        replica.kill().await;
    }
    let store = Store::open(StoreConfig::new(url)).await.expect("a store");
    assert_eq!(store.faults().await, Ok(Vec::new()));
    assert_eq!(store.audit_verify().await.map(|verdict| verdict.broken), Ok(Vec::new()));
    store.close().await;
}

/// Tasks, one after the other.
async fn have_many_done(place: Arc<Place>, number: u64, is_over: Arc<AtomicBool>) -> Vec<String> {
    let mut tasks = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let seen = have_done(&place, &format!("kill-{number}-{}", tasks.len()), MOST).await;
        seen.check(MOST);
        tasks.push(seen.task);
    }
    tasks
}

/// Looks on at every task that is announced, until one without a name is, and says how many there were.
async fn look_on_all(place: Arc<Place>, mut announced: UnboundedReceiver<String>) -> usize {
    let mut looking = JoinSet::new();
    while let Some(task) = announced.recv().await.filter(|task| !task.is_empty()) {
        let place = Arc::clone(&place);
        looking.spawn(async move { look_on(&place, &task).await });
    }
    let all = looking.join_all().await;
    all.iter().for_each(|seen| seen.check(MOST));
    all.len()
}

/// Ends once every event of every task was pushed.
async fn all_pushed(
    tasks: &[String],
    webhook: &Webhook,
    ticked: &mut UnboundedReceiver<()>,
) -> BTreeMap<String, usize> {
    loop {
        // One look for all that has come since the last one.
        while ticked.try_recv().is_ok() {}
        let got = webhook.got();
        if missing(tasks, &got).is_empty() {
            return got;
        }
        ticked.recv().await.expect("somebody ticks");
    }
}

/// The pushes that have not come.
fn missing(tasks: &[String], got: &BTreeMap<String, usize>) -> Vec<String> {
    let all = tasks.iter().flat_map(|task| (1..=MOST + 3).map(move |number| format!("{task}:hook:{number}")));
    all.filter(|id| !got.contains_key(id)).collect()
}

/// No task but those that were asked for, and each of them at its end.
async fn are_all_completed(place: &Place, tasks: usize) {
    let (mut found, mut token) = (0, String::new());
    loop {
        let params = json!({"pageSize": 100, "pageToken": token});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ListTasks", "params": params});
        let url = format!("http://127.0.0.1:{}/", place.any().port);
        let answer = place.client.post(url).header("A2A-Version", "1.0").json(&body).send().await.expect("an answer");
        let page: Value = answer.json().await.expect("JSON");
        let listed = page["result"]["tasks"].as_array().expect("tasks");
        assert!(listed.iter().all(|task| task["status"]["state"] == "TASK_STATE_COMPLETED"), "{page}");
        found += listed.len();
        token = page["result"]["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return assert_eq!(found, tasks);
        }
    }
}
