//! A local double of the Realtime API, well-behaved or not. It checks what it is sent as the real one does, and its time
//! is the sound that it hears: replies come three times as fast as that.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// The protocol's rate, and samples of a millisecond.
const RATE: usize = 24_000;
const MS: usize = RATE / 1_000;
/// Silence that ends what it hears, unless it is told another.
const SILENCE_MS: u64 = 500;
/// Sound of a reply comes in pieces of 60 ms.
const PIECE: usize = 60 * MS;

/// How it behaves.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// Answers the upgrade with this status and body.
    pub(crate) refuse: Option<(u16, &'static str)>,
    /// Answers the settings with this in place of taking them.
    pub(crate) unsettled: Option<Trouble>,
    /// One for each `response.create`, in order; after the last one it says nothing.
    pub(crate) replies: Vec<Reply>,
    /// What it makes of each stretch of speech, in order; after the last one nothing.
    pub(crate) transcripts: Vec<&'static str>,
}

/// An answer to `response.create`.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Words, and their sound at 24 kHz.
    Speech(&'static str, Vec<i16>),
    /// A tool call.
    Call(Value),
    /// It fails, for this reason.
    Failed(&'static str),
    Trouble(Trouble),
}

/// What servers do now and then.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// Sends this text, whatever it is.
    Text(String),
    Close(&'static str),
    /// Drops the connection without a goodbye.
    Break,
    /// Neither reads nor answers any more.
    Hang,
}

/// What it was sent.
#[derive(Default)]
pub(crate) struct Log {
    /// The path and query of the upgrade, and its headers.
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) connections: usize,
    /// Everything but sound.
    pub(crate) sent: Vec<Value>,
    /// Milliseconds of sound.
    pub(crate) heard_ms: usize,
    /// What the real one would have refused.
    pub(crate) faults: Vec<String>,
    /// The connection was closed by the client.
    pub(crate) gone: bool,
}

impl Log {
    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        self.sent.iter().filter(|m| m["type"] == kind).collect()
    }
}

pub(crate) struct Double {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Double {
    pub(crate) async fn start(plan: Plan) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let log = Arc::new(Mutex::new(Log::default()));
        let shared = log.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, plan.clone(), shared.clone()));
            }
        });
        Double { address, log }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no test panics with the lock")
    }
}

async fn serve(stream: TcpStream, plan: Plan, log: Arc<Mutex<Log>>) {
    let refuse = plan.refuse;
    let note = log.clone();
    #[allow(clippy::result_large_err, reason = "the library's own signature")]
    let look = move |request: &Request, response: Response| {
        let mut log = note.lock().expect("no test panics with the lock");
        log.connections += 1;
        log.path = request.uri().to_string();
        let key = request.headers().get("authorization").and_then(|v| v.to_str().ok());
        log.authorization = key.unwrap_or_default().to_string();
        match refuse {
            None => Ok(response),
            Some((status, body)) => {
                let mut refusal = ErrorResponse::new(Some(body.to_string()));
                *refusal.status_mut() = status.try_into().expect("a status");
                Err(refusal)
            }
        }
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, look).await else { return };
    let mut session = Session {
        socket,
        plan,
        log,
        silence_ms: SILENCE_MS,
        pending: Vec::new(),
        silent: 0,
        speaking: false,
        stretches: 0,
        responses: 0,
        active: None,
        items: BTreeMap::new(),
    };
    session.run().await;
}

struct Session {
    socket: WebSocketStream<TcpStream>,
    plan: Plan,
    log: Arc<Mutex<Log>>,
    silence_ms: u64,
    /// To be sent.
    pending: Vec<Value>,
    /// Samples of silence in a row.
    silent: usize,
    speaking: bool,
    stretches: usize,
    responses: usize,
    active: Option<Active>,
    /// Milliseconds of sound of each message, and `None` for other items.
    items: BTreeMap<String, Option<usize>>,
}

struct Active {
    id: String,
    item: String,
    metadata: Value,
    words: VecDeque<&'static str>,
    sound: VecDeque<Vec<i16>>,
}

