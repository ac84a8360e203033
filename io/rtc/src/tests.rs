//! Two peers and a wire between them, in made-up time.

use crate::{Channel, Config, Datagram, Event, Line, Output, Peer, Role, SendError, Unpacker};
use duologue_media::{Codec, Packet};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(5);

struct Pair {
    now: Instant,
    client: Peer,
    server: Peer,
    to_client: VecDeque<Datagram>,
    to_server: VecDeque<Datagram>,
    /// What happened at the client, and at the server.
    at: [Vec<Event>; 2],
    /// Every so many datagrams of the client one is lost, once media flows.
    loses: Option<usize>,
    sent: usize,
}

impl Pair {
    fn new() -> Pair {
        let now = Instant::now();
        let mut client = Peer::new(Config::new(Role::Client), now).unwrap();
        let mut server = Peer::new(Config::new(Role::Server), now).unwrap();
        client.add_local("10.0.0.1:5000".parse().unwrap()).unwrap();
        server.add_local("10.0.0.2:6000".parse().unwrap()).unwrap();
        let (to_client, to_server, at) = Default::default();
        Pair { now, client, server, to_client, to_server, at, loses: None, sent: 0 }
    }

    fn agree(&mut self) {
        let offer = self.client.offer().unwrap().unwrap();
        let answer = self.server.answer(&offer).unwrap();
        self.client.accept(&answer).unwrap();
    }

    fn step(&mut self) {
        self.now += STEP;
        for datagram in std::mem::take(&mut self.to_client) {
            self.client.handle(self.now, &datagram);
        }
        for datagram in std::mem::take(&mut self.to_server) {
            assert!(self.server.accepts(&datagram));
            self.server.handle(self.now, &datagram);
        }
        let [at_client, at_server] = &mut self.at;
        for (peer, wire, events) in
            [(&mut self.client, &mut self.to_server, at_client), (&mut self.server, &mut self.to_client, at_server)]
        {
            peer.handle_timeout(self.now);
            loop {
                match peer.poll() {
                    Output::Transmit(datagram) => {
                        self.sent += 1;
                        let lost =
                            self.loses.is_some_and(|n| peer.role() == Role::Client && self.sent.is_multiple_of(n));
                        if !lost {
                            wire.push_back(datagram);
                        }
                    }
                    Output::Event(event) => events.push(event),
                    Output::Timeout(_) => break,
                }
            }
        }
    }

    fn until(&mut self, done: impl Fn(&Pair) -> bool) {
        for _ in 0..4_000 {
            if done(self) {
                return;
            }
            self.step();
        }
        panic!("twenty seconds passed: {:?}", self.at);
    }

    fn connected() -> Pair {
        let mut pair = Pair::new();
        pair.client.open_channels();
        pair.client.add_track("microphone", true);
        pair.agree();
        pair.until(|p| p.client.is_connected() && p.server.is_connected());
        pair.until(|p| p.client.is_open(Channel::Reliable) && p.server.is_open(Channel::Reliable));
        pair
    }

    fn speak(&mut self, line: &mut Line, sequence: u16) {
        let timestamp = u32::from(sequence) * 960;
        let packet =
            Packet { sequence, timestamp, marker: false, codec: Codec::Opus, payload: vec![sequence as u8; 40] };
        let mid = self.client.mid_of("microphone").unwrap();
        self.client.send(mid, &line.next(packet, Some(30))).unwrap();
        (0..4).for_each(|_| self.step());
    }

    fn heard(&self) -> Vec<u16> {
        let mut unpacker = Unpacker::default();
        let received = self.at[1].iter().filter_map(|event| match event {
            Event::Audio(received) => Some(received),
            _ => None,
        });
        received.flat_map(|received| unpacker.unpack(&received.rtp).unwrap()).map(|packet| packet.sequence).collect()
    }
}

#[test]
fn sound_arrives_with_its_numbers_and_its_loudness() {
    let mut pair = Pair::connected();
    let mut line = Line::new(false);
    (100..150).for_each(|n| pair.speak(&mut line, n));
    assert_eq!(pair.heard(), (100..150).collect::<Vec<_>>());
    let Some(Event::Audio(last)) = pair.at[1].iter().rev().find(|event| matches!(event, Event::Audio(_))) else {
        panic!("sound")
    };
    assert_eq!((last.rtp.sequence, last.rtp.timestamp, last.rtp.level), (149, 149 * 960, Some(30)));
    assert_eq!(Some(last.mid), pair.client.mid_of("microphone"));
}

