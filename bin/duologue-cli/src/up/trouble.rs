//! What is missing while the platform runs, on the console: a line when it changes, none while it stays the same.

use crate::output::note;
use duologue_api::Rooms;
use std::fmt::Display;
use std::time::Duration;
use tokio::time::sleep;

/// How often a room server is asked whether it answers.
const LOOK: Duration = Duration::from_secs(10);

/// What was last said of one thing.
pub(crate) struct Trouble {
    of: String,
    said: Option<String>,
}

impl Trouble {
    /// None is known yet.
    pub(crate) fn of(thing: impl Into<String>) -> Trouble {
        Trouble { of: thing.into(), said: None }
    }

    /// The line that is new: what is missing now and was not so far, or that nothing is any more.
    pub(crate) fn line(&mut self, now: Option<impl Display>) -> Option<String> {
        // Advice stands on lines of its own; the console has one for each change.
        let now = now.map(|why| why.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; "));
        if now == self.said {
            return None;
        }
        self.said = now;
        Some(match &self.said {
            Some(why) => format!("{}: {why} (it is tried again)", self.of),
            None => format!("{}: all is well again", self.of),
        })
    }

    /// Says it on standard error, which scripts do not read.
    pub(crate) fn say(&mut self, now: Option<impl Display>) {
        if let Some(line) = self.line(now) {
            note(line);
        }
    }
}

/// Says whenever a room server that runs elsewhere stops answering, or answers again; never ends.
pub(crate) async fn watch(rooms: &Rooms) {
    if rooms.embedded {
        return std::future::pending().await;
    }
    let api = rooms.server.api(&rooms.key, rooms.secret.expose());
    let mut trouble = Trouble::of("Rooms");
    loop {
        // One name, so that the answer is short.
        trouble.say(api.list_rooms(&["duologue-ready".to_owned()]).await.err());
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_the_same_is_said_once() {
        let mut trouble = Trouble::of("Rooms");
        let none: Option<&str> = None;
        assert_eq!(trouble.line(none), None, "what works from the start is not worth a line");
        let line = trouble.line(Some("no server\n  help: start it")).unwrap();
        assert_eq!(line, "Rooms: no server; help: start it (it is tried again)");
        assert_eq!(trouble.line(Some("no server\n  help: start it")), None);
        assert!(trouble.line(Some("it refuses the key")).unwrap().contains("refuses"));
        assert_eq!(trouble.line(none).unwrap(), "Rooms: all is well again");
        assert_eq!(trouble.line(none), None);
    }
}
