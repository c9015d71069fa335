//! [`Tab`]: one page in Chromium. Whatever a test looks at, nothing may have gone wrong in it and nobody but the server
//! may have been asked.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::pipe::Pipe;
use crate::server::{Server, wait};
use crate::support::browser::{Layout, MEASURE, Scheme, browser};
use crate::support::home::Home;
use crate::support::models;

/// A page, its server, and its browser.
pub(crate) struct Tab {
    pipe: Pipe,
    session: String,
    origin: String,
    pub(crate) server: Server,
    _home: Home,
}

/// Where the keys go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Focus {
    pub(crate) tag: String,
    pub(crate) id: String,
    /// Whether there is a line around it.
    pub(crate) is_seen: bool,
    /// What a screen reader says of it.
    #[serde(default)]
    pub(crate) name: String,
}

impl Tab {
    /// A server with [`models::one`] and its page, shown; `None` where there is no browser, which is allowed and said.
    pub(crate) fn open() -> Option<Tab> {
        let browser = browser()?;
        let home = Home::of(models::compiled_one());
        std::fs::create_dir(home.folder.path("models")).expect("the folder can be written to");
        std::fs::rename(home.folder.path("one.blink"), home.folder.path("models/one.blink")).expect("one folder");
        let server = Server::start(&home, "");
        let origin = origin(server.http());
        let mut pipe = Pipe::open(browser);
        let target = pipe.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = pipe.call(None, "Target.attachToTarget", attach);
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        let mut tab = Tab { pipe, session, origin, server, _home: home };
        for domain in ["Page", "Network", "Runtime", "Log", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.load();
        Some(tab)
    }

    /// Loads the page, and waits until it shows its model.
    pub(crate) fn load(&mut self) {
        let url = format!("{}/", self.origin);
        self.call("Page.navigate", json!({ "url": url }));
        self.wait("the page shows its model", "document.querySelector('#try-model')?.options.length === 1");
    }

    /// A window of this size, in these colours; nothing moves.
    pub(crate) fn window(&mut self, (width, height): (u32, u32), scheme: Scheme) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = format!("{scheme:?}").to_lowercase();
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// How the page is laid out now. Its own files are what it may fetch.
    pub(crate) fn layout(&mut self) -> Layout {
        let look = format!(
            "new Promise((resolve) => {{\n\
             addEventListener('message', ({{ data }}) => resolve(data), {{ once: true }});\n{MEASURE}\n}})"
        );
        let mut layout: Layout = serde_json::from_value(self.ask(&look)).expect("what was found");
        let own = format!("fetched: {}/", self.origin);
        layout.faults.retain(|fault| !fault.starts_with(&own));
        layout
    }

    /// What the page makes of an expression.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", ask);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&mut self, what: &str, expression: &str) {
        wait(what, || (self.ask(expression) == true).then_some(()));
    }

    /// Presses and releases a key.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            " " => 32,
            _ => panic!("no code for {key}"),
        };
        let text = match key {
            "Enter" => "\r",
            " " => " ",
            _ => "",
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Writes in place of what the focused field holds.
    pub(crate) fn write(&mut self, text: &str) {
        self.ask("document.activeElement.select()");
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Where the keys go now.
    pub(crate) fn focus(&mut self) -> Focus {
        let looked = "(() => { const at = document.activeElement; const style = getComputedStyle(at); \
                      const is_seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; \
                      return { tag: at.tagName.toLowerCase(), id: at.id, is_seen }; })()";
        let mut focus: Focus = serde_json::from_value(self.ask(looked)).expect("an element");
        let element = self.call("Runtime.evaluate", json!({ "expression": "document.activeElement" }));
        let of = json!({ "objectId": element["result"]["objectId"], "fetchRelatives": false });
        let told = self.call("Accessibility.getPartialAXTree", of);
        focus.name = told["nodes"][0]["name"]["value"].as_str().unwrap_or_default().to_owned();
        focus
    }

    /// How often the server was asked for this path.
    pub(crate) fn asked(&mut self, path: &str) -> usize {
        // What is told before the answer has then been read.
        self.ask("0");
        let url = format!("{}{path}", self.origin);
        let is_it =
            |event: &&Value| event["method"] == "Network.requestWillBeSent" && event["params"]["request"]["url"] == url;
        self.pipe.events.iter().filter(is_it).count()
    }

    /// Keeps a picture of the page, where the user wants to look at it.
    pub(crate) fn keep(&mut self, name: &str) {
        use std::io::Write;
        let Some(directory) = std::env::var_os("BLINK_REPORT_SHOTS") else { return };
        std::fs::create_dir_all(&directory).expect("the directory for pictures");
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
        let text = shot["data"].as_str().expect("a picture");
        let mut file = std::fs::File::create(std::path::Path::new(&directory).join(name)).expect("a file");
        file.write_all(&decode(text)).expect("the directory can be written to");
    }

    /// Ends it: nothing was written to the console, and nobody but the server was asked for anything.
    pub(crate) fn close(mut self) {
        self.ask("0");
        let own = format!("{}/", self.origin);
        let mut asked = 0;
        for event in &self.pipe.events {
            let parameters = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let url = parameters["request"]["url"].as_str().expect("an address");
                    assert!(url.starts_with(&own) || url.starts_with("data:"), "somebody else was asked: {url}");
                    asked += 1;
                }
                "Runtime.exceptionThrown" | "Log.entryAdded" | "Runtime.consoleAPICalled" => {
                    panic!("the console says: {event}")
                }
                _ => {}
            }
        }
        assert!(asked > 8, "the page has not asked for its files: {asked}");
        self.server.end();
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.pipe.call(Some(&self.session), method, parameters)
    }
}

fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Bytes of base64.
fn decode(text: &str) -> Vec<u8> {
    let digit = |sign: u8| match sign {
        b'A'..=b'Z' => sign - b'A',
        b'a'..=b'z' => sign - b'a' + 26,
        b'0'..=b'9' => sign - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => 0,
    };
    let whole = text.trim_end_matches('=').len() * 3 / 4;
    let quads = text.as_bytes().chunks_exact(4);
    let mut bytes: Vec<u8> = quads
        .flat_map(|quad| {
            let bits = quad.iter().fold(0u32, |bits, &sign| bits << 6 | u32::from(digit(sign)));
            let [_, bytes @ ..] = bits.to_be_bytes();
            bytes
        })
        .collect();
    bytes.truncate(whole);
    bytes
}
