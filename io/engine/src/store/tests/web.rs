//! Mirror and hub: good, broken, slow and lying servers.

use std::fs;

use super::server::{Answer, closed_port};
use super::*;

const PATH: &str = "language/a.gguf";

fn one(bytes: &[u8]) -> Vec<Model> {
    vec![language("a", Tier::Standard, vec![file(PATH, bytes)])]
}

#[test]
fn a_file_comes_from_the_hub_once_and_is_remembered() {
    let bytes = content(700_000, 1);
    let server = Server::good(bytes.clone());
    let cache = cache(one(&bytes), with_hub(&server));

    let plan = cache.store.plan(&["a"], &mut Silent, &CancelFlag::default()).expect("the hub is there");
    assert_eq!((plan.download_bytes(), plan.items[0].origins.as_slice()), (700_000, &[Origin::Hub][..]));
    let text = plan.to_string();
    assert!(text.contains("700 kB") && text.contains("Hugging Face") && text.contains("Apache-2.0"), "{text}");

    let seen = fetch(&cache.store, &["a"]).expect("fetched");
    assert_eq!((seen.last_bytes, seen.total, seen.ready), (700_000, 700_000, vec!["a"]));
    assert_eq!(cache.read(PATH), bytes);
    assert_eq!(server.downloads()[0].path, "/owner/name/resolve/c0ffee/a.gguf");
    assert!(!cache.has(".partial/a"));
    let status = &cache.store.status()[0];
    assert_eq!((&status.state, status.from.as_deref()), (&State::Present, Some("Hugging Face")));
    assert_eq!(cache.store.language_model(None).expect("usable").path, cache.dir.path().join(PATH));

    let before = server.requests();
    let again = fetch(&cache.store, &[]).expect("nothing to do");
    assert!(again.phases.is_empty() && server.requests() == before, "a complete cache asks nobody");
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let bytes = content(900_000, 2);
    let whole = bytes.clone();
    let server = Server::start(move |asked, downloads| match downloads {
        0 => Answer::good(asked, &whole).breaking_at(400_000),
        _ => Answer::good(asked, &whole),
    });
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("the second request completes it");
    assert_eq!(cache.read(PATH), bytes);
    let from: Vec<_> = server.downloads().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [None, Some(400_000)]);
}

#[test]
fn progress_refills_the_attempts() {
    let bytes = content(8 * 1024 * 1024, 3);
    let whole = bytes.clone();
    let server = Server::start(move |asked, _| Answer::good(asked, &whole).breaking_at(1_200_000));
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("every connection breaks, and each brings a megabyte");
    assert_eq!(cache.read(PATH), bytes);
    assert!(server.downloads().len() > patience().attempts as usize);
}

#[test]
fn a_server_without_ranges_starts_afresh() {
    let bytes = content(500_000, 4);
    let whole = bytes.clone();
    let server = Server::start(move |_, downloads| match downloads {
        0 => Answer::whole(&whole).breaking_at(300_000),
        _ => Answer::whole(&whole),
    });
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("fetched");
    assert_eq!(cache.read(PATH), bytes);
}

#[test]
fn a_refused_range_starts_afresh() {
    let bytes = content(500_000, 5);
    let whole = bytes.clone();
    let server = Server::start(move |asked, downloads| match (downloads, asked.from) {
        (0, _) => Answer::good(asked, &whole).breaking_at(300_000),
        (_, Some(_)) if !asked.probe => Answer::status(416),
        _ => Answer::good(asked, &whole),
    });
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("fetched");
    assert_eq!(cache.read(PATH), bytes);
}

