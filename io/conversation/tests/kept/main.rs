//! Conversations in virtual time, with everything that is kept of them: the same code as live, scripted providers.

mod backup;
mod made_up;
mod removal;

use duologue_conversation::scenario::{self, CastScenario, Side};
use duologue_conversation::{
    Archive, CascadeModels, ConversationConfig, Models, Providers, ScriptedStt, ScriptedTts, Status, Summary, names,
    simulate,
};
use duologue_ids::Seed;
use duologue_media::{Codec, decode_ogg_opus};
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_sim::{BABBLE_RATE, ScriptedRunner};
use duologue_voice::CloseReason;
use std::path::Path;
use std::sync::Arc;

/// Says its hints, so that the call follows the scenario's course; tools answer as the scenario says.
fn follower(cast: &Arc<CastScenario>) -> ScriptedRunner {
    let cast = cast.clone();
    ScriptedRunner::writing(|request| request.hint.as_ref().map_or("Yes.".to_string(), |h| h.0.clone()))
        .with_tools(move |call| cast.mock(&call.name, &call.arguments).expect("a tool of the scenario").outcome)
}

/// `simulate` is given its runners; these providers are only named in the summary.
fn named(speaker: Speaker) -> Providers {
    let dialogue: Dialogue = "- {speaker: customer, say: nothing}".parse().expect("a dialogue");
    Providers {
        models: Models::Cascade(CascadeModels {
            stt: Arc::new(ScriptedStt),
            llm: Arc::new(ScriptedLlm::new(Arc::new(dialogue), speaker)),
            tts: Arc::new(ScriptedTts { pitch: 120.0 }),
        }),
        voice: "babble".into(),
        speed: 1.0,
        language: "en".into(),
    }
}

fn hold(name: &str, folder: &Path, seed: u64) -> Summary {
    let cast = Arc::new(scenario::load(name, &Default::default()).expect("it comes with the product"));
    let config = ConversationConfig {
        id: format!("c-test-{seed}"),
        cast: cast.clone(),
        providers: [named(Speaker::Support), named(Speaker::Customer)],
        models: Default::default(),
        prices: Default::default(),
        temperature: None,
        seed: Seed(seed),
        duration: None,
        folder: folder.to_path_buf(),
        codec: Codec::L16 { rate: BABBLE_RATE },
        started_at: "2026-01-01T00:00:00Z".into(),
        listen_back: false,
    };
    simulate(config, [follower(&cast), follower(&cast)], |_| {}).expect("it is held")
}

/// Holds every scenario with a seed, and gives what was said in each.
fn hold_the_library(seed: u64) -> Vec<Vec<String>> {
    let held = scenario::scenario_names().map(|name| {
        let dir = tempfile::tempdir().unwrap();
        let summary = hold(name, dir.path(), seed);
        let failed: Vec<_> = summary.verdicts.iter().filter(|v| !v.passed).collect();
        assert!(summary.goal_reached, "{name}, seed {seed}: {failed:?}");
        assert_eq!(summary.end_reason, Some(CloseReason::AgentEnded), "{name}, seed {seed}");
        assert!(summary.turns >= 6, "{name}, seed {seed}: {} turns", summary.turns);
        // What the sessions say of themselves is what the recording holds.
        assert_eq!(summary.findings, [], "{name}, seed {seed}");
        assert_eq!(summary.metrics.task_completion, Some(1.0), "{name}, seed {seed}");
        let (_, _, transcript) = Archive::new(dir.path()).open(&dir.path().to_string_lossy()).unwrap();
        transcript.utterances.into_iter().map(|utterance| utterance.text).collect()
    });
    held.collect()
}

#[test]
fn every_scenario_of_the_library_reaches_its_goal_with_three_seeds_in_three_ways() {
    let held = std::thread::scope(|scope| {
        let threads = [1, 2, 3].map(|seed| scope.spawn(move || hold_the_library(seed)));
        threads.map(|thread| thread.join().expect("every call reaches its goal"))
    });
    for (i, name) in scenario::scenario_names().enumerate() {
        let [one, two, three] = [0, 1, 2].map(|seed| &held[seed][i]);
        assert!(one != two && two != three && one != three, "{name}");
    }
}

