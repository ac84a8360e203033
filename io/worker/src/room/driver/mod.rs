//! The room itself: one task that owns the connections, and everything that is known about the room.

mod commands;
mod data;
mod media;
mod reach;
mod responses;

use crate::room::error::CloseReason;
use crate::room::event::RoomEvent;
use crate::room::handle::{Command, Spoken};
use crate::room::link::Link;
use crate::room::numbers::Numbers;
use crate::room::people::{Change, People};
use crate::room::signal::{Joined, Line, Setup};
use crate::room::texts::Texts;
use data::Calls;
use duologue_livekit_wire::proto::signal_request::Message as Request;
use duologue_livekit_wire::proto::{LeaveRequest, Ping, SignalRequest};
use media::{Media, Side};
use reach::Reach;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// How often slow things are looked at.
const TICK: Duration = Duration::from_millis(250);
/// Messages that wait for a line.
const UNSAID_MAX: usize = 256;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

type Ready = oneshot::Sender<Result<(), CloseReason>>;

pub(crate) struct Driver {
    setup: Setup,
    /// The newest one that the server gave.
    token: String,
    own_sid: String,
    own_identity: String,
    line: Option<Line>,
    reach: Reach,
    publisher: Link,
    subscriber: Option<Link>,
    media: Media,
    people: People,
    /// The next list of participants is all of them.
    whole_list: bool,
    texts: Texts,
    numbers: Numbers,
    /// The newest number of a reliable message of ours.
    numbered: u32,
    calls: Calls,
    requests: Requests,
    /// What was to be said while there was no line.
    unsaid: Vec<Request>,
    pinged: Pinged,
    events: mpsc::Sender<RoomEvent>,
    commands: mpsc::WeakSender<Command>,
    ready: Option<Ready>,
    closing: Option<CloseReason>,
    left: Vec<oneshot::Sender<()>>,
}

/// What the server was asked for and answers by number.
#[derive(Default)]
struct Requests {
    newest: u32,
    waiting: BTreeMap<u32, oneshot::Sender<Result<(), crate::room::error::RoomError>>>,
}

/// Signs of life on the line.
struct Pinged {
    every: Duration,
    patience: Duration,
    last: Instant,
    heard: Instant,
    round_trip_ms: i64,
}

