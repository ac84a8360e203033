//! Coming back after the network went away: on a new line as the same participant, or else as a new one.

use super::Driver;
use super::media::Side;
use crate::net::refusal::ConnectError;
use crate::room::error::{CloseReason, JoinError};
use crate::room::event::RoomEvent;
use crate::room::signal::{self, Joined, Line, Resumed};
use duologue_livekit_wire::proto::leave_request::Action;
use duologue_livekit_wire::proto::signal_request::Message as Request;
use duologue_livekit_wire::proto::{
    DataChannelReceiveState, ReconnectReason, ReconnectResponse, SyncState, UpdateSubscription,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// For how long coming back is tried.
const PATIENCE: Duration = Duration::from_secs(60);
/// Waits between attempts: the first is short, since most interruptions are.
const WAITS: [Duration; 5] = [
    Duration::from_millis(0),
    Duration::from_millis(300),
    Duration::from_millis(1_000),
    Duration::from_millis(2_000),
    Duration::from_millis(5_000),
];
/// How long media may be away before it is looked for anew, and before all is begun anew.
const SEARCH: Duration = Duration::from_secs(2);
const GIVE_UP: Duration = Duration::from_secs(15);

/// An attempt to come back.
#[derive(Default)]
pub(super) struct Reach {
    under_way: Option<BoxFuture<'static, Reached>>,
    attempts: usize,
    since: Option<Instant>,
    /// Since when no media flows, and whether it was looked for.
    away: Option<(Instant, bool)>,
    anew: bool,
}

/// How an attempt ended.
pub(super) enum Reached {
    Resumed(Result<Resumed, ConnectError>),
    Joined(Result<Box<Joined>, JoinError>),
}

impl Reach {
    /// Waits for the attempt under way. Safe to drop and call again.
    pub(super) async fn next(&mut self) -> Reached {
        match &mut self.under_way {
            Some(attempt) => {
                let reached = attempt.await;
                self.under_way = None;
                reached
            }
            None => std::future::pending().await,
        }
    }
}

impl Driver {
    /// The line to the server is gone; media may still flow.
    pub(super) fn line_lost(&mut self, why: &str) {
        if self.line.take().is_none() || self.closing.is_some() {
            return;
        }
        self.begin(why);
        self.attempt();
    }

    /// Nothing of what the server knew about us is left.
    pub(super) fn join_anew(&mut self, why: &str) {
        self.line = None;
        self.begin(why);
        self.reach.anew = true;
        self.reach.under_way = None;
        self.attempt();
    }

    fn begin(&mut self, why: &str) {
        if self.reach.since.is_none() {
            tracing::info!(why, "the connection to the room was lost");
            self.reach.since = Some(Instant::now());
            self.reach.attempts = 0;
            self.tell(RoomEvent::Reconnecting(why.to_owned()));
        }
    }

    fn attempt(&mut self) {
        let wait = WAITS.get(self.reach.attempts).copied().unwrap_or(WAITS[WAITS.len() - 1]);
        self.reach.attempts += 1;
        let (setup, token) = (self.setup.clone(), self.token.clone());
        self.reach.under_way = Some(if self.reach.anew {
            async move {
                sleep(wait).await;
                Reached::Joined(setup.join(&token).await.map(Box::new))
            }
            .boxed()
        } else {
            let (sid, single) = (self.own_sid.clone(), self.subscriber.is_none());
            let reason = if self.reach.away.is_some() {
                ReconnectReason::RrSubscriberFailed
            } else {
                ReconnectReason::RrSignalDisconnected
            };
            async move {
                sleep(wait).await;
                Reached::Resumed(setup.resume(&token, &sid, single, reason).await)
            }
            .boxed()
        });
    }

    pub(super) fn reached(&mut self, reached: Reached) {
        match reached {
            Reached::Resumed(Ok(Resumed::Again(line, response))) => self.resumed(line, &response),
            Reached::Resumed(Ok(Resumed::Leave(leave))) => match signal::action(&leave) {
                Action::Disconnect => self.closing = Some(CloseReason::of(leave.reason)),
                _ => self.join_anew("the server no longer knows us"),
            },
            Reached::Resumed(Err(error)) => {
                // A token that has run out, or a server that was exchanged, is found out by joining anew.
                self.reach.anew |= !error.is_passing();
                self.again(&error.to_string());
            }
            Reached::Joined(Ok(joined)) => self.joined_anew(*joined),
            Reached::Joined(Err(JoinError::SentAway(reason))) => self.closing = Some(reason),
            Reached::Joined(Err(error)) => match &error {
                JoinError::Connect(connect) if !connect.is_passing() => {
                    self.closing = Some(CloseReason::Lost(error.to_string()));
                }
                _ => self.again(&error.to_string()),
            },
        }
    }

    fn again(&mut self, why: &str) {
        if self.reach.since.is_some_and(|since| since.elapsed() > PATIENCE) {
            self.closing = Some(CloseReason::Lost(why.to_owned()));
        } else {
            self.attempt();
        }
    }

    fn resumed(&mut self, line: Line, _response: &ReconnectResponse) {
        self.line = Some(line);
        self.pinged.heard = Instant::now();
        self.whole_list = true;
        let states = self.numbers.all();
        let state = |(sid, last_seq): (&str, u32)| DataChannelReceiveState { publisher_sid: sid.to_owned(), last_seq };
        let datachannel_receive_states = states.map(state).collect();
        let subscription =
            UpdateSubscription { track_sids: self.people.asked(), subscribe: true, ..Default::default() };
        self.request(Request::SyncState(SyncState {
            subscription: Some(subscription),
            publish_tracks: self.media.published(),
            datachannel_receive_states,
            ..Default::default()
        }));
        self.publish_unanswered();
        self.offer_again();
        std::mem::take(&mut self.unsaid).into_iter().for_each(|message| self.request(message));
        if self.reach.away.is_some() {
            self.publisher.ask().restart_ice();
        }
        self.reach.since = None;
        self.tell(RoomEvent::Reconnected { anew: false });
    }

    fn joined_anew(&mut self, joined: Joined) {
        (self.publisher, self.subscriber) = (joined.publisher, joined.subscriber);
        (self.reach.since, self.reach.away, self.reach.anew) = (None, None, false);
        self.numbered = 0;
        self.media.begin_anew();
        self.entered(joined.line, *joined.response);
        self.publish_again();
        std::mem::take(&mut self.unsaid).into_iter().for_each(|message| self.request(message));
        self.tell(RoomEvent::Reconnected { anew: true });
    }

    pub(super) fn media_there(&mut self) {
        let subscribed = self.subscriber.as_ref().is_none_or(|link| link.peer().is_connected());
        if self.publisher.peer().is_connected() && subscribed {
            self.reach.away = None;
            let _ = self.ready.take().map(|ready| ready.send(Ok(())));
        }
    }

    pub(super) fn media_lost(&mut self, side: Side, why: &str) {
        tracing::info!(?side, why, "media was lost");
        self.reach.away.get_or_insert((Instant::now(), false));
    }

    /// Looks for media that has been away for long, first on the line that there is, then from the beginning.
    pub(super) fn media_away(&mut self, now: Instant) {
        let Some((since, searched)) = self.reach.away else { return };
        let away = now.duration_since(since);
        if away > GIVE_UP && !self.reach.anew {
            self.reach.away = Some((now, true));
            self.join_anew("no media came through");
        } else if away > SEARCH && !searched && self.line.is_some() {
            self.reach.away = Some((since, true));
            self.line_lost("no media came through");
        }
    }
}
