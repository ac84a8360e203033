//! The conversation of two agents in a room, from its creation to its removal.

mod clock;
mod error;
mod follow;
mod foreign;
mod observer;
mod seat;
mod timeline;

use crate::brief::{Brief, Conductor, Wanted};
use crate::venue::Venue;
use duologue_conversation::scenario::Side;
use duologue_conversation::{Dossier, Keeper, Progress, Recognisers, Summary, index};
use duologue_livekit_wire::proto::CreateRoomRequest;
use duologue_livekit_wire::token::{self, VideoGrants};
use duologue_models::Quote;
use duologue_voice::{CloseReason, Limits};
use duologue_worker::{Api, JoinOptions, Kind, Room};
pub use error::ConductError;
use follow::Following;
use observer::{Guest, Observer};
use seat::Seat;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::{MissedTickBehavior, interval};

const SIDES: [Side; 2] = [Side::Support, Side::Customer];
/// How often a conversation that is under way is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often the server is asked what became of the dispatches.
const ASK: Duration = Duration::from_millis(250);
/// A room is kept open for so much longer than its conversation may last: agents do not count, and a server closes one
/// without anybody else when `empty_timeout` has passed since its creation.
const SPARE: Duration = Duration::from_secs(300);
/// How long the recorder's token is valid; the server renews it.
const TOKEN: Duration = Duration::from_secs(3_600);

/// A conversation that is to be held in a room.
pub struct RoomConversation {
    /// What is kept of it.
    pub dossier: Dossier,
    /// What models cost, by stage, of the support agent and of the customer.
    pub prices: [BTreeMap<String, Quote>; 2],
    /// When it is over.
    pub limits: Limits,
    /// Where.
    pub venue: Venue,
    /// The room's name.
    pub room: String,
    /// The names that are dispatched, of the support agent and of the customer.
    pub agent_names: [String; 2],
    /// What their dispatches say.
    pub briefs: [Brief; 2],
    /// How long both may take to come.
    pub join: Duration,
    /// Who listens to the recorded voices when it is over, where anybody does.
    pub recognisers: Option<Recognisers>,
}

/// What happens on the way to a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The room is there.
    RoomCreated {
        /// Its name.
        room: String,
    },
    /// An agent was asked for.
    Dispatched {
        /// Whose side.
        side: Side,
        /// Under which name.
        agent_name: String,
    },
    /// No worker serves that name at the moment; it is tried again.
    NoWorker {
        /// Whose side.
        side: Side,
        /// The name.
        agent_name: String,
    },
    /// A worker took the job and failed; it is tried again.
    JobFailed {
        /// Whose side.
        side: Side,
        /// The worker's words.
        error: String,
    },
    /// An agent is there and can be heard.
    Joined {
        /// Whose side.
        side: Side,
    },
    /// Both were told to begin.
    Started,
}

/// For those who follow live.
#[derive(Clone, Debug)]
pub enum Seen {
    /// On the way there.
    Step(Step),
    /// In the conversation.
    Progress(Progress),
}

/// Who is told.
pub type Watcher = Arc<dyn Fn(Seen) + Send + Sync>;

/// Holds a conversation: creates the room, dispatches both agents, waits until both are there, lets them begin, follows and
/// records, ends it in order, keeps what came of it, and removes the room. Setting `cancel` ends it in order.
///
/// # Errors
/// The server, or the disk. An agent that did not come is no error here: the summary says so, as it says why any other
/// conversation failed.
pub async fn hold(
    config: RoomConversation,
    cancel: Arc<AtomicBool>,
    watcher: Watcher,
) -> Result<Summary, ConductError> {
    let api = config.venue.server.api(&config.venue.key, config.venue.secret.expose());
    let room = config.room.clone();
    let refused = |why| ConductError::Server { room: room.clone(), why };
    api.create_room(new_room(&config)).await.map_err(refused)?;
    watcher(Seen::Step(Step::RoomCreated { room: room.clone() }));
    let held = conduct(config, &api, &cancel, &watcher).await;
    // Nobody needs it any longer; a server that is gone has removed it itself.
    if let Err(error) = api.delete_room(&room).await {
        tracing::debug!(%error, room, "the room could not be removed");
    }
    held
}

async fn conduct(
    config: RoomConversation,
    api: &Api,
    cancel: &AtomicBool,
    watcher: &Watcher,
) -> Result<Summary, ConductError> {
    let keys = SIDES.map(|_| fresh_key());
    let mut observer = enter(&config, &keys).await?;
    let tell = watcher.clone();
    let keeper = Keeper::open(&config.dossier, move |progress| tell(Seen::Progress(progress)))?;
    let mut seats = seats(&config, keys);
    let came = gather(&config, (api, &mut observer, &mut seats), cancel, watcher).await;
    let mut following = Following::new(keeper, &config);
    match came {
        Ok(true) => {
            for side in SIDES {
                observer.order(index(side), Wanted::Start).await;
            }
            watcher(Seen::Step(Step::Started));
            following.follow(&mut observer, cancel).await;
        }
        Ok(false) => following.never_began(CloseReason::Cancelled, None),
        Err(missing) => following.never_began(CloseReason::AgentJoinTimeout, Some(missing)),
    }
    following.end(&mut observer).await;
    for id in seats.iter().filter_map(Seat::dispatch_id) {
        // The job of an agent that is not ours ends by it.
        drop(api.delete_dispatch(&config.room, id).await);
    }
    observer.leave().await;
    let folder = config.dossier.folder.clone();
    // Measuring reads the whole recording.
    let concluded = tokio::task::spawn_blocking(move || following.conclude(config.prices, config.recognisers));
    Ok(concluded.await.map_err(|_| ConductError::Defect { folder })??)
}