impl Driver {
    pub(crate) fn new(
        setup: Setup,
        token: &str,
        joined: Joined,
        (events, commands, ready): (mpsc::Sender<RoomEvent>, mpsc::WeakSender<Command>, Ready),
    ) -> Driver {
        let (people, now) = (People::new(&setup.options.hears), Instant::now());
        let seconds =
            |given: i32, default| Duration::from_secs(u64::try_from(given).ok().filter(|s| *s > 0).unwrap_or(default));
        let pinged = Pinged {
            every: seconds(joined.response.ping_interval, 5),
            patience: seconds(joined.response.ping_timeout, 15),
            last: now,
            heard: now,
            round_trip_ms: 0,
        };
        let mut driver = Driver {
            setup,
            token: token.to_owned(),
            own_sid: String::new(),
            own_identity: String::new(),
            line: None,
            reach: Reach::default(),
            publisher: joined.publisher,
            subscriber: joined.subscriber,
            media: Media::default(),
            people,
            whole_list: false,
            texts: Texts::default(),
            numbers: Numbers::default(),
            numbered: 0,
            calls: Calls::default(),
            requests: Requests::default(),
            unsaid: Vec::new(),
            pinged,
            events,
            commands,
            ready: Some(ready),
            closing: None,
            left: Vec::new(),
        };
        driver.entered(joined.line, *joined.response);
        driver
    }

    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>, mut sound: mpsc::Receiver<Spoken>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.closing.is_none() {
            self.pump();
            let deadline = self.deadline();
            tokio::select! {
                response = next(&mut self.line) => self.response(response),
                () = self.publisher.readable() => self.publisher.read(Instant::now()),
                () = readable(&self.subscriber) => if let Some(link) = &mut self.subscriber { link.read(Instant::now()) },
                reached = self.reach.next() => self.reached(reached),
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => self.closing = Some(CloseReason::Left),
                },
                Some(spoken) = sound.recv() => {
                    self.speak(spoken);
                    while let Ok(spoken) = sound.try_recv() {
                        self.speak(spoken);
                    }
                }
                () = sleep_until(deadline.into()) => {}
                _ = tick.tick() => self.tick(),
            }
        }
        self.goodbye().await;
    }

    /// Lets media go on, and tells what happened there.
    fn pump(&mut self) {
        // What is done about an event may be to send something, so once more.
        for _ in 0..8 {
            let now = Instant::now();
            let published = self.publisher.pump(now);
            let subscribed = self.subscriber.as_mut().map(|link| link.pump(now)).unwrap_or_default();
            if published.is_empty() && subscribed.is_empty() {
                break;
            }
            published.into_iter().for_each(|event| self.happened(Side::Publisher, event));
            subscribed.into_iter().for_each(|event| self.happened(Side::Subscriber, event));
        }
        self.offer();
    }

    fn deadline(&self) -> Instant {
        let other = self.subscriber.as_ref().map(|link| link.deadline);
        other.map_or(self.publisher.deadline, |other| other.min(self.publisher.deadline))
    }

    fn tick(&mut self) {
        let now = Instant::now();
        if self.line.is_some() {
            if now.duration_since(self.pinged.heard) > self.pinged.patience {
                self.line_lost("the server is silent");
            } else if now.duration_since(self.pinged.last) >= self.pinged.every {
                self.pinged.last = now;
                let timestamp = crate::net::unix_millis();
                self.request(Request::Ping(timestamp));
                self.request(Request::PingReq(Ping { timestamp, rtt: self.pinged.round_trip_ms }));
            }
        }
        self.media_away(now);
        self.calls.forget_abandoned();
        self.requests.waiting.retain(|_, reply| !reply.is_closed());
        if self.ready.as_ref().is_some_and(oneshot::Sender::is_closed) {
            self.closing = Some(CloseReason::Lost("no media came through".into()));
        }
    }

    /// Puts a message on the line, or on the next one. What depends on the state of a line is not kept: that is told
    /// anew at the beginning of the next.
    fn request(&mut self, message: Request) {
        let Some(line) = &self.line else {
            let lasting = matches!(message, Request::UpdateMetadata(_) | Request::Mute(_));
            if lasting && self.unsaid.len() < UNSAID_MAX {
                self.unsaid.push(message);
            }
            return;
        };
        if line.requests.try_send(SignalRequest { message: Some(message) }).is_err() {
            self.line_lost("the server no longer reads");
        }
    }

    fn tell(&mut self, event: RoomEvent) {
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.closing = Some(CloseReason::EventsUnread),
            // Nobody listens: the room can still be spoken to.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    fn changed(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Joined(participant) => self.tell(RoomEvent::Joined(participant)),
                Change::Changed(participant) => self.tell(RoomEvent::Changed(participant)),
                Change::Left(participant) => {
                    self.numbers.forget(&participant.sid);
                    let broken = self.texts.left(&participant.identity);
                    broken.into_iter().for_each(|text| self.tell(RoomEvent::Text(text)));
                    self.calls.left(&participant.identity);
                    self.tell(RoomEvent::Left(participant));
                }
            }
        }
        self.subscribe();
        self.settle();
    }

    async fn goodbye(mut self) {
        let reason = self.closing.take().unwrap_or(CloseReason::Left);
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(Err(reason.clone()));
        }
        if let Some(line) = self.line.take() {
            let leave = LeaveRequest { reason: 1, ..Default::default() };
            let _ = line.requests.try_send(SignalRequest { message: Some(Request::Leave(leave)) });
            let mut responses = line.responses;
            drop(line.requests);
            // The line ends when its last message is out.
            let ended = async { while responses.recv().await.is_some() {} };
            let _ = tokio::time::timeout(GOODBYE, ended).await;
        }
        for link in [Some(&mut self.publisher), self.subscriber.as_mut()].into_iter().flatten() {
            link.ask().close();
            link.pump(Instant::now());
        }
        self.media.silence();
        // Whoever waits for the last event has room for it by now, or has gone.
        let _ = tokio::time::timeout(GOODBYE, self.events.send(RoomEvent::Closed(reason))).await;
        for reply in self.left {
            let _ = reply.send(());
        }
    }
}

async fn next(
    line: &mut Option<Line>,
) -> Option<Result<duologue_livekit_wire::proto::SignalResponse, crate::net::refusal::ConnectError>> {
    match line {
        Some(line) => line.responses.recv().await,
        None => std::future::pending().await,
    }
}

async fn readable(link: &Option<Link>) {
    match link {
        Some(link) => link.readable().await,
        None => std::future::pending().await,
    }
}