#[test]
fn everything_is_kept_and_opens() {
    let dir = tempfile::tempdir().unwrap();
    let summary = hold("internet-outage", dir.path(), 2);
    for file in summary.files.values() {
        assert!(dir.path().join(file).is_file(), "{file}");
    }
    let stereo = decode_ogg_opus(&std::fs::read(dir.path().join(names::STEREO)).unwrap(), 16_000).unwrap();
    assert!(stereo.complete && stereo.channels == 2);
    for channel in &stereo.samples {
        let seconds = channel.len() as f64 / 16_000.0;
        assert!((seconds - summary.duration_s).abs() < 0.1, "{seconds} of {}", summary.duration_s);
        assert!(channel.iter().filter(|s| s.unsigned_abs() > 1_000).count() > 16_000, "a second of sound at least");
    }
    let (_, again, transcript) = Archive::new(dir.path()).open(&dir.path().to_string_lossy()).unwrap();
    assert_eq!(again, summary);
    assert!(transcript.utterances.iter().all(|u| u.heard.is_some()), "the last words were heard too");
    assert!(transcript.utterances.iter().all(|u| u.wer == Some(0.0)), "{transcript:?}");
    assert!(transcript.utterances.windows(2).all(|w| w[0].end_s.unwrap() <= w[1].start_s));
    assert!(summary.metrics.stt_wer.values().all(|w| *w == 0.0) && summary.metrics.stt_wer.len() == 2);
    assert_eq!(summary.metrics.overlap_ratio, 0.0);
    let page = std::fs::read_to_string(dir.path().join(names::REPORT)).unwrap();
    assert!(transcript.utterances.iter().all(|u| page.contains(&u.name)));
    let cast = scenario::load("internet-outage", &Default::default()).unwrap();
    assert_eq!(summary.description, cast.scenario().description);
    for text in
        [summary.description.as_str(), &cast.persona(Side::Customer).background, "Joe opens", "Ended: Joe hung up"]
            .into_iter()
            .chain(summary.notes.iter().map(String::as_str))
            .chain(summary.verdicts.iter().map(|v| v.criterion.as_str()))
    {
        let escaped = text.replace('\'', "&#39;").replace('"', "&quot;");
        assert!(page.contains(&escaped), "{text}");
    }
}

#[test]
fn files_that_are_made_of_others_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let before = hold("internet-outage", dir.path(), 6);
    let (archive, name) = (Archive::new(dir.path()), dir.path().to_string_lossy().into_owned());
    let made = [names::REPORT, names::TRANSCRIPT_TEXT, names::CAPTIONS];
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let texts = [names::TRANSCRIPT_TEXT, names::CAPTIONS].map(read);
    made.iter().for_each(|name| std::fs::remove_file(dir.path().join(name)).unwrap());
    assert_eq!(archive.report(&name).unwrap(), dir.path().join(names::REPORT));
    assert_eq!([names::TRANSCRIPT_TEXT, names::CAPTIONS].map(read), texts);
    assert!(read(names::REPORT).contains("Ended: Joe hung up"));
    std::fs::remove_file(dir.path().join(names::REPORT)).unwrap();
    assert_eq!(archive.open(&name).unwrap().1, before, "looking at it changes nothing else");
    assert!(dir.path().join(names::REPORT).is_file());
    // Where it can't be written, that is told by name, and the rest is shown all the same.
    std::fs::remove_file(dir.path().join(names::REPORT)).unwrap();
    std::fs::create_dir(dir.path().join("report.html.part")).unwrap();
    let error = archive.report(&name).unwrap_err().to_string();
    assert!(error.contains("report.html") && error.contains("help:"), "{error}");
    let summary = archive.open(&name).unwrap().1;
    assert!(summary.error.is_none() && !summary.files.contains_key("report"));
}

#[test]
fn what_is_kept_is_the_same_twice() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    hold("internet-outage", a.path(), 3);
    hold("internet-outage", b.path(), 3);
    for name in [
        names::EVENTS,
        names::TRANSCRIPT,
        names::SCENARIO,
        names::STEREO,
        &names::track(Side::Customer),
        names::SUMMARY,
    ] {
        assert!(std::fs::read(a.path().join(name)).unwrap() == std::fs::read(b.path().join(name)).unwrap(), "{name}");
    }
}

#[test]
fn an_archive_lists_finds_and_deletes() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::new(home.path());
    hold("internet-outage", &archive.folder("c-test-4"), 4);
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("call");
    hold("internet-outage", &out, 5);
    archive.note("c-test-5", &out).unwrap();
    assert_eq!(archive.list().len(), 2);
    let error = archive.find("c-test").unwrap_err().to_string();
    assert!(error.contains("2 ids") && error.contains("c-test-4") && error.contains("c-test-5"), "{error}");
    assert_eq!(archive.open("c-test-5").unwrap().1.status, Status::Ended);
    archive.note("c-test-3", &out).unwrap();
    assert_eq!(archive.list().len(), 2, "c-test-3 lay there before c-test-5");
    archive.delete("c-test-5").unwrap();
    archive.delete("c-test-4").unwrap();
    assert!(archive.list().is_empty() && !out.exists());
}
