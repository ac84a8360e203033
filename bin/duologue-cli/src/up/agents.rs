//! Agents that run in this process, so that a person can talk to one.

use super::trouble::Trouble;
use crate::agents::Serving;
use duologue_agents::Venue;
use duologue_api::Agent;
use duologue_providers::Settings;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The one that answers whoever calls.
const ANSWERS: &str = "support-agent";
/// How soon it is tried again where something is missing: models may arrive.
const AGAIN: Duration = Duration::from_secs(10);
/// How soon at the latest: what takes long to fail is tried more seldom, for it keeps the machine busy.
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Workers of this process, as they become ready.
pub(crate) struct RunningAgents {
    pub(crate) shown: watch::Receiver<Vec<Agent>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningAgents {
    /// Starts them beside everything else; nobody waits for models.
    pub(crate) fn start(settings: &Settings, venue: Venue, none: bool) -> RunningAgents {
        let (stop, stopped) = oneshot::channel();
        let starting = if none { Vec::new() } else { vec![standing(false, "it is starting")] };
        let (show, shown) = watch::channel(starting);
        let task = if none {
            tokio::spawn(std::future::ready(()))
        } else {
            tokio::spawn(keep(settings.clone(), venue, show, stopped))
        };
        RunningAgents { shown, stop, task }
    }

    /// Lets conversations end, and then them.
    pub(crate) async fn end(self) {
        drop(self.stop);
        drop(self.task.await);
    }
}

fn standing(ready: bool, note: &str) -> Agent {
    Agent { agent_name: ANSWERS.to_owned(), title: "Answers a support line".to_owned(), ready, note: note.to_owned() }
}

/// How long to wait after a try that took so long.
fn pause(tried: Duration) -> Duration {
    tried.clamp(AGAIN, AGAIN_MAX)
}

async fn keep(settings: Settings, venue: Venue, show: watch::Sender<Vec<Agent>>, mut stopped: oneshot::Receiver<()>) {
    let mut trouble = Trouble::of(format!("Agent {ANSWERS}"));
    loop {
        let begun = Instant::now();
        let started = tokio::select! {
            started = Serving::start(ANSWERS, &settings, &venue) => started,
            _ = &mut stopped => return,
        };
        match started {
            Ok(serving) => {
                show.send_replace(vec![standing(true, "")]);
                let _ = stopped.await;
                return serving.end().await;
            }
            Err(why) => {
                trouble.say(Some(&why));
                show.send_replace(vec![standing(false, &why.to_string())]);
            }
        }
        tokio::select! {
            () = sleep(pause(begun.elapsed())) => {}
            _ = &mut stopped => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_fails_is_tried_again_within_a_minute() {
        let after = |seconds| pause(Duration::from_secs(seconds)).as_secs();
        assert_eq!([0, 5, 30, 60, 600].map(after), [10, 10, 30, 60, 60]);
    }
}
