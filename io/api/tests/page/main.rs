//! The page in a real browser, with a room server, an agent that speaks, and a microphone that beeps.

#[allow(dead_code, reason = "the tests of the report use the rest")]
#[path = "../../../conversation/tests/report/browser.rs"]
mod browser;
mod calls;
#[path = "../api/hops.rs"]
mod hops;
#[allow(dead_code, reason = "the tests of the API use the rest")]
#[path = "../api/served.rs"]
mod served;
mod stage;

use browser::{Browser, DESK, PHONE, Screen};
use duologue_worker::RoomEvent;
use serde_json::Value;
use stage::{Stage, heard};

/// A microphone that beeps once a second and is given without asking; connections within this machine.
const MICROPHONE: &str =
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream --allow-loopback-in-peer-connection";

/// A browser, where there is one and the page is built; what is missing is said loudly, or fails where it is required.
fn browser_for_page(flags: &str) -> Option<Browser> {
    let browser = Browser::start_with(flags)?;
    if !duologue_api::page_is_built() {
        let required = std::env::var_os("DUOLOGUE_TEST_PAGE").is_some();
        assert!(!required, "the page is not built into this: `make page`, then build again");
        eprintln!("SKIPPED: the page is not built into this; `make page` builds it");
        return None;
    }
    Some(browser)
}

/// Waits until a script says something true, and gives that.
fn until(browser: &mut Browser, what: &str) -> Value {
    browser.run(&format!(
        "new Promise((done, fail) => {{
           const begun = performance.now();
           const look = () => {{
             const found = (() => {{ try {{ return {what} }} catch {{ return null }} }})();
             if (found) done(found);
             else if (performance.now() - begun > 40000) fail(new Error(document.body.innerText));
             else requestAnimationFrame(look);
           }};
           look();
         }})"
    ))
}

/// Keeps a picture where somebody wants to look at it.
fn keep(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("DUOLOGUE_TEST_PICTURES") {
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, browser.picture(false)).expect("a picture");
    }
}

/// The loudness shown for somebody, 0 to 100.
fn loudness(of: &str) -> String {
    format!("Number(document.querySelector('[aria-label=\"Loudness of {of}\"]')?.getAttribute('aria-valuenow')) > 20")
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_seen_and_somebody_joins_with_a_microphone() {
    let Some(browser) = browser_for_page(MICROPHONE) else { return };
    let mut stage = Stage::start().await;
    let page = stage.address();
    let (browser, page) = tokio::task::spawn_blocking(move || {
        let mut browser = browser;
        everything(&mut browser, &page);
        one_room(&mut browser, &page);
        joins(&mut browser);
        (browser, page)
    })
    .await
    .expect("no panic");
    let mut of_guest = stage
        .wait(|event| match event {
            RoomEvent::Audio(audio) if audio.participant.name == "Guest" => Some(audio),
            _ => None,
        })
        .await;
    assert!(heard(&mut of_guest).await > 500, "the beep arrives at the agent");
    tokio::task::spawn_blocking(move || {
        let mut browser = browser;
        leaves(&mut browser);
        on_a_telephone(&mut browser, &page);
    })
    .await
    .expect("no panic");
}

fn everything(browser: &mut Browser, page: &str) {
    browser.go_to(page, DESK);
    until(browser, "document.querySelector('.room h3')?.textContent === 'kitchen'");
    until(browser, "document.querySelector('.state')?.textContent === 'speaking'");
    until(browser, &loudness("Joe"));
    keep(browser, "now");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

fn one_room(browser: &mut Browser, page: &str) {
    browser.go_to(&format!("{page}/rooms/kitchen"), DESK);
    until(browser, &loudness("Joe"));
    until(browser, "document.querySelector('.said')?.textContent.includes('Good evening, this is Joe.')");
}

/// By the keyboard alone.
fn joins(browser: &mut Browser) {
    let reached = (0..20).any(|_| {
        browser.press("Tab");
        browser.run("document.activeElement.textContent") == "Join with microphone"
    });
    assert!(reached, "the button is reached by the Tab key");
    browser.press(" ");
    until(browser, "document.querySelector('.call.in')");
    until(browser, "document.querySelector('.people').textContent.includes('Guest (you)')");
    until(browser, &loudness("Guest"));
    keep(browser, "room");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

fn leaves(browser: &mut Browser) {
    browser.run("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Leave').click()");
    until(browser, "document.querySelector('.call.out')");
    until(browser, "!document.querySelector('.people').textContent.includes('Guest')");
}

fn on_a_telephone(browser: &mut Browser, page: &str) {
    for (name, path, screen) in [
        ("phone-now", "/", PHONE),
        ("phone-room", "/rooms/kitchen", Screen { dark: true, ..PHONE }),
        ("phone-kept", "/conversations", PHONE),
    ] {
        browser.go_to(&format!("{page}{path}"), screen);
        until(browser, "document.querySelector('h1')");
        if path != "/conversations" {
            until(browser, &loudness("Joe"));
        }
        keep(browser, name);
        assert_eq!(browser.run("document.documentElement.scrollWidth <= innerWidth"), true, "{path} fits");
        let small = browser.run(
            "[...document.querySelectorAll('button.action, nav a, input')].filter((e) => e.offsetHeight && e.offsetHeight < 38).length",
        );
        assert_eq!(small, 0, "{path}: nothing is too small for a finger");
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}
