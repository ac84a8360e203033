use std::collections::{HashMap, VecDeque};
use str0m::Rtc;
use str0m::change::SdpApi;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};

/// Bytes that wait for a reliable channel at most.
pub const BACKLOG_MAX: usize = 4 << 20;
/// Below as many bytes on their way, more are handed over.
const LOW: usize = 64 << 10;

/// The data channels of LiveKit, known by their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// `_reliable`: in order, and everything arrives.
    Reliable,
    /// `_lossy`: in any order, sent once.
    Lossy,
    /// `_data_track`: like [`Channel::Lossy`], for data tracks.
    DataTrack,
}

impl Channel {
    pub(crate) const ALL: [Channel; 3] = [Channel::Reliable, Channel::Lossy, Channel::DataTrack];

    fn label(self) -> &'static str {
        match self {
            Channel::Reliable => "_reliable",
            Channel::Lossy => "_lossy",
            Channel::DataTrack => "_data_track",
        }
    }

    fn of_label(label: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.label() == label)
    }
}

/// Which channels are open, and what waits for them.
#[derive(Default)]
pub(crate) struct Channels {
    kinds: HashMap<ChannelId, Channel>,
    /// The one to send on, of each kind: either side may have opened one with the same label.
    outgoing: HashMap<Channel, ChannelId>,
    backlog: VecDeque<Vec<u8>>,
    waiting: usize,
}

impl Channels {
    pub(crate) fn offer(api: &mut SdpApi<'_>) {
        for channel in Channel::ALL {
            let reliable = channel == Channel::Reliable;
            api.add_channel_with_config(ChannelConfig {
                label: channel.label().into(),
                ordered: reliable,
                reliability: if reliable {
                    Reliability::Reliable
                } else {
                    Reliability::MaxRetransmits { retransmits: 0 }
                },
                negotiated: None,
                protocol: String::new(),
            });
        }
    }

    pub(crate) fn opened(&mut self, rtc: &mut Rtc, id: ChannelId, label: &str) -> Option<Channel> {
        let channel = Channel::of_label(label)?;
        self.kinds.insert(id, channel);
        self.outgoing.entry(channel).or_insert(id);
        if let Some(mut open) = rtc.channel(id) {
            open.set_buffered_amount_low_threshold(LOW);
        }
        self.flush(rtc);
        Some(channel)
    }

    pub(crate) fn closed(&mut self, id: ChannelId) {
        self.kinds.remove(&id);
        self.outgoing.retain(|_, open| *open != id);
    }

    pub(crate) fn kind(&self, id: ChannelId) -> Option<Channel> {
        self.kinds.get(&id).copied()
    }

    pub(crate) fn is_open(&self, channel: Channel) -> bool {
        self.outgoing.contains_key(&channel)
    }

    /// Whether it goes out, now or when there is room. What is lossy and does not fit now is dropped, as on the way.
    pub(crate) fn send(&mut self, rtc: &mut Rtc, channel: Channel, bytes: Vec<u8>) -> bool {
        if channel != Channel::Reliable {
            let open = self.outgoing.get(&channel).copied();
            return open.is_some_and(|id| write(rtc, id, &bytes));
        }
        if self.waiting + bytes.len() > BACKLOG_MAX {
            return false;
        }
        self.waiting += bytes.len();
        self.backlog.push_back(bytes);
        self.flush(rtc);
        true
    }

    pub(crate) fn flush(&mut self, rtc: &mut Rtc) {
        let Some(id) = self.outgoing.get(&Channel::Reliable).copied() else { return };
        while let Some(next) = self.backlog.front() {
            if !write(rtc, id, next) {
                return;
            }
            self.waiting -= next.len();
            self.backlog.pop_front();
        }
    }
}

fn write(rtc: &mut Rtc, id: ChannelId, bytes: &[u8]) -> bool {
    rtc.channel(id).is_some_and(|mut channel| channel.write(true, bytes).unwrap_or(false))
}
