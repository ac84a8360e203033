//! Our own client as a peer of LiveKit's, for `tests/interop`, whose `peer.py` says what a peer does:
//! `cargo run --release --workspace --example peer -- '{"url": …, "token": …, "tone": 441, "others": {"anna": 882}, "patience": 30}'`.

#[path = "../tests/real/server.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod server;
#[path = "../tests/real/tone.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod tone;

use duologue_worker::{
    DataOptions, JoinOptions, PeerMode, PublishOptions, Room, RoomEvent, Server, TextOptions, TextState,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::interval;

const MESSAGES: u32 = 20;

/// What is asked of a peer.
#[derive(Deserialize)]
struct Asked {
    url: String,
    token: String,
    tone: f64,
    others: BTreeMap<String, f64>,
    patience: u64,
    single: Option<bool>,
}

/// What came from somebody.
#[derive(Clone, Debug, Default, Serialize)]
struct Got {
    tone: Option<f64>,
    reliable: Vec<u32>,
    lossy: u32,
    text: bool,
    call: Option<String>,
    #[serde(skip)]
    present: bool,
}

#[derive(Serialize, Deserialize)]
struct Message {
    from: String,
    number: u32,
}

/// What came from all others.
#[derive(Clone)]
struct Others(Arc<Mutex<BTreeMap<String, Got>>>);

impl Others {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Got>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, who: &str, change: impl FnOnce(&mut Got)) {
        if let Some(got) = self.all().get_mut(who) {
            change(got);
        }
    }

    /// Waits until it holds of all, as long as patience lasts.
    async fn until(&self, deadline: Instant, holds: impl Fn(&str, &Got) -> bool) {
        let mut again = interval(Duration::from_millis(50));
        while Instant::now() < deadline && !self.all().iter().all(|(who, got)| holds(who, got)) {
            again.tick().await;
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let asked: Asked = serde_json::from_str(&std::env::args().nth(1).ok_or("what is asked for, as JSON")?)?;
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(asked.patience);
    let peers = if asked.single == Some(false) { PeerMode::Dual } else { PeerMode::Auto };
    let server = Server::new(&asked.url)?;
    let (room, events) = Room::join(&server, &asked.token, JoinOptions { peers, ..Default::default() }).await?;
    let connect_ms = begun.elapsed().as_millis();
    let others = Others(Arc::new(Mutex::new(asked.others.keys().map(|who| (who.clone(), Got::default())).collect())));
    tokio::spawn(notice(events, others.clone()));
    let _tone = tone::Tone::start(room.publish(PublishOptions::default()).await?, asked.tone);
    others.until(deadline, |_, got| got.present).await;
    send(&room, &others).await?;
    others
        .until(deadline, |who, got| {
            let near = |tone: f64| asked.others.get(who).is_some_and(|expected| (tone - expected).abs() < 10.0);
            got.tone.is_some_and(near)
                && got.reliable.len() >= MESSAGES as usize
                && got.lossy > 0
                && got.text
                && got.call.is_some()
        })
        .await;
    println!("{}", json!({ "connect_ms": connect_ms, "others": *others.all() }));
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    room.leave().await;
    Ok(())
}

/// Notes what arrives.
async fn notice(mut events: mpsc::Receiver<RoomEvent>, others: Others) {
    while let Some(event) = events.recv().await {
        match event {
            RoomEvent::Audio(mut audio) => {
                let (who, others) = (audio.participant.identity.clone(), others.clone());
                others.note(&who, |got| got.present = true);
                tokio::spawn(async move {
                    let hertz = tone::loudest(&mut audio).await;
                    others.note(&who, |got| got.tone = Some(hertz));
                    while audio.packets.recv().await.is_some() {}
                });
            }
            RoomEvent::Data { payload, reliable, .. } => {
                if let Ok(message) = serde_json::from_slice::<Message>(&payload) {
                    others.note(&message.from, |got| match reliable {
                        true => got.reliable.push(message.number),
                        false => got.lossy += 1,
                    });
                }
            }
            RoomEvent::Text(text) if text.topic == "interop" && text.state == TextState::Complete => {
                others.note(&text.from, |got| got.text = text.text == long_text());
            }
            RoomEvent::Called(call) if call.method == "double" => {
                let doubled = call.payload.repeat(2);
                call.answer(Ok(doubled));
            }
            _ => {}
        }
    }
}

/// Sends everything once: what is reliable arrives though it is not repeated.
async fn send(room: &Room, others: &Others) -> Result<(), Box<dyn Error>> {
    let from = room.own().identity.clone();
    for number in 0..MESSAGES {
        let message = serde_json::to_vec(&Message { from: from.clone(), number })?;
        for lossy in [false, true] {
            let options = DataOptions { topic: Some("interop".into()), lossy, ..Default::default() };
            room.send_data(message.clone(), options).await?;
        }
    }
    let options = TextOptions { attributes: [("from".to_owned(), from)].into(), ..Default::default() };
    room.send_text("interop", &long_text(), options).await?;
    let known: Vec<String> = others.all().keys().cloned().collect();
    for who in known {
        let answer = room.call(&who, "double", "ha", Duration::from_secs(10)).await;
        others.note(&who, |got| got.call = Some(answer.unwrap_or_else(|error| error.to_string())));
    }
    Ok(())
}

fn long_text() -> String {
    "Grüße aus der Küche. ".repeat(1_000)
}
