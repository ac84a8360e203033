//! The pages of a run and of a comparison as people see them: in a browser, in light and dark, on a telephone.
//!
//! `DUOLOGUE_TEST_PICTURES=FOLDER` keeps the pictures.

#[path = "../../../conversation/tests/report/browser.rs"]
#[allow(dead_code, reason = "the report's tests press keys too")]
mod browser;
mod sample;

use browser::{Browser, DESK, PHONE, Screen};
use duologue_simulation::compare::compare;
use duologue_simulation::{Run, comparison, overview};
use serde_json::Value;
use std::path::{Path, PathBuf};

const AUDIT: &str = include_str!("../../../conversation/tests/report/audit.js");

fn write(folder: &Path, html: &str) -> PathBuf {
    let path = folder.join("index.html");
    std::fs::write(&path, html).expect("it is written");
    path
}

/// Opens a page and waits for the end of it: on a busy machine a long one is still being read when the browser says that
/// something has loaded.
fn open(browser: &mut Browser, page: &Path, screen: Screen) {
    browser.open(page, screen);
    browser.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))");
}

fn page_of(run: &Run) -> String {
    overview(run, &|folder| folder.contains("cafe"))
}

fn keep(name: &str, picture: &[u8]) {
    if let Some(folder) = std::env::var_os("DUOLOGUE_TEST_PICTURES") {
        std::fs::write(Path::new(&folder).join(name), picture).expect("the picture is kept");
    }
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(Value::to_string).collect()
}

/// No text that is hard to read, nothing beside the page, a name for everything that can be pressed.
fn audit(browser: &mut Browser, what: &str) {
    let found = browser.run(AUDIT);
    assert!(found["read"].as_u64() > Some(20), "{what}: {found}");
    for trouble in ["faint", "wide", "unnamed"] {
        assert_eq!(list(&found[trouble]), Vec::<String>::new(), "{what}: {trouble}");
    }
    assert!(found["scrollWidth"].as_f64() <= found["width"].as_f64(), "{what}: it scrolls sideways: {found}");
}

const SCREENS: [(&str, Screen); 4] = [
    ("light", DESK),
    ("dark", Screen { dark: true, ..DESK }),
    ("phone", PHONE),
    ("phone-dark", Screen { dark: true, ..PHONE }),
];

#[test]
fn both_pages_are_good_to_look_at_everywhere() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (sample::read(20, 0.0), sample::read(20, 140.0));
    let pages =
        [("run", page_of(&a)), ("compare", comparison(&compare(&a, &b).expect("they fit"), ["monday", "tuesday"]))];
    for (name, html) in pages {
        let page = write(folder.path(), &html);
        for (screen_name, screen) in SCREENS {
            open(&mut browser, &page, screen);
            audit(&mut browser, &format!("{name} {screen_name}"));
            keep(&format!("{name}-{screen_name}.png"), &browser.picture(false));
            keep(&format!("{name}-{screen_name}-whole.png"), &browser.picture(true));
            let ground = browser.run("getComputedStyle(document.body).backgroundColor");
            assert_eq!(ground == "rgb(13, 14, 19)", screen.dark, "{name} {screen_name}: {ground}");
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{name} {screen_name}");
        }
    }
}

/// The names of the rows that are seen, top to bottom.
const SEEN: &str = "[...document.querySelectorAll('#cases tbody tr, #changes tbody tr')].filter((r) => !r.hidden)
    .map((r) => r.querySelector('b').textContent)";

fn seen(browser: &mut Browser) -> Vec<String> {
    let rows = browser.run(SEEN);
    rows.as_array().into_iter().flatten().filter_map(|row| row.as_str().map(str::to_owned)).collect()
}

fn find(browser: &mut Browser, text: &str) -> Vec<String> {
    browser.run(&format!(
        "(() => {{ const find = document.getElementById('find'); find.value = {text:?};
           find.dispatchEvent(new Event('input')); }})()"
    ));
    seen(browser)
}