#[test]
fn redundancy_hides_what_is_lost() {
    let mut pair = Pair::connected();
    let mut line = Line::new(true);
    pair.speak(&mut line, 0);
    pair.loses = Some(5);
    (1..200).for_each(|n| pair.speak(&mut line, n));
    pair.loses = None;
    (200..203).for_each(|n| pair.speak(&mut line, n));
    let mut heard = pair.heard();
    heard.sort_unstable();
    assert_eq!(heard, (0..203).collect::<Vec<_>>());
}

#[test]
fn messages_go_both_ways_however_many_there_are() {
    let mut pair = Pair::connected();
    let bytes = |n: u32| [&n.to_be_bytes()[..], &[7; 15_000]].concat();
    for n in 0..100 {
        pair.client.send_data(Channel::Reliable, bytes(n)).unwrap();
    }
    pair.server.send_data(Channel::Reliable, vec![1, 2, 3]).unwrap();
    let got = |pair: &Pair, side: usize| -> Vec<Vec<u8>> {
        let data = |event: &Event| match event {
            Event::Data(Channel::Reliable, bytes) => Some(bytes.clone()),
            _ => None,
        };
        pair.at[side].iter().filter_map(data).collect()
    };
    pair.until(|p| got(p, 1).len() == 100 && got(p, 0).len() == 1);
    assert_eq!(got(&pair, 1), (0..100).map(bytes).collect::<Vec<_>>());
    assert_eq!(got(&pair, 0), [[1, 2, 3]]);
}

#[test]
fn a_message_waits_for_its_channel_and_a_lossy_one_does_not() {
    let mut pair = Pair::new();
    pair.client.open_channels();
    pair.client.send_data(Channel::Reliable, vec![9]).unwrap();
    assert_eq!(pair.client.send_data(Channel::Lossy, vec![8]), Err(SendError::Full));
    pair.agree();
    pair.until(|p| p.at[1].contains(&Event::Data(Channel::Reliable, vec![9])));
    assert!((0..600).any(|_| pair.client.send_data(Channel::Reliable, vec![0; 15_000]) == Err(SendError::Full)));
}

#[test]
fn one_offer_is_under_way_at_a_time() {
    let mut pair = Pair::new();
    pair.client.open_channels();
    let first = pair.client.offer().unwrap().unwrap();
    pair.client.add_track("microphone", true);
    assert!(pair.client.offer().unwrap().is_none());
    assert_eq!(pair.client.pending_offer(), Some(first.as_str()));
    let answer = pair.server.answer(&first).unwrap();
    pair.client.accept(&answer).unwrap();
    assert!(pair.client.accept(&answer).is_err());
    assert!(pair.client.mid_of("microphone").is_none());
    pair.agree();
    assert!(pair.client.mid_of("microphone").is_some());
    // Asked for an offer, it makes one even with nothing new in it.
    pair.client.hear(0);
    pair.agree();
}

#[test]
fn a_way_that_was_lost_is_found_again() {
    let mut pair = Pair::connected();
    let restored = |p: &Pair| p.client.is_connected();
    let silent_since = pair.now;
    for _ in 0..12_000 {
        pair.step();
        pair.to_client.clear();
        pair.to_server.clear();
        if !restored(&pair) {
            break;
        }
    }
    let noticed = pair.now - silent_since;
    assert!(pair.at[0].contains(&Event::Lost) && noticed < Duration::from_secs(20), "{noticed:?}");
    pair.client.restart_ice();
    pair.agree();
    pair.until(restored);
    let mut line = Line::new(false);
    (0..50).for_each(|n| pair.speak(&mut line, n));
    assert!(pair.heard().len() > 40, "{:?}", pair.heard());
}

#[test]
fn what_is_no_webrtc_is_passed_over() {
    let mut pair = Pair::connected();
    let (source, destination) = ("10.0.0.9:1".parse().unwrap(), "10.0.0.2:6000".parse().unwrap());
    for first in 0..=255u8 {
        let datagram = Datagram { source, destination, bytes: vec![first; 60] };
        pair.server.handle(pair.now, &datagram);
    }
    pair.server.handle(pair.now, &Datagram { source, destination, bytes: Vec::new() });
    let mut line = Line::new(false);
    (0..10).for_each(|n| pair.speak(&mut line, n));
    assert_eq!(pair.heard().len(), 10);
}

#[test]
fn a_goodbye_is_heard() {
    let mut pair = Pair::connected();
    pair.client.close();
    pair.until(|p| p.at[1].iter().any(|event| matches!(event, Event::Closed(_))));
}
