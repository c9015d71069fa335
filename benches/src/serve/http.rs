//! [`Http`]: one HTTP/1.1 connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::ClientError;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest head and body that are read, in bytes.
const MOST: usize = 256 << 20;

/// A connection that is kept open.
#[derive(Debug)]
pub struct Http {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the connection is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// Bytes of JSON before binary elements, where the head says so.
    pub json: Option<usize>,
    /// The body.
    pub body: &'a [u8],
}

/// A request without a body.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: blink\r\n\r\n").into_bytes()
}

/// A request with a body, of which the first `json` bytes are JSON and the rest elements.
pub fn post(path: &str, json: usize, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: blink\r\ncontent-length: {len}\r\ninference-header-content-length: {json}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl Http {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Http, ClientError> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Http { stream, buffer: vec![0; 64 << 10] })
    }

    /// Sends a request and reads its answer, whatever its status.
    pub fn send(&mut self, request: &[u8]) -> Result<Reply<'_>, ClientError> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let (head, body) = loop {
            filled += self.read(filled)?;
            let found = self.buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(at) = found {
                break (at, at + 4);
            }
        };
        let (status, len, json) = parse(&self.buffer[..head])?;
        let end = body.checked_add(len).filter(|end| *end <= MOST).ok_or(ClientError::Form("it is too long"))?;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.read(filled)?;
        }
        if filled > end {
            return Err(ClientError::Form("more came than its length says"));
        }
        Ok(Reply { status, json, body: &self.buffer[body..end] })
    }

    /// Sends a request whose answer must be 200.
    pub fn ask(&mut self, request: &[u8]) -> Result<Reply<'_>, ClientError> {
        let reply = self.send(request)?;
        if reply.status != 200 {
            let words = String::from_utf8_lossy(&reply.body[..reply.body.len().min(500)]).into_owned();
            return Err(ClientError::Refused { status: reply.status, words });
        }
        Ok(reply)
    }

    fn read(&mut self, filled: usize) -> Result<usize, ClientError> {
        match self.stream.read(&mut self.buffer[filled..])? {
            0 if filled == self.buffer.len() => Err(ClientError::Form("its head is too long")),
            0 => Err(ClientError::Form("it ended early")),
            more => Ok(more),
        }
    }
}

/// Status, length of the body and of the JSON in it.
fn parse(head: &[u8]) -> Result<(u16, usize, Option<usize>), ClientError> {
    let head = std::str::from_utf8(head).map_err(|_| ClientError::Form("its head is not text"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status = status.ok_or(ClientError::Form("it has no status"))?;
    let (mut len, mut json) = (None, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let number = || value.trim().parse::<usize>().map_err(|_| ClientError::Form("a length is no number"));
        if name.eq_ignore_ascii_case("content-length") {
            len = Some(number()?);
        } else if name.eq_ignore_ascii_case("inference-header-content-length") {
            json = Some(number()?);
        }
    }
    Ok((status, len.ok_or(ClientError::Form("it has no content-length"))?, json))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers each connection with `answer`, in two parts.
    fn answering(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            let (first, second) = answer.split_at(answer.len() / 2);
            stream.write_all(first).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            stream.write_all(second).unwrap();
        });
        address
    }

    #[test]
    fn an_answer_is_read_to_its_end() {
        let body = vec![7u8; 200_000];
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nInference-Header-Content-Length: 12\r\n\r\n";
        let mut client = Http::open(answering([head.as_bytes(), &body].concat())).unwrap();
        let reply = client.ask(&get("/v2")).unwrap();
        assert_eq!((reply.status, reply.json, reply.body), (200, Some(12), &body[..]));
    }

    #[test]
    fn refusals_and_strange_answers_are_errors() {
        let asked = |answer: &str| {
            let mut client = Http::open(answering(answer.into())).unwrap();
            client.ask(&post("/x", 2, b"{}")).map(|reply| reply.status).unwrap_err()
        };
        let refused = asked("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\nno");
        assert!(matches!(refused, ClientError::Refused { status: 429, words } if words == "no"));
        for strange in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/2 200\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        ] {
            assert!(matches!(asked(strange), ClientError::Form(_)), "{strange}");
        }
    }
}
