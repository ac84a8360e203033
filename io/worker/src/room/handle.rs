use crate::net::server::Server;
use crate::net::{fresh, unix_millis};
use crate::room::driver::Driver;
use crate::room::error::{CallError, JoinError, PublishError, RoomError, RpcError};
use crate::room::event::{Participant, RoomEvent};
use crate::room::link;
use crate::room::options::{DataOptions, JoinOptions, PublishOptions, TextOptions};
use crate::room::signal::Setup;
use crate::room::texts;
use duologue_livekit_wire::proto::data_packet::Value;
use duologue_livekit_wire::proto::{ParticipantInfo, RpcRequest, UserPacket};
use duologue_media::Packet;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long media may take to come through.
const MEDIA: Duration = Duration::from_secs(10);
/// How long a server may take to agree to something.
const AGREE: Duration = Duration::from_secs(10);
/// How long somebody may take to accept a call (LiveKit's clients wait as long).
const ACCEPT: Duration = Duration::from_secs(7);
/// Events, commands and packets that may wait.
const EVENTS: usize = 2_048;
const COMMANDS: usize = 256;
const SOUND: usize = 256;

type Reply<T> = oneshot::Sender<T>;

/// What the handles ask of the room.
pub(crate) enum Command {
    Publish(PublishOptions, Reply<Result<(String, usize), PublishError>>),
    Mute(String, bool, Reply<Result<(), RoomError>>),
    Send { values: Vec<Value>, way: Way, reply: Reply<Result<(), RoomError>> },
    Describe { attributes: BTreeMap<String, String>, metadata: String, reply: Reply<Result<(), RoomError>> },
    Ask { request: RpcRequest, to: String, taken: Reply<()>, answer: Reply<Result<String, RpcError>> },
    Answer(Arc<Call>),
    People(Reply<Vec<Participant>>),
    Leave(Reply<()>),
}

/// How something is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    pub(crate) to: Vec<String>,
    pub(crate) lossy: bool,
    /// In whose name; one's own where that is empty.
    pub(crate) from: String,
}

impl Way {
    pub(crate) fn to(identity: &str) -> Way {
        Way { to: vec![identity.to_owned()], ..Way::default() }
    }

    fn of(options: &TextOptions) -> Way {
        Way { to: options.to.clone(), lossy: false, from: options.on_behalf_of.clone().unwrap_or_default() }
    }
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) to: String,
    pub(crate) id: String,
    pub(crate) answer: Result<String, RpcError>,
}

/// A packet on its way out.
pub(crate) struct Spoken {
    pub(crate) track: usize,
    pub(crate) packet: Packet,
    pub(crate) level: Option<u8>,
}

/// A room that was joined. Cheap to clone; once the last one is dropped, the room is left.
#[derive(Clone, Debug)]
pub struct Room {
    commands: mpsc::Sender<Command>,
    sound: mpsc::Sender<Spoken>,
    own: Arc<Own>,
}

#[derive(Debug)]
struct Own {
    participant: Participant,
    name: String,
    single: bool,
}

impl Room {
    /// Joins the room that the token names, and waits until media can flow. What happens comes as events, which have to
    /// be received all the time: where too many wait, the room is left.
    pub async fn join(
        server: &Server,
        token: &str,
        options: JoinOptions,
    ) -> Result<(Room, mpsc::Receiver<RoomEvent>), JoinError> {
        let addresses = link::addresses(server).await;
        let ours = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let setup = Setup { server: server.clone(), options, addresses };
        let joined = setup.join(token).await?;
        let own = own(&joined.response.participant, &joined.response.room, joined.subscriber.is_none());
        let (events, received) = mpsc::channel(EVENTS);
        let (commands, asked) = mpsc::channel(COMMANDS);
        let (sound, spoken) = mpsc::channel(SOUND);
        let (ready, is_ready) = oneshot::channel();
        let room = Room { commands: commands.clone(), sound, own: Arc::new(own) };
        let driver = Driver::new(setup, token, joined, (events, commands.downgrade(), ready));
        tokio::spawn(driver.run(asked, spoken));
        match timeout(MEDIA, is_ready).await {
            Ok(Ok(Ok(()))) => Ok((room, received)),
            Ok(Ok(Err(reason))) => Err(JoinError::SentAway(reason)),
            // Dropping the handles ends the driver.
            _ => Err(JoinError::NoMedia { url: server.url().to_owned(), ours, patience: MEDIA }),
        }
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        &self.own.name
    }

