//! One conversation while it is being held, by whichever process: its folder is read as it grows.

use super::{Feed, Told};
use crate::conversations::{Conversation, Done, Said, Stage};
use crate::problem::Problem;
use duologue_conversation::{Archive, names};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// After so many looks all is read, whether or not a file changed: that is how the end of a killed process shows.
const ALL: u32 = 12;

/// A conversation as it is kept; one whose process was killed is concluded by this.
pub(crate) fn read(archive: &Archive, id: &str) -> Result<Conversation, Problem> {
    let folder = archive.exactly(id)?;
    let (folder, summary, transcript) = archive.open(&folder.to_string_lossy())?;
    Ok(Conversation::of(&(folder, summary), &transcript))
}

/// What is known of a conversation.
#[derive(Debug)]
pub(crate) struct ConversationState {
    version: u64,
    known: Conversation,
    /// When each utterance and tool call changed.
    said_at: Vec<u64>,
    done_at: Vec<u64>,
    /// When something changed that is told by telling all.
    all_at: u64,
    recorded_at: u64,
}

impl ConversationState {
    /// The state, and the task that keeps it until the conversation is over.
    pub(crate) fn begin(
        known: Conversation,
        archive: Archive,
    ) -> (ConversationState, impl FnOnce(watch::Sender<ConversationState>) -> BoxFuture<'static, ()>) {
        let state = ConversationState {
            version: 1,
            said_at: vec![1; known.utterances.len()],
            done_at: vec![1; known.tool_calls.len()],
            all_at: 1,
            recorded_at: 1,
            known,
        };
        (state, move |sender| keep(archive, sender).boxed())
    }

    /// Takes what is there now; says whether anything changed.
    fn take(&mut self, now: Conversation) -> bool {
        let next = self.version + 1;
        let lost = now.utterances.len() < self.known.utterances.len() || now.brief.status != self.known.brief.status;
        let said = mark(&mut self.said_at, &self.known.utterances, &now.utterances, next);
        let done = mark(&mut self.done_at, &self.known.tool_calls, &now.tool_calls, next);
        let grown = now.recorded_s != self.known.recorded_s;
        if lost {
            self.all_at = next;
        }
        if grown {
            self.recorded_at = next;
        }
        self.known = now;
        let changed = said || done || grown || lost;
        self.version += u64::from(changed);
        changed
    }
}

/// Writes down which of them changed.
fn mark<T: PartialEq>(at: &mut Vec<u64>, before: &[T], now: &[T], version: u64) -> bool {
    at.resize(now.len(), version);
    let mut changed = before.len() != now.len();
    for (n, (at, now)) in at.iter_mut().zip(now).enumerate() {
        if before.get(n) != Some(now) {
            *at = version;
            changed = true;
        }
    }
    changed
}

impl Feed for ConversationState {
    fn version(&self) -> u64 {
        self.version
    }

    fn since(&self, version: u64) -> Vec<Told> {
        let mut told = Vec::new();
        if self.all_at > version {
            told.push(Told::new("conversation", &self.known));
        } else {
            let said = self.known.utterances.iter().zip(&self.said_at).filter(|(_, at)| **at > version);
            told.extend(said.map(|(said, _): (&Said, _)| Told::new("utterance", said)));
            let done = self.known.tool_calls.iter().zip(&self.done_at).filter(|(_, at)| **at > version);
            told.extend(done.map(|(done, _): (&Done, _)| Told::new("tool_call", done)));
            if self.recorded_at > version {
                told.push(Told::new("recorded", &self.known.recorded_s));
            }
        }
        if self.is_over() && self.version > version {
            told.push(Told::new("ended", &self.known.brief));
        }
        told
    }

    fn is_over(&self) -> bool {
        self.known.brief.status != Stage::Running
    }
}

/// Whether any of the files that grow did.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen([Option<(SystemTime, u64)>; 3]);

fn look(folder: &Path) -> Seen {
    let stand = |name: &str| {
        let meta = std::fs::metadata(folder.join(name)).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    Seen([names::SUMMARY, names::TRANSCRIPT, names::STEREO].map(stand))
}

async fn keep(archive: Archive, state: watch::Sender<ConversationState>) {
    let id = state.borrow().known.brief.id.clone();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    let mut since_all = 0;
    while !state.borrow().is_over() {
        looks.tick().await;
        since_all += 1;
        let (archive, id, before) = (archive.clone(), id.clone(), seen.clone());
        let all = since_all >= ALL;
        let looked = tokio::task::spawn_blocking(move || {
            let now = look(&archive.exactly(&id)?);
            let known = if now != before || all { Some(read(&archive, &id)?) } else { None };
            Ok::<_, Problem>((now, known))
        });
        match looked.await {
            Ok(Ok((now, known))) => {
                seen = now;
                if let Some(known) = known {
                    since_all = 0;
                    state.send_if_modified(|state| state.take(known));
                }
            }
            // Removed, or unreadable: whoever asks again is told why.
            _ => return,
        }
    }
}
