//! The far end's loudspeaker and microphone: what a party says comes back to it.

use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, Ear, EarConfig, FRAMES_PER_SECOND, Frame, Mouth, MouthError, Packet, PacketDecoder};
use std::collections::VecDeque;
use std::time::Duration;

/// How much of what crossed a link comes back from its far end (talker echo, as ITU-T G.131 calls it).
///
/// Each link draws its echo once, from its seed. Only what the party itself said comes back, not the echo of an echo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EchoConfig {
    /// From the far end's loudspeaker to its microphone; both ways of the network come on top.
    pub delay: (Duration, Duration),
    /// How much quieter it is, dB.
    pub loss_db: (f64, f64),
}

impl EchoConfig {
    /// A loudspeaker on a table, without an echo canceller: 40 to 160 ms, 12 to 30 dB down.
    pub const HANDS_FREE: EchoConfig =
        EchoConfig { delay: (Duration::from_millis(40), Duration::from_millis(160)), loss_db: (12.0, 30.0) };
}

/// An [`EchoConfig`] at work: a loudspeaker that plays what arrives, and a microphone that adds it to the voice there.
pub(crate) struct Echo {
    loudspeaker: Ear,
    /// On its way through the room.
    air: VecDeque<i16>,
    gain: f64,
    voice: PacketDecoder,
    microphone: Mouth,
    rate: u32,
}

impl Echo {
    pub(crate) fn new(config: EchoConfig, seed: Seed, codec: Codec) -> Echo {
        let mut rng = seed.rng();
        let delay = rng.between(config.delay.0, config.delay.1);
        let loss_db = config.loss_db.0 + (config.loss_db.1 - config.loss_db.0) * rng.unit();
        let rate = codec.clock_rate();
        let air = vec![0; (delay.as_secs_f64() * f64::from(rate)) as usize];
        Echo {
            loudspeaker: Ear::new(rate, EarConfig::default()),
            air: air.into(),
            gain: 10f64.powf(-loss_db / 20.0),
            voice: PacketDecoder::new(rate),
            microphone: Mouth::new(codec, rate, rng.next_u64() as u32),
            rate,
        }
    }

    /// A packet of the party whose echo this is has arrived at the far end.
    pub(crate) fn arrived(&mut self, now: Mono, packet: Packet) {
        self.loudspeaker.push(now, packet);
    }

    /// The next 20 ms of the far end: its own voice, and the echo. Says whether there was any.
    pub(crate) fn add_to(&mut self, now: Mono, own: Option<&Packet>) -> Result<(Option<Packet>, bool), MouthError> {
        self.air.extend(self.loudspeaker.pull(now).frame.samples());
        let length = (self.rate / FRAMES_PER_SECOND) as usize;
        let echo: Vec<i16> = self.air.drain(..length).map(|s| quieter(s, self.gain)).collect();
        let mut voice = Vec::with_capacity(length);
        if let Some(packet) = own {
            // What can't be decoded is silence here, as it would be at the other end.
            let _ = self.voice.decode(packet, &mut voice);
        }
        voice.resize(length, 0);
        let echoes = echo.iter().any(|&s| s != 0);
        let frame = Frame::new(self.rate, mixed(&voice, &echo)).ok().filter(|f| own.is_some() || !f.is_silent());
        Ok((self.microphone.send(frame.as_ref())?, echoes))
    }
}

fn quieter(sample: i16, gain: f64) -> i16 {
    (f64::from(sample) * gain) as i16
}

fn mixed(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(&a, &b)| a.saturating_add(b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::babble::{BABBLE_RATE, babble, understand};
    use duologue_media::FRAME;

    const CODEC: Codec = Codec::L16 { rate: BABBLE_RATE };

    fn config(ms: u64, loss_db: f64) -> EchoConfig {
        EchoConfig { delay: (Duration::from_millis(ms), Duration::from_millis(ms)), loss_db: (loss_db, loss_db) }
    }

    /// What the far end sends while `far` is said to it and `near` is said there, and from when there was an echo.
    fn sent(echo: &mut Echo, far: &str, near: &str) -> (Vec<i16>, Option<Mono>) {
        let (far, near) = (babble(far, 140.0, 1.0), babble(near, 190.0, 1.0));
        let mut mouths = [Mouth::new(CODEC, BABBLE_RATE, 1), Mouth::new(CODEC, BABBLE_RATE, 2)];
        let (mut decoder, mut out, mut since) = (PacketDecoder::new(BABBLE_RATE), Vec::new(), None);
        for n in 0..150usize {
            let now = Mono::ZERO + FRAME * n as u32;
            let frame = |s: &[i16]| s.chunks_exact(320).nth(n).map(|c| Frame::new(BABBLE_RATE, c.to_vec()).unwrap());
            if let Some(packet) = mouths[0].send(frame(&far).as_ref()).unwrap() {
                echo.arrived(now, packet);
            }
            let own = mouths[1].send(frame(&near).as_ref()).unwrap();
            let (packet, echoes) = echo.add_to(now, own.as_ref()).unwrap();
            if echoes {
                since.get_or_insert(now);
            }
            match packet {
                Some(packet) => decoder.decode(&packet, &mut out).unwrap(),
                None => out.extend([0; 320]),
            }
        }
        (out, since)
    }

    #[test]
    fn what_is_said_comes_back_later_quieter_and_word_for_word() {
        let words = "my order has not arrived";
        let (back, since) = sent(&mut Echo::new(config(120, 20.0), Seed(1), CODEC), words, "");
        assert_eq!(understand(&back), words);
        // The loudspeaker's jitter buffer waits for 40 ms.
        assert_eq!(since, Some(Mono::from_millis(160)));
        let peak = |s: &[i16]| f64::from(s.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0));
        let ratio = peak(&back) / peak(&babble(words, 140.0, 1.0));
        assert!((0.09..0.11).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_voice_at_the_far_end_stays_as_it_is() {
        let words = "yes it came this morning";
        let (alone, since) = sent(&mut Echo::new(config(120, 20.0), Seed(1), CODEC), "", words);
        assert_eq!((understand(&alone).as_str(), since), (words, None));
        let (both, _) = sent(&mut Echo::new(config(120, 20.0), Seed(1), CODEC), "my order has not arrived", words);
        assert!(understand(&both).starts_with("yes it came"), "{}", understand(&both));
    }

    #[test]
    fn each_seed_draws_its_echo_from_the_range() {
        let drawn = |seed| Echo::new(EchoConfig::HANDS_FREE, Seed(seed), CODEC);
        for seed in 0..100 {
            let echo = drawn(seed);
            assert!((0.031..0.252).contains(&echo.gain), "{}", echo.gain);
            assert!((640..=2_560).contains(&echo.air.len()), "{}", echo.air.len());
            assert_eq!(echo.gain, drawn(seed).gain);
        }
    }
}
