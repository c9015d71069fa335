//! [`Http`]: a client of HTTP/1.1 that sends whatever bytes a test wants sent.
//!
//! It reads answers strictly: what is no HTTP, or breaks off, is an error. No read waits longer than [`PATIENCE`].

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// Longer than anything takes that is not broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection.
pub(crate) struct Http(BufReader<Box<dyn Stream>>);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// A connection to this address.
    pub(crate) fn to(address: SocketAddr) -> Http {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a patient socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a patient socket");
        stream.set_nodelay(true).expect("a quick socket");
        Http(BufReader::new(Box::new(stream)))
    }

    /// A connection to a Unix socket.
    pub(crate) fn to_path(path: &Path) -> Http {
        let stream = UnixStream::connect(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        stream.set_read_timeout(Some(PATIENCE)).expect("a patient socket");
        Http(BufReader::new(Box::new(stream)))
    }

    /// Sends these bytes as they are. An error: the server has closed the connection.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Sends a request with a body, and reads the answer.
    pub(crate) fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        // A server that has refused a request need not read all of it.
        let _ = self.send(head(method, path, headers, body.len())).and_then(|()| self.send(body));
        self.reply()
    }

    /// Reads an answer.
    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply().unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Reads an answer, where there is one.
    pub(crate) fn try_reply(&mut self) -> io::Result<Reply> {
        let first = self.line()?;
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| odd(&first))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| odd(&line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        if reply.header("transfer-encoding").is_some() {
            loop {
                let line = self.line()?;
                let size = usize::from_str_radix(&line, 16).map_err(|_| odd(&line))?;
                let mut chunk = vec![0; size];
                self.0.read_exact(&mut chunk)?;
                reply.body.extend(chunk);
                let end = self.line()?;
                if size == 0 {
                    break;
                }
                assert!(end.is_empty(), "{end}");
            }
        } else if let Some(length) = reply.header("content-length") {
            let length = length.parse().map_err(|_| odd(length))?;
            reply.body.resize(length, 0);
            self.0.read_exact(&mut reply.body)?;
        } else {
            self.0.read_to_end(&mut reply.body)?;
        }
        Ok(reply)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let whole = line.strip_suffix("\r\n").ok_or_else(|| odd(&line))?;
        Ok(whole.to_owned())
    }
}

/// The head of a request whose body has `length` bytes, unless these headers say how long it is.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n");
    let tells = |(name, _): &(&str, &str)| {
        name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
    };
    if (length > 0 || method == "POST") && !headers.iter().any(tells) {
        head += &format!("content-length: {length}\r\n");
    }
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    head + "\r\n"
}

fn odd(line: &str) -> io::Error {
    let found = if line.is_empty() { "nothing" } else { line };
    io::Error::new(io::ErrorKind::InvalidData, format!("expected HTTP/1.1, found {found}"))
}

impl Reply {
    /// A header's value; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next();
        assert!(found.next().is_none(), "header {name} stands twice: {:?}", self.headers);
        first
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It was answered.
    pub(crate) fn ok(self) -> Reply {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// It was refused with this status, in words that clients can read, with each of `facts` in them and nothing of
    /// the host.
    pub(crate) fn refused(&self, status: u16, facts: &[&str]) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let body = self.json();
        let words = body["error"].as_str().unwrap_or_else(|| panic!("no words: {body}"));
        assert!(!words.is_empty() && body.as_object().is_some_and(|object| object.len() == 1), "{body}");
        for fact in facts {
            assert!(words.contains(fact), "expected '{fact}' in: {words}");
        }
        for trace in ["/tmp", "/home", "/root", "/proc", ".rs:", "0x7f"] {
            assert!(!words.contains(trace), "'{trace}' is the host's own: {words}");
        }
    }
}
