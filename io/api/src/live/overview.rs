//! Everything that goes on: all rooms with who is in them, and the conversations that are being held.

use super::{Feed, Registry, RoomState, Told, Watch, room};
use crate::conversations::Brief;
use crate::model::{Levels, Overview, RoomBrief};
use crate::platform::{Platform, Rooms};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// How often the server is asked which rooms there are, and the disk which conversations.
const LOOK: Duration = Duration::from_secs(2);
/// How often what is in the rooms is told.
const TELL: Duration = Duration::from_millis(150);
/// Rooms that are looked into; others are listed.
const ROOMS: usize = 16;

/// What is known of everything; nothing (version 0) is told.
#[derive(Debug, Default)]
pub(crate) struct OverviewState {
    version: u64,
    overview: Overview,
    levels: BTreeMap<String, Levels>,
}

impl Feed for OverviewState {
    fn version(&self) -> u64 {
        self.version
    }

    fn since(&self, version: u64) -> Vec<Told> {
        if self.version > version { vec![Told::new("overview", &self.overview)] } else { Vec::new() }
    }

    fn passing(&self) -> Option<Told> {
        (!self.levels.is_empty()).then(|| Told::new("levels", &self.levels))
    }

    fn is_over(&self) -> bool {
        false
    }
}

/// Keeps it until nobody watches.
pub(crate) async fn keep(platform: Platform, state: watch::Sender<OverviewState>) {
    let mut inside = Inside::default();
    let (mut looks, mut tells) = (interval(LOOK), interval(TELL));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tells.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = Overview::default();
    let mut looked = false;
    loop {
        tokio::select! {
            biased;
            _ = looks.tick() => {
                known = look(&platform).await;
                inside.enter(&known.rooms, platform.rooms(), &platform.watches().rooms);
                looked = true;
            }
            _ = tells.tick(), if looked => {
                for room in &mut known.rooms {
                    inside.fill(room);
                }
                let levels = inside.levels();
                state.send_if_modified(|state| tell(state, &known, levels));
            }
        }
    }
}

fn tell(state: &mut OverviewState, known: &Overview, levels: BTreeMap<String, Levels>) -> bool {
    let is_new = state.version == 0 || state.overview != *known;
    if is_new {
        state.version += 1;
        state.overview.clone_from(known);
    }
    let sounds = state.levels != levels;
    state.levels = levels;
    is_new || sounds
}

async fn look(platform: &Platform) -> Overview {
    let api = platform.rooms().api();
    let (listed, running) = tokio::join!(
        api.list_rooms(&[]),
        platform.on_disk(|archive| Ok(archive.running().iter().map(Brief::of).collect::<Vec<_>>()))
    );
    let (mut rooms, problem) = match listed {
        Ok(rooms) => (rooms.iter().map(RoomBrief::from).collect::<Vec<_>>(), None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    rooms.sort_by(|a, b| (b.created_at, &a.name).cmp(&(a.created_at, &b.name)));
    Overview { rooms, conversations: running.unwrap_or_default(), agents: platform.agents(), problem }
}

/// The rooms that are looked into.
#[derive(Default)]
struct Inside(BTreeMap<String, Arc<Watch<RoomState>>>);

impl Inside {
    fn enter(&mut self, rooms: &[RoomBrief], server: &Rooms, watches: &Registry<RoomState>) {
        let wanted = || rooms.iter().take(ROOMS).map(|room| room.name.as_str());
        self.0.retain(|name, _| wanted().any(|wanted| wanted == name));
        for name in wanted() {
            self.0.insert(name.to_owned(), room::watch(watches, server, name));
        }
    }

    fn fill(&self, room: &mut RoomBrief) {
        if let Some(watch) = self.0.get(&room.name) {
            let state = watch.state.borrow();
            room.participants = state.participants();
            room.num_participants = u32::try_from(room.participants.len()).unwrap_or(u32::MAX);
        }
    }

    fn levels(&self) -> BTreeMap<String, Levels> {
        let each = self.0.iter().map(|(name, watch)| (name.clone(), Levels(watch.state.borrow().levels().clone())));
        each.filter(|(_, levels)| !levels.0.is_empty()).collect()
    }
}
