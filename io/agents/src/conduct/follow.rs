//! A conversation that is under way: followed, kept, and ended.

use crate::brief::Wanted;
use crate::conduct::observer::Observer;
use crate::conduct::timeline::What;
use crate::conduct::{LOOK, RoomConversation, SIDES};
use duologue_conversation::{Conclusion, ConverseError, Keeper, Owed, Progress, Recognisers, Summary, index, side};
use duologue_ids::Mono;
use duologue_models::Quote;
use duologue_sim::{Ending, Tap};
use duologue_voice::{CloseReason, EndWatch, Event, Limits};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// How long things are held back, so that what agents tell and what is heard of them come in order.
const HOLD: Duration = Duration::from_millis(300);
/// How long the one that was not hung up on still listens, so that the last words are recognised too.
const LINGER: Duration = Duration::from_millis(2_500);
/// How long the last report of one that has left may be on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(500);
/// How long agents may take to tell the last of it.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) struct Following<P> {
    keeper: Keeper<P>,
    limits: Limits,
    watch: EndWatch,
    /// When it began, by the recorder's clock.
    zero: Mono,
    /// Decided, but the last words are still being recognised.
    ending: Option<Ending>,
    over: Option<Ending>,
    /// An agent that told its last word is gone since then, and nobody has ended the conversation.
    missed: Option<Mono>,
}

impl<P: FnMut(Progress)> Following<P> {
    pub(super) fn new(keeper: Keeper<P>, config: &RoomConversation) -> Following<P> {
        let limits = config.limits.clone();
        let watch = EndWatch::new(limits.clone(), Mono::ZERO);
        Following { keeper, limits, watch, zero: Mono::ZERO, ending: None, over: None, missed: None }
    }

    /// It ends before it began.
    pub(super) fn never_began(&mut self, reason: CloseReason, why: Option<String>) {
        self.keeper.blame(|| why);
        self.over = Some(Ending { reason, by: None, at: Mono::ZERO });
    }

    /// Both were told to begin: follows until it is over.
    pub(super) async fn follow(&mut self, observer: &mut Observer, cancel: &AtomicBool) {
        self.zero = observer.now();
        // What was heard before, of one that did not wait, belongs to it.
        self.zero = observer.first_word().unwrap_or(self.zero).min(self.zero);
        self.watch = EndWatch::new(self.limits.clone(), Mono::ZERO);
        for place in [0, 1] {
            if let Some((models, voice)) = observer.guests[place].ready.clone() {
                self.keeper.introduce(side(place), models, voice);
            }
        }
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.over.is_none() {
            look.tick().await;
            observer.pump();
            let now = self.at(observer.now());
            self.watch(observer, now);
            let until = before(observer.now(), HOLD);
            self.take(observer, until);
            self.keeper.advance(self.at(until));
            self.check(observer, now).await;
            if cancel.load(Ordering::Relaxed) {
                self.end_now(now, CloseReason::Cancelled);
            }
        }
    }

    fn at(&self, wall: Mono) -> Mono {
        Mono(wall.0.saturating_sub(self.zero.0))
    }

    /// What decides about the end is looked at as it comes; what is kept has to come in order.
    fn watch(&mut self, observer: &mut Observer, now: Mono) {
        for (at, place, event) in observer.fresh() {
            if at < self.zero {
                continue;
            }
            self.watch.observe(now, place, &event);
            let awaited = self.ending.filter(|ending| ending.by == Some(1 - place) && self.over.is_none());
            if let (Some(ending), Event::UserTurnCompleted { .. }) = (awaited, event) {
                self.over = Some(ending);
            }
        }
    }

    fn take(&mut self, observer: &mut Observer, until: Mono) {
        while let Some((at, place, what)) = observer.take(until) {
            if at >= self.zero {
                self.happened(self.at(at), place, what);
            }
        }
    }

    fn happened(&mut self, now: Mono, place: usize, what: What) {
        match what {
            // What is said after the end is not kept.
            What::Packet(packet) if self.over.is_none_or(|over| now <= over.at) => {
                self.keeper.packet(now, place, &packet);
            }
            What::Packet(_) => {}
            What::Understood(text) => self.keeper.heard(now, place, &text),
            // Trouble with an answer that nobody waits for any longer is none.
            What::Event(Event::Error { .. }) if self.over.is_some_and(|over| now > over.at) => {}
            What::Event(event) => self.keeper.event(now, place, &event),
        }
    }

    async fn check(&mut self, observer: &Observer, now: Mono) {
        if self.over.is_some() {
            return;
        }
        if self.keeper.has_failed() {
            return self.end_now(now, CloseReason::AgentError);
        }
        if self.keeper.goal_is_past() {
            return self.end_now(now, CloseReason::ScenarioCompleted);
        }
        if let Some(why) = &observer.closed {
            self.keeper.blame(|| Some(format!("the recorder is no longer in the room: {why}")));
            return self.end_now(now, CloseReason::AgentError);
        }
        match self.ending {
            Some(ending) if now.since(ending.at) >= LINGER => self.over = Some(ending),
            Some(_) => {}
            None => self.look_for_the_end(observer, now).await,
        }
    }

