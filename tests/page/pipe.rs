//! [`Pipe`]: a Chromium, spoken to by its own protocol: JSON objects, a NUL after each.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::http::PATIENCE;
use crate::support::Folder;
use crate::support::browser::chromium;

/// A browser that ends with this value.
pub(crate) struct Pipe {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    calls: u64,
    /// What it told without being asked.
    pub(crate) events: Vec<Value>,
    _folder: Folder,
}

impl Pipe {
    /// Starts the browser. No name is looked up: it can reach this machine and nothing else.
    pub(crate) fn open(browser: &Path) -> Pipe {
        let folder = Folder::new();
        // It reads descriptor 3 and writes descriptor 4.
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"]).arg(browser);
        let mut child = chromium(shell, &folder)
            .args(["--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let stdin = child.stdin.take().expect("a pipe");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while stdout.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                let message = serde_json::from_slice(bytes.strip_suffix(&[0]).unwrap_or(&bytes));
                if sender.send(message.expect("the browser speaks JSON")).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        Pipe { child, stdin, messages, calls: 0, events: Vec::new(), _folder: folder }
    }

    /// Calls a method, of a page or of the browser, and gives its result.
    pub(crate) fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = session {
            call["sessionId"] = session.into();
        }
        self.stdin.write_all(format!("{call}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == self.calls {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