    /// Ourselves, as we joined.
    pub fn own(&self) -> &Participant {
        &self.own.participant
    }

    /// Whether media takes one connection instead of two.
    pub fn is_single(&self) -> bool {
        self.own.single
    }

    /// Everybody else in the room.
    pub async fn participants(&self) -> Result<Vec<Participant>, RoomError> {
        self.ask(Command::People).await
    }

    /// Publishes a track of sound, for as long as we are in the room.
    pub async fn publish(&self, options: PublishOptions) -> Result<Publication, PublishError> {
        let (reply, published) = oneshot::channel();
        let publish = Command::Publish(options, reply);
        self.commands.send(publish).await.map_err(|_| PublishError::Closed)?;
        let (sid, track) = match timeout(AGREE, published).await {
            Ok(Ok(published)) => published?,
            Ok(Err(_)) => return Err(PublishError::Closed),
            Err(_) => return Err(PublishError::Silent(AGREE.as_secs())),
        };
        Ok(Publication { sid, track, sound: self.sound.clone(), lost: Arc::default() })
    }

    /// Tells everybody that nothing comes on a track of ours at the moment, or that something does again.
    pub async fn mute(&self, track_sid: &str, muted: bool) -> Result<(), RoomError> {
        self.ask(|reply| Command::Mute(track_sid.to_owned(), muted, reply)).await?
    }

    /// Sends a message of at most 15,000 bytes.
    pub async fn send_data(&self, payload: Vec<u8>, options: DataOptions) -> Result<(), RoomError> {
        fits(payload.len())?;
        let user = UserPacket { payload, topic: options.topic, ..Default::default() };
        let way = Way { to: options.to, lossy: options.lossy, from: String::new() };
        self.send(vec![Value::User(user)], way).await
    }

    /// Sends a text as a stream.
    pub async fn send_text(&self, topic: &str, text: &str, options: TextOptions) -> Result<(), RoomError> {
        let stream = fresh("ST_");
        let mut header = texts::header(&stream, topic, &options.attributes, unix_millis());
        header.total_length = Some(text.len() as u64);
        let mut values = vec![Value::StreamHeader(header)];
        values.extend(texts::pieces(text).enumerate().map(|(i, piece)| texts::chunk(&stream, i as u64, piece)));
        values.push(texts::trailer(&stream, &BTreeMap::new()));
        self.send(values, Way::of(&options)).await
    }

    /// Begins a text that is written piece by piece.
    pub async fn open_text(&self, topic: &str, options: TextOptions) -> Result<TextWriter, RoomError> {
        let stream = fresh("ST_");
        let header = texts::header(&stream, topic, &options.attributes, unix_millis());
        let way = Way::of(&options);
        self.send(vec![Value::StreamHeader(header)], way.clone()).await?;
        Ok(TextWriter { room: self.clone(), stream, way, next: 0 })
    }

    /// Sets attributes of ours, such as `lk.agent.state`; an empty value removes one. The token has to grant
    /// `canUpdateOwnMetadata`.
    pub async fn set_attributes(&self, attributes: BTreeMap<String, String>) -> Result<(), RoomError> {
        self.describe(attributes, String::new()).await
    }

    /// Sets our metadata; an empty text leaves it as it is.
    pub async fn set_metadata(&self, metadata: &str) -> Result<(), RoomError> {
        self.describe(BTreeMap::new(), metadata.to_owned()).await
    }

