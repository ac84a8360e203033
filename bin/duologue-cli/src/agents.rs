//! `duologue agent`: a worker whose jobs are an agent of a file.

use crate::args::AgentCommand;
use crate::output::{Exit, Failure, note, note_error, print};
use duologue_agents::{Served, Stage, Venue, agent_schema, names, text_of};
use duologue_providers::Settings;
use duologue_worker::{Standing, Worker};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// What a worker logs where DUOLOGUE_LOG says nothing.
pub(crate) const LOGGED: &str = "duologue=info,duologue_agents=info,duologue_worker=info,duologue_conversation=info";
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Whether a command needs no settings.
pub(crate) fn is_about_files(command: &AgentCommand) -> bool {
    matches!(command, AgentCommand::Show { .. } | AgentCommand::Schema)
}

pub(crate) fn show(command: &AgentCommand) -> Result<Exit, Failure> {
    match command {
        AgentCommand::Show { agent } => match text_of(agent) {
            Some(text) => print(text.trim_end()),
            None => return Err(format!("no agent `{agent}` comes with Duologue\n  help: there are {}", known()).into()),
        },
        _ => print(serde_json::to_string_pretty(&agent_schema())?),
    }
    Ok(Exit::Done)
}

fn known() -> String {
    names().collect::<Vec<_>>().join(", ")
}

pub(crate) async fn serve(command: &AgentCommand, settings: &Settings) -> Result<Exit, Failure> {
    let (reference, dev) = match command {
        AgentCommand::Dev { agent } => (agent, true),
        AgentCommand::Start { agent } => (agent, false),
        AgentCommand::Show { .. } | AgentCommand::Schema => return show(command),
    };
    let served = open(reference, settings).await?;
    let venue = Venue::of(settings)?;
    let equipped = Equipped::with(served, settings).await?;
    let done = work((reference, settings), dev, (&equipped.stage, &venue, &equipped.models)).await;
    equipped.put_away().await;
    done
}

/// An agent with its models.
struct Equipped {
    stage: Arc<Stage>,
    models: Runtime,
}

impl Equipped {
    async fn with(served: Served, settings: &Settings) -> Result<Equipped, Failure> {
        let local = crate::models::start(&[served.choices(settings)?], settings).await?;
        // Models and tools have threads of their own: one that blocks mutes nobody.
        let models = Builder::new_multi_thread().thread_name("models").enable_all().build()?;
        Ok(Equipped { stage: Arc::new(Stage::new(served, settings.clone(), local)), models })
    }

    async fn put_away(self) {
        self.stage.close().await;
        self.models.shutdown_background();
    }
}

/// An agent that takes jobs beside whatever else this process does.
pub(crate) struct Serving {
    equipped: Equipped,
    worker: Worker,
}

impl Serving {
    pub(crate) async fn start(reference: &str, settings: &Settings, venue: &Venue) -> Result<Serving, Failure> {
        let equipped = Equipped::with(open(reference, settings).await?, settings).await?;
        match start(&equipped.stage, venue, &equipped.models).await {
            Ok(worker) => Ok(Serving { equipped, worker }),
            Err(why) => {
                equipped.put_away().await;
                Err(why)
            }
        }
    }

    /// Ends it after the conversations that are under way; another Ctrl-C ends those too.
    pub(crate) async fn end(self) {
        end(self.worker, false).await;
        self.equipped.put_away().await;
    }
}

/// Serves until somebody says that it is enough.
async fn work(
    (reference, settings): (&str, &Settings),
    dev: bool,
    (stage, venue, models): (&Arc<Stage>, &Venue, &Runtime),
) -> Result<Exit, Failure> {
    let mut worker = start(stage, venue, models).await?;
    let mut seen = changed(reference);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = crate::interrupt::interrupted();
    tokio::pin!(stop);
    // Workers under earlier names, which end after their conversations, or with this one.
    let (over, mut former) = (watch::Sender::new(false), JoinSet::new());
    loop {
        tokio::select! {
            _ = &mut stop => break,
            _ = look.tick(), if dev => {}
        }
        let now = changed(reference);
        if now == seen {
            continue;
        }
        seen = now;
        let before = stage.now();
        match open(reference, settings).await {
            Err(error) => note_error(error),
            Ok(served) => {
                let same =
                    before.file().agent_name == served.file().agent_name && before.file().jobs == served.file().jobs;
                stage.replace(served);
                note("The file changed: new conversations follow it.");
                if !same {
                    let old = std::mem::replace(&mut worker, start(stage, venue, models).await?);
                    let mut over = over.subscribe();
                    former.spawn(old.drain_until(async move { drop(over.wait_for(|over| *over).await) }));
                }
            }
        }
    }
    end(worker, dev).await;
    over.send_replace(true);
    former.join_all().await;
    Ok(Exit::Done)
}

async fn end(worker: Worker, dev: bool) {
    let jobs = match &*worker.standing().borrow() {
        Standing::Registered { jobs, .. } | Standing::Draining { jobs } => *jobs,
        _ => 0,
    };
    if dev || jobs == 0 {
        return worker.stop().await;
    }
    note(format!("{jobs} under way; the worker ends after them. Once more to end them now."));
    let enough = async {
        crate::interrupt::interrupted().await;
    };
    worker.drain_until(enough).await;
}

/// Registers; a server that is not there yet is waited for.
async fn start(stage: &Arc<Stage>, venue: &Venue, models: &Runtime) -> Result<Worker, Failure> {
    let worker = stage.register(venue, models.handle()).await?;
    note(format!("`{}` is served to {}", stage.now().file().agent_name, venue.server.url()));
    Ok(worker)
}

/// An agent with the servers of its tools.
async fn open(reference: &str, settings: &Settings) -> Result<Served, Failure> {
    let served = Served::load(reference)?;
    let toolbox = crate::tools::of(served.file(), settings).await?;
    Ok(served.with_toolbox(toolbox))
}

fn changed(reference: &str) -> Option<SystemTime> {
    std::fs::metadata(reference).and_then(|file| file.modified()).ok()
}
