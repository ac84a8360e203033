//! Calls between agents on the page: real bytes of OpenTelemetry come in, and the call is seen as it happens.

use crate::browser::{Browser, DESK, PHONE, Screen};
use crate::hops::{RULE, TRACE, exports, identity, stranger};
use crate::served::Served;
use crate::{browser_for_page, keep, until};
use serde_json::{Value, json};
use tokio::task::block_in_place;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_three_agents_is_seen_with_the_rule_that_refused_it() {
    let Some(mut browser) = browser_for_page("") else { return };
    let home = tempfile::tempdir().expect("a folder");
    let served = Served::start(home.path()).await;
    let page = format!("http://{}", served.address);
    let [first, second, third] = exports();

    block_in_place(|| {
        browser.go_to(&format!("{page}/calls"), DESK);
        until(
            &mut browser,
            "document.querySelector('.empty')?.textContent.includes('No agent has told of a call yet')",
        );
    });
    served.export(&[], &first).await;
    block_in_place(|| until(&mut browser, "document.querySelector('.calls .pill')?.textContent === 'ok'"));
    served.export(&[], &third).await;
    served.export(&[], &stranger()).await;
    block_in_place(|| {
        listed(&mut browser);
        filtered(&mut browser);
    });
    block_in_place(|| {
        browser.run(&format!("document.querySelector('.calls a[href=\"/calls/{TRACE}\"]').click()"));
        until(&mut browser, "document.querySelector('h1')?.textContent === 'call analyze_document'");
    });
    // What the worker says comes last, while somebody looks.
    served.export(&[], &second).await;
    block_in_place(|| {
        until(&mut browser, "document.querySelectorAll('[role=treeitem]').length === 5");
        waterfall(&mut browser);
        by_keyboard(&mut browser);
        on_a_telephone(&mut browser, &page);
    });
}

fn listed(browser: &mut Browser) {
    until(
        browser,
        &format!("[...document.querySelectorAll('.calls a')].some((a) => a.textContent.includes('denied by {RULE}'))"),
    );
    until(browser, "[...document.querySelectorAll('.calls b')].some((b) => b.textContent === 'GET /<b>bold</b>')");
    assert_eq!(browser.run("document.querySelectorAll('.calls b b, main img').length"), 0, "names are no markup");
    keep(browser, "calls");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

fn filtered(browser: &mut Browser) {
    let choose = |value: &str| {
        format!(
            "(() => {{ const choice = document.querySelectorAll('.sought select')[2]; choice.value = '{value}';
               choice.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        )
    };
    browser.run(&choose("denied"));
    until(
        browser,
        "document.querySelectorAll('.calls li').length === 1 && document.querySelector('.calls .pill').textContent === 'denied'",
    );
    browser.run(&choose("failed"));
    until(browser, "document.querySelector('main').textContent.includes('No call that is kept fits.')");
    browser.run(&choose(""));
    until(browser, "document.querySelectorAll('.calls li').length === 2");
}

/// One row: its text, level, and where its bar begins and ends in hundredths.
fn rows(browser: &mut Browser) -> Value {
    browser.run(
        "[...document.querySelectorAll('[role=treeitem]')].map((row) => {
           const lane = row.querySelector('.lane').getBoundingClientRect(), bar = row.querySelector('.lane i').getBoundingClientRect();
           const part = (x) => Math.round((x - lane.left) / lane.width * 100);
           return [row.querySelector('b').textContent, Number(row.ariaLevel), part(bar.left), part(bar.right)];
         })",
    )
}

fn waterfall(browser: &mut Browser) {
    assert_eq!(
        rows(browser),
        json!([
            ["call analyze_document", 1, 0, 100],
            ["authorize analyze_document", 2, 5, 7],
            ["invoke_agent worker", 2, 8, 92],
            ["call summarise", 3, 20, 60],
            ["authorize summarise", 4, 31, 33],
        ])
    );
    let words = |browser: &mut Browser, n: usize| {
        let text = browser.run(&format!("document.querySelectorAll('[role=treeitem]')[{n}].innerText"));
        text.as_str().expect("text").to_owned()
    };
    assert!(!words(browser, 1).contains("worker.rego:7"), "the answer says it");
    let allowed = words(browser, 2);
    for part in [identity("orchestrator"), identity("worker"), "allowed by allow (worker.rego:7)".into()] {
        assert!(allowed.contains(&part), "{part}: {allowed}");
    }
    let denied = words(browser, 3) + &words(browser, 4);
    for part in [identity("worker"), identity("summariser"), format!("denied by {RULE}"), "not_authorised".into()] {
        assert!(denied.contains(&part), "{part}: {denied}");
    }
    let colours =
        "new Set([...document.querySelectorAll('.lane i')].map((i) => getComputedStyle(i).backgroundColor)).size";
    assert_eq!(browser.run(colours), 3, "a colour for each agent");
    keep(browser, "call");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

fn by_keyboard(browser: &mut Browser) {
    let reached = (0..20).any(|_| {
        browser.press("Tab");
        browser.run("document.activeElement.getAttribute('role')") == "treeitem"
    });
    assert!(reached, "the spans are reached by the Tab key");
    for key in ["End", "ArrowUp", "ArrowDown"] {
        browser.press(key);
    }
    until(browser, "document.activeElement.querySelector('b').textContent === 'authorize summarise'");
    until(browser, "document.querySelector('#picked').textContent === 'authorize summarise'");
    told(browser, &[RULE, "decision-6", "duologue.caller"]);
    browser.press("ArrowLeft");
    until(browser, "document.querySelector('#picked').textContent === 'call summarise'");
    told(browser, &["the summariser does not allow summarise", "server.address"]);
    assert_eq!(browser.run("document.querySelectorAll('[role=treeitem][tabindex=\"0\"]').length"), 1);
}

fn told(browser: &mut Browser, parts: &[&str]) {
    let told = browser.run("document.querySelector('.told').innerText");
    for part in parts {
        assert!(told.as_str().is_some_and(|told| told.contains(part)), "{part}: {told}");
    }
}

fn on_a_telephone(browser: &mut Browser, page: &str) {
    for (name, path, there) in [
        ("phone-calls", "/calls".to_owned(), ".calls li"),
        ("phone-call", format!("/calls/{TRACE}"), "[role=treeitem]"),
    ] {
        browser.go_to(&format!("{page}{path}"), Screen { dark: true, ..PHONE });
        until(browser, &format!("document.querySelector('{there}')"));
        keep(browser, name);
        assert_eq!(browser.run("document.documentElement.scrollWidth <= innerWidth"), true, "{path} fits");
        let small = "[...document.querySelectorAll('button.action, nav a, select')].filter((e) => e.offsetHeight && e.offsetHeight < 38).length";
        assert_eq!(browser.run(small), 0, "{path}: nothing is too small for a finger");
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}