impl Session {
    async fn run(&mut self) {
        self.push(json!({ "type": "session.created", "session": { "type": "realtime" } }));
        self.flush().await;
        while let Some(Ok(message)) = self.socket.next().await {
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).expect("the client sends JSON");
            if let Some(trouble) = self.take(message) {
                match trouble {
                    Trouble::Text(text) => drop(self.socket.send(Message::Text(text.into())).await),
                    Trouble::Close(reason) => {
                        let frame = CloseFrame { code: CloseCode::Normal, reason: reason.into() };
                        drop(self.socket.close(Some(frame)).await);
                    }
                    Trouble::Break => return,
                    Trouble::Hang => std::future::pending().await,
                }
            }
            self.flush().await;
        }
        self.log.lock().expect("no test panics with the lock").gone = true;
    }

    fn push(&mut self, message: Value) {
        self.pending.push(message);
    }

    async fn flush(&mut self) {
        for message in std::mem::take(&mut self.pending) {
            drop(self.socket.send(Message::Text(message.to_string().into())).await);
        }
    }

    /// The real one answers an error and goes on; a test wants to know.
    fn fault(&mut self, message: &Value, why: &str, code: &str) {
        let what = format!("{}: {why}", message["type"]);
        self.log.lock().expect("no test panics with the lock").faults.push(what);
        self.error(message, why, code);
    }

    fn error(&mut self, message: &Value, why: &str, code: &str) {
        let event_id = &message["event_id"];
        let error = json!({ "type": "invalid_request_error", "code": code, "message": why, "event_id": event_id });
        self.push(json!({ "type": "error", "error": error }));
    }

    fn take(&mut self, message: Value) -> Option<Trouble> {
        let kind = message["type"].as_str().unwrap_or_default().to_string();
        if kind != "input_audio_buffer.append" {
            self.log.lock().expect("no test panics with the lock").sent.push(message.clone());
        }
        match kind.as_str() {
            "session.update" => return self.settle(&message),
            "input_audio_buffer.append" => self.hear(&message),
            "input_audio_buffer.commit" => self.commit(),
            "response.create" => return self.create(&message),
            "response.cancel" => self.cancel(&message),
            "conversation.item.truncate" => self.truncate(&message),
            "conversation.item.delete" => {
                let id = message["item_id"].as_str().unwrap_or_default();
                match self.items.remove(id) {
                    Some(_) => self.push(json!({ "type": "conversation.item.deleted", "item_id": id })),
                    None => self.fault(&message, "no such item", "item_delete_invalid_item_id"),
                }
            }
            "conversation.item.create" => {
                self.push(json!({ "type": "conversation.item.added", "item": message["item"] }))
            }
            _ => self.fault(&message, "no such event", "unknown_event"),
        }
        None
    }

    fn settle(&mut self, message: &Value) -> Option<Trouble> {
        let session = &message["session"];
        let pcm = json!({ "type": "audio/pcm", "rate": RATE });
        let detector = session["audio"]["input"]["turn_detection"].clone();
        if session["type"] != "realtime"
            || session["output_modalities"] != json!(["audio"])
            || session["audio"]["input"]["format"] != pcm
            || session["audio"]["output"]["format"] != pcm
            || detector["create_response"] != false
            || detector["interrupt_response"] != false
        {
            self.fault(message, "these settings are wrong", "invalid_value");
        }
        self.silence_ms = detector["silence_duration_ms"].as_u64().unwrap_or(SILENCE_MS);
        if self.plan.unsettled.is_none() {
            self.push(json!({ "type": "session.updated", "session": session }));
        }
        self.plan.unsettled.take()
    }

    /// Its detector goes by loudness.
    fn hear(&mut self, message: &Value) {
        let bytes = STANDARD.decode(message["audio"].as_str().unwrap_or_default()).unwrap_or_default();
        if bytes.is_empty() || bytes.len() % 2 == 1 {
            return self.fault(message, "no 16-bit samples in Base64", "invalid_audio");
        }
        let samples: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        self.log.lock().expect("no test panics with the lock").heard_ms += samples.len() / MS;
        let loud = samples.iter().any(|s| s.unsigned_abs() > 1_000);
        self.silent = if loud { 0 } else { self.silent + samples.len() };
        if loud && !self.speaking {
            self.speaking = true;
            let item = format!("item_u{}", self.stretches + 1);
            self.push(json!({ "type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": item }));
        } else if self.speaking && (self.silent / MS) as u64 >= self.silence_ms {
            self.push(json!({ "type": "input_audio_buffer.speech_stopped", "audio_end_ms": 0 }));
            self.commit();
        }
        self.speak(samples.len() * 3);
    }

    fn commit(&mut self) {
        self.speaking = false;
        self.stretches += 1;
        let item = format!("item_u{}", self.stretches);
        self.items.insert(item.clone(), None);
        self.push(json!({ "type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": null }));
        let transcript = self.plan.transcripts.get(self.stretches - 1).copied().unwrap_or_default();
        self.push(json!({
            "type": "conversation.item.input_audio_transcription.completed", "item_id": item, "content_index": 0,
            "transcript": transcript, "usage": { "type": "duration", "seconds": 1 },
        }));
    }

    fn create(&mut self, message: &Value) -> Option<Trouble> {
        if self.active.is_some() {
            self.fault(message, "there is one already", "conversation_already_has_active_response");
            return None;
        }
        let reply = self.plan.replies.get(self.responses).cloned();
        self.responses += 1;
        let (id, item) = (format!("resp_{}", self.responses), format!("item_a{}", self.responses));
        let metadata = message["response"]["metadata"].clone();
        let begun = json!({ "type": "response.created", "response": { "id": id, "status": "in_progress", "metadata": metadata } });
        let done = |status: &str, details: Value| {
            json!({ "type": "response.done", "response": {
                "id": id, "status": status, "status_details": details, "metadata": metadata,
            }})
        };
        match reply {
            Some(Reply::Trouble(trouble)) => return Some(trouble),
            None => self.pending.extend([begun, done("completed", Value::Null)]),
            Some(Reply::Failed(why)) => {
                let error = json!({ "type": "server_error", "code": null, "message": why });
                self.pending.extend([begun, done("failed", json!({ "type": "failed", "error": error }))]);
            }
            Some(Reply::Call(call)) => {
                self.items.insert(item.clone(), None);
                let item = json!({
                    "id": item, "type": "function_call", "call_id": call["call_id"], "name": call["name"],
                    "arguments": call["arguments"].to_string(),
                });
                let item = json!({ "type": "response.output_item.done", "response_id": id, "item": item });
                self.pending.extend([begun, item, done("completed", Value::Null)]);
            }
            Some(Reply::Speech(words, sound)) => {
                self.items.insert(item.clone(), Some(0));
                let added = json!({ "id": item, "type": "message", "role": "assistant" });
                self.push(begun);
                self.push(json!({ "type": "response.output_item.added", "response_id": id, "item": added }));
                let sound = sound.chunks(PIECE).map(<[i16]>::to_vec).collect();
                let words = words.split_inclusive(' ').collect();
                self.active = Some(Active { id, item, metadata, words, sound });
                // The first words come at once.
                self.speak(PIECE);
            }
        }
        None
    }

    /// Goes on with a reply for so many samples.
    fn speak(&mut self, samples: usize) {
        let Some(active) = &mut self.active else { return };
        let (id, item) = (active.id.clone(), active.item.clone());
        let event = |kind: &str, delta: Value| {
            json!({
                "type": format!("response.output_audio{kind}"), "response_id": id, "item_id": item, "output_index": 0,
                "content_index": 0, "delta": delta,
            })
        };
        let mut left = samples;
        while let Some(piece) = active.sound.front().filter(|p| p.len() <= left.max(PIECE)) {
            left = left.saturating_sub(piece.len());
            let bytes: Vec<u8> = piece.iter().flat_map(|s| s.to_le_bytes()).collect();
            // Words run ahead of their sound.
            let ahead = active.words.len().div_ceil(active.sound.len());
            let words = active.words.drain(..ahead).map(|w| event("_transcript.delta", json!(w)));
            self.pending.extend(words);
            self.pending.push(event(".delta", json!(STANDARD.encode(bytes))));
            if let Some(Some(ms)) = self.items.get_mut(&item) {
                *ms += piece.len() / MS;
            }
            active.sound.pop_front();
            if left == 0 {
                break;
            }
        }
        if active.sound.is_empty() {
            self.pending.push(event(".done", Value::Null));
            self.finish("completed");
        }
    }

    fn finish(&mut self, status: &str) {
        let Some(Active { id, metadata, .. }) = self.active.take() else { return };
        let usage = json!({ "input_tokens": 100, "output_tokens": 50, "input_token_details": { "cached_tokens": 60 } });
        let response = json!({ "id": id, "status": status, "metadata": metadata, "usage": usage });
        self.push(json!({ "type": "response.done", "response": response }));
    }

    fn cancel(&mut self, message: &Value) {
        match &self.active {
            Some(active) if message["response_id"].is_null() || message["response_id"] == json!(active.id) => {
                self.finish("cancelled");
            }
            // It may have been done meanwhile: no fault.
            _ => self.error(message, "there is none", "response_cancel_not_active"),
        }
    }

    fn truncate(&mut self, message: &Value) {
        let (id, ms) = (message["item_id"].as_str().unwrap_or_default(), message["audio_end_ms"].as_u64());
        let length = self.items.get(id).copied().flatten();
        match (length, ms) {
            (Some(length), Some(ms)) if ms > 0 && ms <= length as u64 && message["content_index"] == 0 => {
                self.push(json!({ "type": "conversation.item.truncated", "item_id": id, "audio_end_ms": ms }));
            }
            _ => self.fault(message, &format!("there are {length:?} ms, not {ms:?}"), "invalid_value"),
        }
    }
}
