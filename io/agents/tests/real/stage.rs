//! What conversations are made of: a scenario of a few lines, scripted models, workers.

use crate::server::{KEY, LiveKit, SECRET};
use duologue_agents::{AgentJobs, Brief, OneRole, RoomConversation, Venue};
use duologue_conversation::scenario::{CastScenario, Casting, Side, load};
use duologue_conversation::{
    AgentConfig, CascadeModels, Dossier, Models, Providers, ScriptedStt, ScriptedTts, Summary, index, limits,
    session_config,
};
use duologue_ids::{Redacted, Seed};
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_voice::{CloseReason, Limits};
use duologue_worker::{Worker, WorkerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

pub(crate) const SIDES: [Side; 2] = [Side::Support, Side::Customer];
const SCENARIO: &str = "\
title: A short call
description: Two lines each.
support:
  persona: joe
  greeting: Northwind, this is Joe.
customer:
  persona: anna
opens: support
success:
  - said: {by: customer, any: [light]}
limits: {turns: 5, duration_s: 60, silence_s: 20}
";
const LINES: &str = "\
- {speaker: support, say: 'Northwind, this is Joe.'}
- {speaker: customer, say: 'The light is red.'}
- {speaker: support, say: 'A technician comes tomorrow.'}
- {speaker: customer, say: 'Thank you, goodbye.'}
- {speaker: support, say: 'Goodbye.'}
";

pub(crate) fn cast(folder: &Path) -> Arc<CastScenario> {
    let file = folder.join("call.yaml");
    std::fs::write(&file, SCENARIO).expect("written");
    Arc::new(load(&file.display().to_string(), &Casting::default()).expect("a scenario"))
}

/// Models that read their lines and babble them.
pub(crate) fn scripted(side: Side) -> CascadeModels {
    let dialogue: Arc<Dialogue> = Arc::new(LINES.parse().expect("lines"));
    let (speaker, pitch) = match side {
        Side::Support => (Speaker::Support, 115.0),
        Side::Customer => (Speaker::Customer, 205.0),
    };
    CascadeModels {
        stt: Arc::new(ScriptedStt),
        llm: Arc::new(ScriptedLlm::new(dialogue, speaker)),
        tts: Arc::new(ScriptedTts { pitch }),
    }
}

pub(crate) fn agent(cast: &CastScenario, side: Side, models: CascadeModels) -> AgentConfig {
    let providers =
        Providers { models: Models::Cascade(models), voice: "babble".into(), speed: 1.0, language: "en".into() };
    let names = ["stt", "llm", "tts"].map(|stage| (stage.to_owned(), "scripted".to_owned())).into();
    AgentConfig::new(session_config(cast, side, Seed(7), None), providers, names)
}

pub(crate) async fn worker(server: &LiveKit, name: &str, config: AgentConfig) -> Worker {
    let limits = Limits { duration: Duration::from_secs(60), ..Limits::default() };
    let jobs = AgentJobs::new(Arc::new(OneRole { config, limits }), Handle::current());
    let config = WorkerConfig::new(server.at(), KEY, SECRET, name);
    Worker::start(config, Arc::new(jobs)).await.expect("registered")
}

pub(crate) fn conversation(server: &LiveKit, folder: &Path, cast: &Arc<CastScenario>) -> RoomConversation {
    let brief = |side| Brief { side: Some(side), ..Brief::default() };
    RoomConversation {
        dossier: Dossier {
            id: "c-1".into(),
            cast: cast.clone(),
            models: Default::default(),
            voices: Default::default(),
            seed: Seed(7),
            folder: folder.join("kept"),
            started_at: "2026-11-21T12:00:00Z".into(),
        },
        prices: Default::default(),
        limits: limits(cast, None),
        venue: Venue { server: server.at(), key: KEY.into(), secret: Redacted::new(SECRET.into()) },
        room: "stage".into(),
        agent_names: SIDES.map(|side| cast.agent_name(side).to_owned()),
        briefs: SIDES.map(brief),
        join: Duration::from_secs(30),
        recognisers: None,
    }
}

/// Both workers of a conversation.
pub(crate) async fn workers(server: &LiveKit, cast: &CastScenario) -> [Worker; 2] {
    let [support, customer] = SIDES.map(|side| (cast.agent_name(side), agent(cast, side, scripted(side))));
    [worker(server, support.0, support.1).await, worker(server, customer.0, customer.1).await]
}

/// What each side said.
pub(crate) fn said(transcript: &duologue_conversation::Transcript, side: Side) -> Vec<&str> {
    let of = transcript.utterances.iter().filter(|u| index(u.speaker) == index(side));
    of.map(|u| u.text.as_str()).collect()
}

/// It went on to its limit of five turns. Two who begin at once, on a crowded machine, share one.
pub(crate) fn assert_whole(summary: &Summary) {
    assert_eq!(summary.end_reason, Some(CloseReason::TurnLimit), "{:?}", summary.error);
    assert!((4..=5).contains(&summary.turns), "{} turns", summary.turns);
}
