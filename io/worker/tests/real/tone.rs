//! Tones that go out, and the loudest frequency in what comes in.

use duologue_media::{Codec, Frame, Mouth, PacketDecoder};
use duologue_worker::{Publication, RemoteAudio, RoomEvent};
use realfft::RealFftPlanner;
use std::f64::consts::TAU;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::server::{PATIENCE, wait};

const RATE: u32 = 48_000;
/// Samples that are looked at: a third of a second, so that a bin is 3 Hz wide.
const WINDOW: usize = 16_384;

/// Sends a tone until it is dropped.
pub(crate) struct Tone(JoinHandle<()>);

impl Tone {
    pub(crate) fn start(publication: Publication, hertz: f64) -> Tone {
        Tone(tokio::spawn(async move {
            let mut mouth = Mouth::new(Codec::Opus, RATE, 7);
            let mut frames = interval(Duration::from_millis(20));
            for at in (0u64..).step_by(960) {
                frames.tick().await;
                let sample = |n: u64| (8_000.0 * (TAU * hertz * (at + n) as f64 / f64::from(RATE)).sin()) as i16;
                let frame = Frame::new(RATE, (0..960).map(sample).collect()).expect("a frame");
                if let Some(packet) = mouth.send(Some(&frame)).expect("coded") {
                    publication.send(packet, Some(20));
                }
            }
        }))
    }
}

impl Drop for Tone {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The sound of somebody, once it is there.
pub(crate) async fn audio_of(events: &mut mpsc::Receiver<RoomEvent>, identity: &str) -> RemoteAudio {
    wait(events, |event| match event {
        RoomEvent::Audio(audio) if audio.participant.identity == identity => Some(audio),
        RoomEvent::Audio(other) => panic!("heard {}", other.participant.identity),
        _ => None,
    })
    .await
}

/// The loudest frequency in the next second and a bit.
pub(crate) async fn loudest(audio: &mut RemoteAudio) -> f64 {
    let mut decoder = PacketDecoder::new(RATE);
    let mut heard = Vec::new();
    while heard.len() < WINDOW * 3 {
        let next = timeout(PATIENCE, audio.packets.recv()).await.expect("in time").expect("the track goes on");
        decoder.decode(&next.packet, &mut heard).expect("Opus");
    }
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(WINDOW);
    let mut sound: Vec<f64> = heard[heard.len() - WINDOW..].iter().map(|s| f64::from(*s)).collect();
    let mut spectrum = transform.make_output_vec();
    transform.process(&mut sound, &mut spectrum).expect("a spectrum");
    let loudest = spectrum.iter().map(|bin| bin.norm_sqr()).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    loudest.expect("bins").0 as f64 * f64::from(RATE) / WINDOW as f64
}

pub(crate) fn assert_near(heard: f64, hertz: f64) {
    assert!((heard - hertz).abs() < 6.0, "heard {heard} Hz instead of {hertz}");
}