    async fn describe(&self, attributes: BTreeMap<String, String>, metadata: String) -> Result<(), RoomError> {
        let described = self.ask(|reply| Command::Describe { attributes, metadata, reply });
        timeout(AGREE, described).await.map_err(|_| RoomError::Silent(AGREE.as_secs()))??
    }

    /// Calls a method of somebody, and waits for the answer.
    pub async fn call(&self, to: &str, method: &str, payload: &str, patience: Duration) -> Result<String, CallError> {
        fits(payload.len())?;
        let request = RpcRequest {
            id: fresh("RPC_"),
            method: method.to_owned(),
            payload: payload.to_owned(),
            response_timeout_ms: u32::try_from(patience.as_millis()).unwrap_or(u32::MAX),
            version: 1,
            ..Default::default()
        };
        let (taken, is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let ask = Command::Ask { request, to: to.to_owned(), taken, answer };
        self.commands.send(ask).await.map_err(|_| RoomError::Closed)?;
        let accept = ACCEPT.min(patience);
        match timeout(accept, is_taken).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(RoomError::Closed.into()),
            Err(_) => return Err(CallError::Unanswered(to.to_owned(), accept.as_secs())),
        }
        match timeout(patience, answered).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) => Err(RoomError::Closed.into()),
            Err(_) => Err(CallError::Late(to.to_owned(), patience.as_secs())),
        }
    }

    /// Leaves in order: everybody is told, and what was sent is on its way. Takes effect once, for all clones.
    pub async fn leave(&self) {
        // A room that is over was left already.
        let _ = self.ask(Command::Leave).await;
    }

    async fn send(&self, values: Vec<Value>, way: Way) -> Result<(), RoomError> {
        self.ask(|reply| Command::Send { values, way, reply }).await?
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, RoomError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| RoomError::Closed)?;
        answer.await.map_err(|_| RoomError::Closed)
    }
}

fn fits(len: usize) -> Result<(), RoomError> {
    if len > texts::PIECE_MAX { Err(RoomError::TooLong { len, max: texts::PIECE_MAX }) } else { Ok(()) }
}

fn own(participant: &Option<ParticipantInfo>, room: &Option<duologue_livekit_wire::proto::Room>, single: bool) -> Own {
    Own {
        participant: Participant::of(&participant.clone().unwrap_or_default()),
        name: room.as_ref().map(|room| room.name.clone()).unwrap_or_default(),
        single,
    }
}

/// A track of ours.
#[derive(Clone, Debug)]
pub struct Publication {
    sid: String,
    track: usize,
    sound: mpsc::Sender<Spoken>,
    lost: Arc<AtomicU64>,
}

impl Publication {
    /// Its sid when it was published; another one after [`RoomEvent::Reconnected`] anew.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Sends a packet of Opus; `level` is its loudness in dB below the loudest possible (0 to 127), by which others see
    /// who speaks. Does not wait: while the connection is away or overloaded, packets are lost, and counted.
    pub fn send(&self, packet: Packet, level: Option<u8>) {
        if self.sound.try_send(Spoken { track: self.track, packet, level }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Packets that found no room on this machine.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// A text that is being written. Dropping it without [`TextWriter::close`] leaves it open at the others'.
#[derive(Debug)]
pub struct TextWriter {
    room: Room,
    stream: String,
    way: Way,
    next: u64,
}

impl TextWriter {
    /// Writes more.
    pub async fn write(&mut self, text: &str) -> Result<(), RoomError> {
        let values: Vec<Value> =
            texts::pieces(text).zip(self.next..).map(|(piece, i)| texts::chunk(&self.stream, i, piece)).collect();
        self.next += values.len() as u64;
        self.room.send(values, self.way.clone()).await
    }

    /// Ends it.
    pub async fn close(self) -> Result<(), RoomError> {
        self.close_with(&BTreeMap::new()).await
    }

    /// Ends it, with attributes that were not known, or others, at its beginning.
    pub async fn close_with(self, attributes: &BTreeMap<String, String>) -> Result<(), RoomError> {
        self.room.send(vec![texts::trailer(&self.stream, attributes)], self.way.clone()).await
    }
}
