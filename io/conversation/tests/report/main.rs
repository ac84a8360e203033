//! The report page as people see it: in a browser, with its recording, in light and dark, on a telephone.
//!
//! `DUOLOGUE_TEST_PICTURES=FOLDER` keeps the pictures.

mod browser;
mod sample;

use browser::{Browser, DESK, PHONE, Screen};
use duologue_conversation::report::{Report, render};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn write(folder: &Path, name: &str, report: &Report) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, render(report)).expect("it is written");
    path
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
    let found = browser.run(include_str!("audit.js"));
    assert!(found["read"].as_u64() > Some(20), "{what}: {found}");
    for trouble in ["faint", "wide", "unnamed"] {
        assert_eq!(list(&found[trouble]), Vec::<String>::new(), "{what}: {trouble}");
    }
    assert!(found["scrollWidth"].as_f64() <= found["width"].as_f64(), "{what}: it scrolls sideways: {found}");
}

/// How many colours a picture has, up to a thousand, and how bright it is on the whole; the browser reads it.
fn look_at(browser: &mut Browser, picture: &[u8]) -> (u64, f64) {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.encode(picture);
    let found = browser.run(&format!(
        "(async () => {{ const image = new Image(); image.src = 'data:image/png;base64,{bytes}'; await image.decode();
         const pen = document.createElement('canvas').getContext('2d'), [w, h] = [image.width, Math.min(image.height, 1500)];
         pen.canvas.width = w; pen.canvas.height = h; pen.drawImage(image, 0, 0);
         const data = pen.getImageData(0, 0, w, h).data, colours = new Set(); let light = 0;
         for (let i = 0; i < data.length; i += 4) {{
           light += data[i] + data[i + 1] + data[i + 2];
           if (colours.size < 1000) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
         }}
         return [colours.size, light / (765 * w * h)]; }})()"
    ));
    (found[0].as_u64().expect("a number"), found[1].as_f64().expect("a number"))
}

#[test]
fn it_is_good_to_look_at_everywhere() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = write(folder.path(), "report.html", &sample::with_sound());
    let screens = [
        ("light", DESK),
        ("dark", Screen { dark: true, ..DESK }),
        ("phone", PHONE),
        ("phone-dark", Screen { dark: true, ..PHONE }),
    ];
    for (name, screen) in screens {
        browser.open(&page, screen);
        audit(&mut browser, name);
        let first = browser.picture(false);
        keep(&format!("{name}.png"), &first);
        let whole = browser.picture(true);
        keep(&format!("{name}-whole.png"), &whole);
        for part in ["turn-4", "latency", "metrics"] {
            browser.run(&format!("document.getElementById('{part}').scrollIntoView()"));
            keep(&format!("{name}-{part}.png"), &browser.picture(false));
        }
        let (colours, light) = look_at(&mut browser, &first);
        assert!(colours > 200, "{name}: a blank page has {colours} colours");
        assert_eq!(light < 0.35, screen.dark, "{name}: brightness {light}");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_it_is_for_is_there_and_works() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let report = sample::with_sound();
    browser.open(&write(folder.path(), "report.html", &report), DESK);
    browser.run(READY);
    let there = browser.run(
        "({ turns: document.querySelectorAll('.turn').length, rows: document.querySelectorAll('#bars li').length,
            early: document.querySelectorAll('#bars .work').length, marks: document.querySelectorAll('.marks button').length,
            shaded: JSON.parse(document.getElementById('data').textContent).overlaps.length,
            metrics: document.querySelectorAll('.metrics tbody tr').length, play: document.getElementById('play').checkVisibility(),
            lines: document.querySelectorAll('.lines i').length,
            downloads: [...document.querySelectorAll('.downloads a')].map((a) => a.getAttribute('href').split(/[;,:]/, 2).join(':')) })",
    );
    let timed = report.utterances.iter().filter(|u| u.stages.is_some()).count();
    assert_eq!(there["turns"], report.utterances.len());
    assert_eq!(there["rows"], timed);
    assert_eq!(there["early"], 3);
    assert_eq!(there["marks"], report.marks.len() + report.tool_calls.len());
    assert_eq!(there["shaded"], 1);
    assert_eq!(there["lines"], 2, "p50 and p95");
    assert!(there["metrics"].as_u64() >= Some(10) && there["play"] == true, "{there}");
    let downloads = list(&there["downloads"]).join(" ");
    for kind in [
        "stereo.ogg",
        "customer.ogg",
        "transcript.json",
        "summary.json",
        "captions.vtt",
        "blob:",
        "data:text/vtt",
        "data:application/json",
    ] {
        assert!(downloads.contains(kind), "{kind}: {downloads}");
    }

    // A turn that is clicked is heard from its start, and its words are followed.
    let clicked = browser.run(
        "(async () => { document.querySelector('#turn-4 .said').click(); const audio = document.getElementById('audio');
           const word = () => [...(CSS.highlights.get('spoken') ?? [])].map(String).join();
           const until = async (test) => { while (!test()) await new Promise(requestAnimationFrame); };
           await until(() => audio.currentTime > 24.9); const first = word(), current = document.querySelector('.turn.current').id;
           await until(() => word() && word() !== first); audio.pause();
           return { first, second: word(), at: audio.currentTime, current }; })()",
    );
    let said = &report.utterances[4].said;
    let place = |word: &Value| said.find(word.as_str().expect("a word")).unwrap_or_else(|| panic!("{word} of {said}"));
    assert_eq!(clicked["current"], "turn-4");
    assert!(place(&clicked["first"]) < place(&clicked["second"]), "{clicked}");
    assert!((24.5..29.0).contains(&clicked["at"].as_f64().expect("a time")), "{clicked}");

    // Keys.
    let time = "document.getElementById('audio').currentTime";
    let before = browser.run(time).as_f64().expect("a time");
    browser.press("ArrowRight");
    let after = browser.run(time).as_f64().expect("a time");
    assert!((after - before - 5.0).abs() < 0.1, "{before} {after}");
    browser.press(" ");
    assert_eq!(browser.run("document.getElementById('audio').paused"), false);
    browser.press(" ");
    assert_eq!(browser.run("document.getElementById('audio').paused"), true);

    // Marks say what happened.
    let told = browser.run(
        "(() => { const mark = [...document.querySelectorAll('.marks button')].find((b) => b.querySelector('.interruption'));
           mark.focus(); const tip = document.getElementById('tip'); return tip.hidden ? '' : tip.textContent; })()",
    );
    assert_eq!(told, "0:31: Dana Whitfield interrupts Sam Okafor; Sam Okafor yields after 900 ms");
    keep("mark.png", &browser.picture(false));

    // Less time in view, then a strip shows where one is.
    browser.run("for (let i = 0; i < 3; i++) document.getElementById('closer').click()");
    assert_eq!(browser.run("document.getElementById('overview').checkVisibility()"), true);
    keep("zoomed.png", &browser.picture(false));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_audit_finds_what_it_looks_for() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    browser.open(&write(folder.path(), "report.html", &Report { audio: None, ..sample::read() }), PHONE);
    browser.run(
        "const p = document.createElement('p'); p.style.cssText = 'color:#999;background:#fff;width:700px'; p.textContent = 'faint';
         const b = document.createElement('button'); b.textContent = ''; b.style.cssText = 'width:9px;height:9px';
         document.querySelector('main').append(p, b);",
    );
    let found = browser.run(include_str!("audit.js"));
    assert_eq!(list(&found["faint"]).len(), 1, "{found}");
    assert!(list(&found["faint"])[0].contains("2.85 P"), "{found}");
    assert_eq!((list(&found["wide"]).len(), list(&found["unnamed"]).len()), (1, 1), "{found}");
}

