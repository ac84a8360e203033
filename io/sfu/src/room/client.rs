use super::hearing::Hearing;
use super::link::Link;
use super::speaking::Speaking;
use crate::auth::Visitor;
use duologue_livekit_wire::proto::signal_response::Message;
use duologue_livekit_wire::proto::{SessionDescription, SignalResponse};
use tokio::sync::mpsc;

/// Which of the connections of a participant; with a single one it is [`Side::Up`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// What the client sends, and with a single one everything.
    Up,
    /// What it receives.
    Down,
}

/// A participant's client: its signalling and its connections.
pub(crate) struct Client {
    pub(crate) visitor: Visitor,
    /// Messages on their way to it; none while its signalling is lost.
    pub(crate) outbox: Option<mpsc::Sender<SignalResponse>>,
    pub(crate) connection: u64,
    pub(crate) up: Link,
    /// None where one connection carries both ways.
    pub(crate) down: Option<Link>,
    pub(crate) speaking: Speaking,
    pub(crate) hearing: Hearing,
    /// It was asked for an offer that has not come yet.
    pub(crate) asked: bool,
    /// How many sections it will have once it has done what it was asked for.
    pub(crate) promised: usize,
    /// The number of our newest offer.
    pub(crate) offers: u32,
}

impl Client {
    /// Whether the message is on its way. Where too many wait, the client does not read: its signalling is given up.
    pub(crate) fn send(&mut self, message: Message) -> bool {
        let Some(outbox) = &self.outbox else { return true };
        if outbox.try_send(SignalResponse { message: Some(message) }).is_ok() {
            return true;
        }
        self.outbox = None;
        false
    }

    /// The connection on which it receives.
    pub(crate) fn receiving(&mut self) -> &mut Link {
        self.down.as_mut().unwrap_or(&mut self.up)
    }

    /// On which side it receives.
    pub(crate) fn receiving_side(&self) -> Side {
        if self.down.is_some() { Side::Down } else { Side::Up }
    }

    pub(crate) fn link(&mut self, side: Side) -> Option<&mut Link> {
        match side {
            Side::Up => Some(&mut self.up),
            Side::Down => self.down.as_mut(),
        }
    }

    pub(crate) fn links(&mut self) -> impl Iterator<Item = (Side, &mut Link)> {
        [(Side::Up, Some(&mut self.up)), (Side::Down, self.down.as_mut())]
            .into_iter()
            .filter_map(|(side, link)| Some((side, link?)))
    }
}

pub(crate) fn description(kind: &str, sdp: String, id: u32) -> SessionDescription {
    SessionDescription { r#type: kind.into(), sdp, id, ..Default::default() }
}
