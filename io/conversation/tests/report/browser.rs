//! A headless Chromium, spoken to by the DevTools protocol over its pipe: file descriptors 3 and 4, messages that end in a
//! zero byte (chromedevtools.github.io/devtools-protocol, `--remote-debugging-pipe`). No port, no library.

use base64::Engine;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(90);
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Nothing but the page: no first run, no network, and sound that plays without a click.
const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-extensions \
    --disable-background-networking --disable-component-update --disable-sync --mute-audio --force-color-profile=srgb \
    --autoplay-policy=no-user-gesture-required --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' --remote-debugging-pipe";

/// What the page is shown on.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
    pub(crate) phone: bool,
}

pub(crate) const DESK: Screen = Screen { width: 1280, height: 900, dark: false, phone: false };
pub(crate) const PHONE: Screen = Screen { width: 390, height: 844, dark: false, phone: true };

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    next: u64,
    session: Option<String>,
    /// Messages that answered nothing: events.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// `None`, said loudly, where there is no Chromium; where `DUOLOGUE_TEST_CHROMIUM` is set, that fails.
    pub(crate) fn start() -> Option<Browser> {
        Browser::start_with("")
    }

    /// The same, with these flags beside the usual ones.
    pub(crate) fn start_with(more: &str) -> Option<Browser> {
        let found = NAMES.iter().find(|name| {
            let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        });
        let Some(program) = found else {
            assert!(
                std::env::var_os("DUOLOGUE_TEST_CHROMIUM").is_none(),
                "no Chromium here: `scripts/setup.sh --browser`"
            );
            eprintln!(
                "SKIPPED: no Chromium here, so nobody looks at the report; `scripts/setup.sh --browser` installs one"
            );
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder for its profile");
        let line = format!(
            "exec {program} {FLAGS} {more} --user-data-dir=\"$0\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1"
        );
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (to, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if send.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let mut browser = Browser { child, to, from, next: 0, session: None, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach)["sessionId"].as_str().map(str::to_owned);
        browser.session = session;
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("it listens");
        loop {
            let message = self.from.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{method}: {e}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// Until an event came since the last page was opened.
    fn wait(&mut self, event: &str) {
        while !self.events.iter().any(|e| e["method"] == event) {
            let message = self.from.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{event}: {e}"));
            self.events.push(message);
        }
    }

    /// Opens a file as a person does who double-clicks it, on a screen.
    pub(crate) fn open(&mut self, page: &Path, screen: Screen) {
        self.go_to(&format!("file://{}", page.display()), screen);
    }

    /// Opens an address on a screen.
    pub(crate) fn go_to(&mut self, url: &str, screen: Screen) {
        let Screen { width, height, dark, phone } = screen;
        let scale = if phone { 2 } else { 1 };
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone }),
        );
        let scheme = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        );
        // A blank page between two, so that a script which still runs belongs to neither; its own load must not be taken
        // for that of the page.
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.wait("Page.loadEventFired");
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }));
        // The blank page may say more than once that it is there.
        while self.is_there() != Value::Bool(true) {}
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// Waits for the next word that a page is there, and says whether it is one with something on it, and all of it.
    fn is_there(&mut self) -> Value {
        self.wait("Page.loadEventFired");
        self.run("location.protocol !== 'about:' && document.readyState === 'complete'")
    }

    /// What a script of ours says on the page, awaited.
    pub(crate) fn run(&mut self, script: &str) -> Value {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// A key as a person presses it.
    pub(crate) fn press(&mut self, key: &str) {
        let code = if key == " " { "Space" } else { key };
        let text = if key.chars().count() == 1 { key } else { "" };
        // The focus moves by the number of the key.
        let number = if key == "Tab" { 9 } else { 0 };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "code": code, "text": text, "windowsVirtualKeyCode": number });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// The whole page, or what is on the screen, as PNG.
    pub(crate) fn picture(&mut self, whole: bool) -> Vec<u8> {
        let mut params = json!({ "format": "png" });
        if whole {
            let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
            params["captureBeyondViewport"] = json!(true);
            params["clip"] = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        }
        let picture = self.call("Page.captureScreenshot", params);
        base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
    }

    /// Exceptions, errors on the console, refused and failed loads since the page was opened.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        self.run("0");
        let is_one = |e: &&Value| {
            let params = &e["params"];
            match e["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => params["type"] == "error" || params["type"] == "assert",
                Some("Log.entryAdded") => params["entry"]["level"] == "error",
                _ => false,
            }
        };
        self.events.iter().filter(is_one).map(|e| e["params"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let closed = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        if closed.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