/// Until the recording is open.
const READY: &str = "new Promise((done, fail) => { const audio = document.getElementById('audio');
    if (audio.readyState) done(); audio.onloadedmetadata = done; audio.onerror = () => fail(audio.error.message); })";

#[test]
fn the_choice_of_colours_is_remembered() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = write(folder.path(), "report.html", &Report { audio: None, ..sample::read() });
    let ground = "getComputedStyle(document.body).backgroundColor";
    browser.open(&page, DESK);
    let light = browser.run(ground);
    browser.run("document.querySelector('.theme [value=dark]').click()");
    let dark = browser.run(ground);
    assert_ne!(light, dark);
    audit(&mut browser, "switched to dark");
    browser.open(&page, DESK);
    assert_eq!(browser.run(ground), dark);
    assert_eq!(browser.run("document.querySelector('.theme [aria-pressed=true]').value"), "dark");
    browser.run("document.querySelector('.theme [value=system]').click()");
    assert_eq!(browser.run(ground), light);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn an_hour_with_six_hundred_turns_stays_usable() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for screen in [DESK, PHONE] {
        browser.open(&write(folder.path(), "long.html", &sample::hour()), screen);
        audit(&mut browser, "an hour");
        keep(if screen.phone { "hour-phone.png" } else { "hour.png" }, &browser.picture(false));
        let spent = browser.run(
            "(() => { const begin = performance.now(); for (let i = 0; i < 60; i++) document.querySelector('.surface')
               .dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true })); return (performance.now() - begin) / 60; })()",
        );
        assert!(spent.as_f64() < Some(100.0), "{spent} ms for a step");
        let at = browser.run("Number(document.querySelector('.surface').getAttribute('aria-valuenow'))");
        assert_eq!(at.as_f64(), Some(300.0));
        let in_view = browser.run("document.getElementById('head').checkVisibility()");
        assert_eq!(in_view, true, "the time line follows");
        // Its recording is missing: that is said, and nothing else breaks.
        browser.run("new Promise((done) => { const audio = document.getElementById('audio'); audio.error ? done() : (audio.onerror = done); })");
        assert!(
            browser
                .run("document.getElementById('trouble').textContent")
                .as_str()
                .expect("text")
                .contains("missing beside this page")
        );
    }
}

#[test]
fn nothing_that_was_said_runs() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    browser.open(&write(folder.path(), "hostile.html", &sample::hostile()), DESK);
    audit(&mut browser, "hostile");
    let found = browser.run(
        "({ ran: window.ran ?? null, images: document.images.length, scripts: document.scripts.length,
        said: document.querySelector('.said').textContent })",
    );
    assert_eq!((&found["ran"], &found["images"], &found["scripts"]), (&Value::Null, &0.into(), &3.into()));
    assert_eq!(found["said"], sample::EVIL);
    browser.run("document.querySelector('.said').click(); document.querySelector('.marks button').focus()");
    assert_eq!(browser.run("window.ran ?? null"), Value::Null);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_is_missing_or_wrong_breaks_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, report) in sample::broken() {
        for screen in [DESK, PHONE] {
            browser.open(&write(folder.path(), "broken.html", &report), screen);
            let found = browser
                .run("[document.querySelector('.stage').hidden, document.documentElement.scrollWidth <= document.documentElement.clientWidth]");
            assert_eq!(found, serde_json::json!([false, true]), "{name}");
            browser.press("ArrowRight");
            browser.press("+");
            let exceptions: Vec<String> =
                browser.complaints().into_iter().filter(|c| !c.contains("ERR_FILE_NOT_FOUND")).collect();
            assert_eq!(exceptions, Vec::<String>::new(), "{name}");
        }
    }
}
