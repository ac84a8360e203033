use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who goes first where several wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it: understanding what was said.
    Now,
    /// It may wait for the others: writing a reply.
    Later,
}

/// Lets a limited number of heavy requests (language model, recognition) work at a time, over all local engines.
///
/// Two heavy requests on two processors both take more than twice as long, and somebody waits for the first. So on such
/// a machine everything heavy goes one after the other.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// use duologue_engine::child::{HeavyGate, Urgency};
///
/// let gate = HeavyGate::for_processors(2);
/// let permit = gate.pass(Urgency::Later).await;
/// // ... work; the next one passes when the permit is dropped.
/// drop(permit);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct HeavyGate {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    free: usize,
    now: VecDeque<oneshot::Sender<HeavyPermit>>,
    later: VecDeque<oneshot::Sender<HeavyPermit>>,
}

/// The right to do heavy work, given back when dropped.
#[derive(Debug)]
#[must_use = "the gate is open to the next one as soon as this is dropped"]
pub struct HeavyPermit {
    /// `None` once it was passed on.
    gate: Option<HeavyGate>,
}

impl HeavyGate {
    /// Lets `at_once` pass.
    pub fn new(at_once: NonZeroUsize) -> HeavyGate {
        let state = State { free: at_once.get(), now: VecDeque::new(), later: VecDeque::new() };
        HeavyGate { state: Arc::new(Mutex::new(state)) }
    }

    /// As many as fit on so many processors: one up to two or three of them, else half.
    pub fn for_processors(processors: usize) -> HeavyGate {
        HeavyGate::new(NonZeroUsize::new(processors / 2).unwrap_or(NonZeroUsize::MIN))
    }

    /// Waits for its turn: urgent ones before others, equals in order.
    pub async fn pass(&self, urgency: Urgency) -> HeavyPermit {
        let turn = {
            if let Some(permit) = self.try_pass() {
                return permit;
            }
            let mut state = self.lock();
            let (give, turn) = oneshot::channel();
            match urgency {
                Urgency::Now => state.now.push_back(give),
                Urgency::Later => state.later.push_back(give),
            }
            turn
        };
        // The sender is dropped only with the gate, and this borrows the gate.
        turn.await.unwrap_or(HeavyPermit { gate: None })
    }

    /// Passes if nobody has to wait for it.
    pub fn try_pass(&self) -> Option<HeavyPermit> {
        let mut state = self.lock();
        state.free = state.free.checked_sub(1)?;
        Some(HeavyPermit { gate: Some(self.clone()) })
    }

    /// Gives a permit that came back to whoever waits first.
    fn release(&self) {
        loop {
            let mut state = self.lock();
            let Some(next) = state.now.pop_front().or_else(|| state.later.pop_front()) else {
                state.free += 1;
                return;
            };
            drop(state);
            match next.send(HeavyPermit { gate: Some(self.clone()) }) {
                Ok(()) => return,
                // That one gave up waiting: on to the next, without coming through here again.
                Err(mut unwanted) => unwanted.gate = None,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HeavyPermit {
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            gate.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::join;

    #[tokio::test]
    async fn urgent_ones_go_first_equals_in_order() {
        let gate = HeavyGate::for_processors(1);
        let held = gate.pass(Urgency::Later).await;
        let order = Mutex::new(Vec::new());
        let go = async |name, urgency| {
            let _permit = gate.pass(urgency).await;
            order.lock().unwrap().push(name);
        };
        let all = join(
            join(go("later 1", Urgency::Later), go("later 2", Urgency::Later)),
            join(go("now 1", Urgency::Now), go("now 2", Urgency::Now)),
        );
        join(all, async { drop(held) }).await;
        assert_eq!(*order.lock().unwrap(), ["now 1", "now 2", "later 1", "later 2"]);
    }

    #[tokio::test]
    async fn those_who_give_up_waiting_do_not_block_the_gate() {
        let gate = HeavyGate::for_processors(4);
        let (first, second) = (gate.pass(Urgency::Now).await, gate.pass(Urgency::Now).await);
        let mut impatient = Box::pin(gate.pass(Urgency::Now));
        assert!((&mut impatient).now_or_never().is_none());
        drop(impatient);
        let mut given_but_not_taken = Box::pin(gate.pass(Urgency::Later));
        assert!((&mut given_but_not_taken).now_or_never().is_none());
        drop(first);
        drop(given_but_not_taken);
        assert!(gate.pass(Urgency::Later).now_or_never().is_some());
        drop(second);
    }
}