#[test]
fn cases_are_found_narrowed_and_sorted() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    open(&mut browser, &write(folder.path(), &page_of(&sample::read(20, 0.0))), DESK);
    assert_eq!(seen(&mut browser).len(), 21);
    assert_eq!(find(&mut browser, "spell CLEAN"), ["spelling.clean"]);
    assert_eq!(find(&mut browser, "maple street").len(), 3, "reasons are found too");
    assert_eq!(find(&mut browser, "nowhere").len(), 0);
    assert_eq!(browser.run("document.getElementById('nothing').checkVisibility()"), true);
    find(&mut browser, "");
    browser.run("document.querySelector('#states button:nth-child(2)').click()");
    let failed = seen(&mut browser);
    assert_eq!(failed, ["interruption.phone", "interruption.cafe", "backchannel.cafe", "talking-to-others.cafe"]);
    browser.run("document.querySelector('#states button:nth-child(3)').click()");
    assert_eq!(seen(&mut browser), ["interruption.phone", "interruption.cafe"], "flaky");
    browser
        .run("document.querySelector('#states button').click(); document.querySelector('[data-column=\"3\"]').click()");
    let sorted = seen(&mut browser);
    assert!(sorted[..7].iter().all(|case| case.ends_with(".cafe")), "slowest first: {sorted:?}");
    assert_eq!(browser.run("document.querySelector('[aria-sort]').textContent"), "Response p95");
    let told = browser.run(
        "({ seeds: document.querySelectorAll('a.s').length, failed: document.querySelectorAll('a.s.x').length,
            link: document.querySelector('a.s').getAttribute('href'), missed: document.querySelectorAll('td.missed').length,
            bound: document.querySelector('.cases td.missed').title, tables: [...document.querySelectorAll('.lines')].filter((t) => !t.hidden).length,
            rows: document.querySelector('.lines').tBodies[0].rows.length, sounds: document.querySelectorAll('a.sound').length })",
    );
    assert_eq!((&told["seeds"], &told["tables"], &told["rows"]), (&420.into(), &1.into(), &7.into()), "{told}");
    assert!(told["failed"].as_u64() > Some(20) && told["sounds"].as_u64() > Some(0), "{told}");
    assert!(
        told["link"].as_str().is_some_and(|l| l.starts_with("conversations/") && l.ends_with("/report.html")),
        "{told}"
    );
    assert_eq!(told["bound"], "parties.support.selectivity.backchannel is 72 %, wanted at least 90 %");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_comparison_shows_what_changed_and_the_rest_on_demand() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let compared = compare(&sample::read(20, 0.0), &sample::read(20, 140.0)).expect("they fit");
    open(&mut browser, &write(folder.path(), &comparison(&compared, ["a", "b"])), DESK);
    assert_eq!(seen(&mut browser).len(), 42, "both response times of each case");
    assert_eq!(browser.run("document.querySelector('.worse .state').textContent"), "worse");
    browser.run("document.querySelector('#states button:nth-child(3)').click()");
    assert_eq!(seen(&mut browser).len(), 0, "nothing is better");
    browser.run("document.querySelector('#states button:nth-child(4)').click()");
    assert_eq!(seen(&mut browser).len(), compared.changes.len());
    assert_eq!(find(&mut browser, "spelling.clean response").len(), 3);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn two_thousand_conversations_stay_usable() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let html = page_of(&sample::long());
    assert!(html.len() < 1_500_000, "{} bytes", html.len());
    for screen in [DESK, PHONE] {
        open(&mut browser, &write(folder.path(), &html), screen);
        assert_eq!(seen(&mut browser).len(), 40);
        // The least of five: what else this machine does is no matter of the page.
        let round = |browser: &mut Browser| {
            browser.run(
            "(() => { const begin = performance.now(), find = document.getElementById('find');
               for (const text of ['c', 'case', 'case-3', '', 'x', '']) { find.value = text; find.dispatchEvent(new Event('input'));
                 document.body.getBoundingClientRect(); }
               for (const head of document.querySelectorAll('thead button')) { head.click(); document.body.getBoundingClientRect(); }
               return (performance.now() - begin) / 16; })()",
        )
        };
        let spent = (0..5).filter_map(|_| round(&mut browser).as_f64()).fold(f64::INFINITY, f64::min);
        assert!(spent < 250.0, "{spent} ms for a step");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn nothing_from_outside_runs() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = sample::hostile();
    let compared = compare(&hostile, &hostile).expect("they fit");
    for html in [page_of(&hostile), comparison(&compared, [sample::EVIL, sample::EVIL])] {
        open(&mut browser, &write(folder.path(), &html), DESK);
        let found = browser
            .run("({ ran: window.ran ?? null, images: document.images.length, scripts: document.scripts.length })");
        assert_eq!((&found["ran"], &found["images"], &found["scripts"]), (&Value::Null, &0.into(), &2.into()));
        let script = browser.run("[...document.links].filter((l) => l.protocol === 'javascript:').length");
        assert_eq!(script, 0);
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn the_same_results_make_the_same_bytes() {
    let run = sample::read(5, 0.0);
    assert_eq!(
        page_of(&run),
        page_of(&serde_json::from_str(&serde_json::to_string(&run).expect("json")).expect("a run"))
    );
}
