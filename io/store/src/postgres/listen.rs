//! What other processes change, as PostgreSQL tells it (LISTEN, NOTIFY).

use super::line::{Driver, Server};
use super::trouble::words;
use crate::changes::{Moved, Notices};
use crate::{OpenError, Unavailable};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client};

/// Most bytes of one notification; PostgreSQL takes 7,999.
const NOTICE_MAX: usize = 7_900;
/// The first and the longest pause before a lost connection is made anew.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A notification: who sends it, and what has moved.
#[derive(Serialize, Deserialize)]
struct Told(String, Vec<(String, String, u64)>);

/// The notifications that tell of all that has moved.
pub(super) fn notices(sender: &str, moved: &[Moved]) -> Vec<String> {
    let mut told = Vec::new();
    let mut waiting = vec![moved];
    while let Some(part) = waiting.pop().filter(|part| !part.is_empty()) {
        let moved = part.iter().map(|moved| (moved.kind.clone(), moved.id.to_string(), moved.version)).collect();
        let text = serde_json::to_string(&Told(sender.to_owned(), moved)).unwrap_or_default();
        if text.len() <= NOTICE_MAX || part.len() == 1 {
            told.push(text);
        } else {
            let (first, second) = part.split_at(part.len() / 2);
            waiting.extend([second, first]);
        }
    }
    told
}

/// Passes on what others tell. What cannot be read may be anything.
pub(crate) fn hear(payload: &str, own: &str, notices: &Notices) {
    match serde_json::from_str::<Told>(payload) {
        Ok(Told(sender, _)) if sender == own => {}
        Ok(Told(_, moved)) => {
            notices.tell(moved.into_iter().map(|(kind, id, version)| Moved { kind, id: id.into(), version }));
        }
        Err(_) => notices.reload(),
    }
}

/// The one who listens for this process.
pub(super) struct Listener {
    pub(super) server: Arc<Server>,
    pub(super) channel: String,
    pub(super) sender: String,
    pub(super) notices: Arc<Notices>,
}

impl Listener {
    /// Begins to listen, so that nothing is missed from now on. It ends when `open` does.
    pub(super) async fn start(self, mut open: mpsc::Receiver<()>) -> Result<(), OpenError> {
        let mut messages = self.listen().await?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = open.recv() => return,
                    () = self.pass_on(&mut messages) => {}
                }
                // From here on something may be missed, and when it is over something may have been.
                self.notices.reload();
                tokio::select! {
                    _ = open.recv() => return,
                    again = self.listen_again() => messages = again,
                }
                self.notices.reload();
            }
        });
        Ok(())
    }

    async fn listen_again(&self) -> Messages {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.listen().await {
                Ok(messages) => return messages,
                Err(error) => tracing::warn!(store = %self.server.store, %error, "changes of others are not heard"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn listen(&self) -> Result<Messages, Unavailable> {
        let (client, mut driver) = self.server.connect().await?;
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move { drive(&mut driver, &sender).await });
        let listen = client.batch_execute(&format!("LISTEN {}", self.channel)).await;
        listen.map_err(|error| super::trouble::unavailable(&self.server.store, &error))?;
        Ok(Messages { received, _client: client })
    }

    /// Ends when the connection does.
    async fn pass_on(&self, messages: &mut Messages) {
        while let Some(payload) = messages.received.recv().await {
            hear(&payload, &self.sender, &self.notices);
        }
    }
}

/// What arrives on a connection that listens.
struct Messages {
    received: mpsc::UnboundedReceiver<String>,
    _client: Client,
}

async fn drive(driver: &mut Driver, sender: &mpsc::UnboundedSender<String>) {
    let mut messages = futures::stream::poll_fn(|context| driver.poll_message(context));
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(told)) if sender.send(told.payload().to_owned()).is_err() => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = words(&error), "the connection on which changes are heard broke");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{hear, notices};
    use crate::changes::{Change, Moved, Notices};

    #[tokio::test]
    async fn everything_told_is_heard_by_others_only() {
        let moved: Vec<Moved> = (0..400)
            .map(|number| Moved {
                kind: "task".into(),
                id: format!("\"{number}\u{1}").repeat(9).into(),
                version: number,
            })
            .collect();
        let told = notices("a", &moved);
        assert!(told.len() > 1 && told.iter().all(|text| text.len() < 8_000), "{}", told.len());
        let (ours, theirs) = (Notices::new(), Notices::new());
        let (mut own, mut changes) = (ours.subscribe("task"), theirs.subscribe("task"));
        for text in &told {
            hear(text, "a", &ours);
            hear(text, "b", &theirs);
        }
        ours.close();
        assert_eq!(own.next().await, None);
        for moved in moved {
            assert_eq!(changes.next().await, Some(Change::Moved { id: moved.id, version: moved.version }));
        }
        hear("[1]", "b", &theirs);
        assert_eq!(changes.next().await, Some(Change::Reload));
    }
}