    async fn look_for_the_end(&mut self, observer: &Observer, now: Mono) {
        let left = [0, 1].into_iter().find(|place| observer.guests[*place].has_left());
        match (self.watch.poll(now), left) {
            (Some((reason, by)), _) => {
                let ending = Ending { reason, by, at: now };
                match (reason, by) {
                    (CloseReason::AgentEnded, Some(place)) => {
                        self.ending = Some(ending);
                        observer.order(1 - place, Wanted::PeerLeft).await;
                    }
                    _ => self.over = Some(ending),
                }
            }
            // Who is not ours does not say that it hangs up.
            (None, Some(place)) if !observer.guests[place].is_ours() => {
                self.ending = Some(Ending { reason: CloseReason::AgentEnded, by: Some(place), at: now });
                observer.order(1 - place, Wanted::PeerLeft).await;
            }
            (None, Some(place)) if observer.guests[place].over.is_none() => {
                let how = "left the room without a word: its worker ended, or the room server was away";
                self.broken_off(place, how, now);
            }
            // It hung up on nobody, and what became of it is told by now.
            (None, Some(place)) if now.since(*self.missed.get_or_insert(now)) >= LINGER => {
                let how =
                    "ended its part before the conversation was over: the room server was away, or the other agent was";
                self.broken_off(place, how, now);
            }
            _ => {}
        }
    }

    fn broken_off(&mut self, place: usize, how: &str, now: Mono) {
        self.keeper.blame(|| Some(format!("the {} agent {how}; see the logs of both", side(place))));
        self.over = Some(Ending { reason: CloseReason::AgentError, by: Some(place), at: now });
    }

    fn end_now(&mut self, now: Mono, reason: CloseReason) {
        self.over = self.over.or(self.ending).or(Some(Ending { reason, by: None, at: now }));
    }

    /// Tells both that it is over, and keeps what they still have to tell.
    pub(super) async fn end(&mut self, observer: &mut Observer) {
        let Some(over) = self.over else { return };
        for place in SIDES.map(index) {
            let reason = if over.by == Some(1 - place) { CloseReason::PeerEnded } else { over.reason };
            observer.order(place, Wanted::End(reason)).await;
        }
        let patience = Instant::now();
        let mut look = interval(LOOK);
        let told = |observer: &Observer| observer.guests.iter().all(|guest| !guest.is_ours() || guest.over.is_some());
        // That somebody has left is told on another way than its last report, and may come before it.
        let left = |observer: &Observer| {
            observer.guests.iter().all(|guest| !guest.is_ours() || guest.over.is_some() || guest.has_left())
        };
        let mut gone: Option<Instant> = None;
        while !told(observer) && observer.closed.is_none() && patience.elapsed() < LAST_WORDS {
            look.tick().await;
            observer.pump();
            gone = gone.or(left(observer).then(Instant::now));
            if gone.is_some_and(|gone| gone.elapsed() >= ON_ITS_WAY) {
                break;
            }
        }
        observer.pump();
        self.take(observer, Mono::FAR);
        let told = observer.guests.each_ref().map(|guest| guest.over.clone());
        for (place, told) in told.iter().enumerate() {
            let owed = told.as_ref().and_then(|(_, owed)| owed.clone());
            let patience = Owed::patience(over.reason);
            let hanging = owed.filter(|owed| patience.is_some_and(|p| Duration::from_millis(owed.waited_ms) >= p));
            self.keeper.blame(|| hanging.map(|owed| owed.blame(side(place))));
        }
        for place in SIDES.map(index).into_iter().filter(|_| observer.closed.is_none()) {
            let guest = &observer.guests[place];
            if guest.is_ours() && guest.over.is_none() && !guest.has_left() {
                let who = side(place);
                // Whatever else went wrong came of it: the other one talked to nobody.
                self.keeper.blame_rather(format!(
                    "the {who} agent no longer answered when the call was over; see its worker's log"
                ));
            }
        }
        if let [Some((support, _)), Some((customer, _))] = told {
            self.keeper.consumed([support, customer]);
        }
    }

    /// Writes what came of it.
    pub(super) fn conclude(
        self,
        prices: [BTreeMap<String, Quote>; 2],
        recognisers: Option<Recognisers>,
    ) -> Result<Summary, ConverseError> {
        self.keeper.conclude(Conclusion::new(self.over, prices).listened_to(recognisers.as_ref()))
    }
}

fn before(at: Mono, by: Duration) -> Mono {
    Mono(at.0.saturating_sub(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
}