fn new_room(config: &RoomConversation) -> CreateRoomRequest {
    let open = config.limits.duration.saturating_add(config.join).saturating_add(SPARE);
    CreateRoomRequest {
        name: config.room.clone(),
        empty_timeout: u32::try_from(open.as_secs()).unwrap_or(u32::MAX),
        departure_timeout: u32::try_from(SPARE.as_secs()).unwrap_or(u32::MAX),
        ..Default::default()
    }
}

/// Joins as a recorder that nobody sees.
async fn enter(config: &RoomConversation, keys: &[String; 2]) -> Result<Observer, ConductError> {
    let Venue { server, key, secret } = &config.venue;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut claims = token::claims(key, &recorder(config), now, TOKEN);
    claims.name = "recorder".to_owned();
    claims.video = VideoGrants {
        room_join: true,
        room: config.room.clone(),
        hidden: true,
        can_publish: Some(false),
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        ..Default::default()
    };
    let token = token::sign(&claims, secret.expose())?;
    let hears = vec![Kind::Standard, Kind::Sip, Kind::Connector, Kind::Agent];
    let options = JoinOptions { hears, ..JoinOptions::default() };
    let joined = Room::join(server, &token, options).await;
    let (room, events) = joined.map_err(|why| ConductError::Recorder { room: config.room.clone(), why })?;
    Ok(Observer::new(room, events, keys.each_ref().map(|key| Guest::of(key))))
}

fn recorder(config: &RoomConversation) -> String {
    format!("recorder-{}", config.dossier.id)
}

fn seats(config: &RoomConversation, keys: [String; 2]) -> [Seat; 2] {
    let mut keys = keys.into_iter();
    SIDES.map(|side| {
        let conductor = Conductor { identity: recorder(config), key: keys.next().unwrap_or_default() };
        let brief = Brief { conductor: Some(conductor), ..config.briefs[index(side)].clone() };
        Seat::new(side, &config.agent_names[index(side)], brief.write())
    })
}

/// Dispatches both agents and waits for them; `false` where somebody stopped it, and what is missing where the time is up.
async fn gather(
    config: &RoomConversation,
    (api, observer, seats): (&Api, &mut Observer, &mut [Seat; 2]),
    cancel: &AtomicBool,
    watcher: &Watcher,
) -> Result<bool, String> {
    let began = Instant::now();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked: Option<Instant> = None;
    let mut told = [false; 2];
    loop {
        look.tick().await;
        observer.pump();
        if cancel.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let open = seats.iter().any(|seat| !observer.is_ready(index(seat.side)));
        if open && asked.is_none_or(|at| at.elapsed() >= ASK) {
            asked = Some(Instant::now());
            if let Err(why) = arrange(config, (api, observer, seats), watcher).await {
                tracing::debug!(%why, "the server could not be asked about dispatches");
            }
        }
        take_seats(observer, seats);
        for side in SIDES {
            if observer.is_ready(index(side)) && !std::mem::replace(&mut told[index(side)], true) {
                watcher(Seen::Step(Step::Joined { side }));
            }
        }
        if told == [true; 2] {
            return Ok(true);
        }
        if let Some(why) = &observer.closed {
            return Err(format!("the room {} ended before both agents were there: {why}", config.room));
        }
        if began.elapsed() >= config.join {
            return Err(missing(seats, observer, began.elapsed()));
        }
    }
}

/// Gives those their seats who are in the room already.
fn take_seats(observer: &mut Observer, seats: &mut [Seat; 2]) {
    let same_name = seats[0].agent_name == seats[1].agent_name;
    for seat in seats {
        let place = index(seat.side);
        let by_name = || if same_name { None } else { observer.find(&seat.agent_name) };
        if let Some(identity) = observer.reporter(place).or_else(by_name) {
            seat.came(identity.clone());
            observer.seat(place, Some(&identity));
        }
    }
}

/// Makes the dispatches that are due, and looks at those that were made.
async fn arrange(
    config: &RoomConversation,
    (api, observer, seats): (&Api, &mut Observer, &mut [Seat; 2]),
    watcher: &Watcher,
) -> Result<(), duologue_worker::ApiError> {
    for seat in seats.iter_mut() {
        if let Some(step) = seat.dispatch(api, &config.room).await? {
            watcher(Seen::Step(step));
        }
    }
    let dispatches = api.list_dispatches(&config.room).await?;
    for seat in seats.iter_mut() {
        let (step, useless) = seat.look(&dispatches);
        if let Some(step) = step {
            watcher(Seen::Step(step));
        }
        if let Some(id) = useless {
            drop(api.delete_dispatch(&config.room, &id).await);
        }
        observer.seat(index(seat.side), seat.identity.as_deref());
    }
    Ok(())
}

/// Who did not come, for people.
fn missing(seats: &[Seat; 2], observer: &Observer, waited: Duration) -> String {
    let each = seats.iter().filter_map(|seat| {
        let place = index(seat.side);
        seat.missing(&observer.guests[place], &observer.guests[1 - place], waited)
    });
    let told = each.collect::<Vec<_>>().join("; ");
    format!("{told}\n  help: `duologue doctor` looks at the server; `--join-timeout` gives agents more time")
}

/// Nobody can guess it.
fn fresh_key() -> String {
    use std::hash::{BuildHasher, RandomState};
    // Keyed anew by the system's randomness each time.
    let number = || RandomState::new().hash_one("conductor");
    format!("{:016x}{:016x}", number(), number())
}