#[test]
fn a_file_that_is_nowhere_is_said_before_anything_is_fetched() {
    let bytes = content(1_000, 6);
    let server = Server::start(|_, _| Answer::status(404));
    let cache = cache(one(&bytes), with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("404");
    assert!(error.contains("status 404") && error.contains("DUOLOGUE_MODELS_MIRROR"), "{error}");
    assert!(server.downloads().is_empty());
}

#[test]
fn a_limiting_server_is_asked_again() {
    let bytes = content(1_000, 7);
    let whole = bytes.clone();
    let server = Server::start(move |asked, downloads| match downloads {
        0 => Answer::status(429).header("Retry-After: 1"),
        1 => Answer::status(503),
        _ => Answer::good(asked, &whole),
    });
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("the third request is answered");
    assert_eq!(cache.read(PATH), bytes);
}

#[test]
fn a_server_that_limits_for_ever_is_given_up_with_advice() {
    let bytes = content(1_000, 8);
    let server = Server::start(|_, _| Answer::status(429));
    let cache = cache(one(&bytes), with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("limited");
    assert!(error.contains("status 429") && error.contains("3 attempts") && error.contains("later"), "{error}");
    assert_eq!(server.downloads().len(), 3);
}

#[test]
fn a_stalled_server_is_left_and_asked_for_the_rest() {
    let bytes = content(600_000, 9);
    let whole = bytes.clone();
    let server = Server::start(move |asked, downloads| match downloads {
        0 => Answer::good(asked, &whole).hanging_at(200_000),
        _ => Answer::good(asked, &whole),
    });
    let mut sources = with_hub(&server);
    // Short for the test's sake; on a busy machine other reads may time out too, hence the attempts.
    (sources.patience.stall, sources.patience.attempts) = (Duration::from_millis(200), 50);
    let cache = cache(one(&bytes), sources);
    fetch(&cache.store, &["a"]).expect("the rest comes by another connection");
    assert_eq!(cache.read(PATH), bytes);
    assert!(server.downloads()[1].from.is_some());
}

#[test]
fn a_wrong_file_gets_no_name() {
    let bytes = content(50_000, 10);
    let server = Server::good(content(50_000, 11));
    let cache = cache(one(&bytes), with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("other bytes");
    assert!(error.contains("SHA-256") && error.contains(sha256(&bytes)), "{error}");
    assert!(!cache.has(PATH) && !cache.has(".partial/a/a.gguf.part"));
}

#[test]
fn a_login_page_in_place_of_the_file_is_recognised_by_its_size() {
    let bytes = content(50_000, 12);
    let server = Server::good(b"<html>please log in</html>".to_vec());
    let cache = cache(one(&bytes), with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("not the file");
    assert!(error.contains("26 bytes") && error.contains("login page"), "{error}");
    assert!(!cache.has(PATH));
}

#[test]
fn a_truncating_server_is_given_up_and_what_came_is_kept() {
    let bytes = content(300_000, 13);
    let whole = bytes.clone();
    let server = Server::start(move |_, _| Answer::whole(&whole).breaking_at(100_000));
    let cache = cache(one(&bytes), with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("never complete");
    assert!(error.contains("100 kB of 300 kB"), "{error}");
    assert!(!cache.has(PATH));
    assert_eq!(cache.store.status()[0].bytes_waiting, 100_000);

    let plan = cache.store.plan(&["a"], &mut Silent, &CancelFlag::default()).expect("the hub is there");
    assert_eq!(plan.download_bytes(), 200_000);
}

#[test]
fn bytes_that_a_power_cut_spoiled_are_fetched_again() {
    let bytes = content(300_000, 14);
    let server = Server::good(bytes.clone());
    let cache = cache(one(&bytes), with_hub(&server));
    fs::create_dir_all(cache.dir.path().join(".partial/a")).expect("a folder");
    fs::write(cache.dir.path().join(".partial/a/a.gguf.part"), vec![0; 120_000]).expect("zeros");
    fetch(&cache.store, &["a"]).expect("right in the end");
    assert_eq!(cache.read(PATH), bytes);
    let from: Vec<_> = server.downloads().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [Some(120_000), None]);
}

#[test]
fn a_redirect_is_followed() {
    let bytes = content(10_000, 15);
    let whole = bytes.clone();
    let server = Server::start(move |asked, _| match asked.path.as_str() {
        "/blob" => Answer::good(asked, &whole),
        _ => Answer::status(302).header("Location: /blob"),
    });
    let cache = cache(one(&bytes), with_hub(&server));
    fetch(&cache.store, &["a"]).expect("fetched");
    assert_eq!(cache.read(PATH), bytes);
}

#[test]
fn the_mirror_is_asked_first_by_the_path_in_the_cache() {
    let bytes = content(10_000, 16);
    let (mirror, hub) = (Server::good(bytes.clone()), Server::good(bytes.clone()));
    let sources = Sources { mirror: Some(mirror.address()), ..with_hub(&hub) };
    let cache = cache(one(&bytes), sources);
    fetch(&cache.store, &["a"]).expect("fetched");
    assert_eq!(mirror.downloads()[0].path, "/language/a.gguf");
    assert_eq!(hub.requests(), 0);
}

#[test]
fn a_mirror_that_is_down_or_lacks_the_file_gives_way() {
    let bytes = content(10_000, 17);
    let lacking = Server::start(|_, _| Answer::status(404));
    for mirror in [lacking.address(), closed_port()] {
        let hub = Server::good(bytes.clone());
        let cache = cache(one(&bytes), Sources { mirror: Some(mirror), ..with_hub(&hub) });
        fetch(&cache.store, &["a"]).expect("the hub has it");
        assert_eq!(cache.read(PATH), bytes);
    }
}

#[test]
fn a_place_that_breaks_down_gives_way_and_keeps_its_bytes() {
    let bytes = content(300_000, 18);
    let whole = bytes.clone();
    let mirror = Server::start(move |asked, downloads| match (asked.probe, downloads) {
        (true, _) => Answer::good(asked, &whole),
        (_, 0) => Answer::good(asked, &whole).breaking_at(100_000),
        _ => Answer::status(500),
    });
    let hub = Server::good(bytes.clone());
    let cache = cache(one(&bytes), Sources { mirror: Some(mirror.address()), ..with_hub(&hub) });
    let seen = fetch(&cache.store, &["a"]).expect("the hub has the rest");
    assert_eq!(hub.downloads()[0].from, Some(100_000));
    assert!(seen.notes.iter().any(|note| note.contains("from mirror")), "{:?}", seen.notes);
}

#[test]
fn nothing_reachable_is_one_clear_error() {
    let cache = cache(one(b"x"), Sources { hub: Some(closed_port()), ..no_sources() });
    let error = fetch(&cache.store, &["a"]).expect_err("nobody there");
    assert!(error.contains("a cannot be fetched here") && error.contains("cannot be reached"), "{error}");
}

#[test]
fn a_server_that_never_answers_is_given_up_in_the_time_of_a_probe() {
    let server = Server::start(|_, _| Answer::silence());
    let mut sources = with_hub(&server);
    sources.patience.probe = Duration::from_millis(100);
    let cache = cache(one(b"x"), sources);
    let error = fetch(&cache.store, &["a"]).expect_err("silence");
    assert!(error.contains("cannot be reached"), "{error}");
    assert_eq!(server.requests(), 1);
}

/// A needed model and one that is only nice to have.
fn with_extra(needed: &[u8], extra: &[u8]) -> Vec<Model> {
    let extra = Model {
        role: Role::SpeechSynthesis,
        tier: None,
        optional: true,
        ..language("extra", Tier::Standard, vec![file("speech/extra.onnx", extra)])
    };
    vec![language("a", Tier::Standard, vec![file(PATH, needed)]), extra]
}

#[test]
fn an_extra_comes_along_where_it_can_be_had() {
    let (needed, extra) = (content(1_000, 50), content(2_000, 51));
    let (bytes, extra_bytes) = (needed.clone(), extra.clone());
    let server = Server::start(move |asked, _| match asked.path.ends_with("extra.onnx") {
        true => Answer::good(asked, &extra_bytes),
        false => Answer::good(asked, &bytes),
    });
    let cache = cache(with_extra(&needed, &extra), with_hub(&server));
    assert_eq!(fetch(&cache.store, &[]).expect("both").ready, ["a", "extra"]);
}

#[test]
fn an_extra_that_is_gone_or_has_changed_stops_nothing_unless_it_was_named() {
    let needed = content(1_000, 52);
    for gone in [true, false] {
        let bytes = needed.clone();
        let server = Server::start(move |asked, _| match (asked.path.ends_with("extra.onnx"), gone) {
            (true, true) => Answer::status(404),
            (true, false) => Answer::good(asked, &content(2_000, 53)),
            (false, _) => Answer::good(asked, &bytes),
        });
        let cache = cache(with_extra(&needed, &content(2_000, 54)), with_hub(&server));
        assert_eq!(fetch(&cache.store, &[]).expect("the needed one").ready, ["a"]);
        assert!(cache.store.speech_dir().is_ok(), "nothing needed is missing");
        let before = server.requests();
        fetch(&cache.store, &[]).expect("nothing to do");
        assert_eq!(server.requests(), before);
        fetch(&cache.store, &["extra"]).expect_err("named, so it matters");
    }
}
