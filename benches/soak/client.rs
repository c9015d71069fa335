//! [`Connection`]: HTTP/1.1 as far as the soak needs it. What is no HTTP is an error.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that is kept.
pub(crate) struct Connection(BufReader<TcpStream>);

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The value of `inference-header-content-length`.
    pub(crate) head: Option<usize>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// To this address.
    pub(crate) fn to(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// Sends a request, with `json` bytes of JSON before binary data where there are some.
    pub(crate) fn send(&mut self, method: &str, path: &str, json: Option<usize>, body: &[u8]) -> io::Result<()> {
        let length = body.len();
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: soak\r\ncontent-length: {length}\r\n");
        if let Some(json) = json {
            bytes += &format!("inference-header-content-length: {json}\r\n");
        }
        bytes += "\r\n";
        self.0.get_mut().write_all(&[bytes.as_bytes(), body].concat())
    }

    /// Sends the beginning of a request whose body would have `length` bytes.
    pub(crate) fn send_part(&mut self, method: &str, path: &str, length: usize, part: &[u8]) -> io::Result<()> {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: soak\r\ncontent-length: {length}\r\n\r\n");
        self.0.get_mut().write_all(&[head.as_bytes(), part].concat())
    }

    /// Reads the answer.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let first = self.line()?;
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let mut reply = Reply { status: status.ok_or_else(|| odd(&first))?, head: None, body: Vec::new() };
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else { break };
            let number = value.trim().parse::<usize>();
            match name {
                "content-length" => length = Some(number.map_err(|_| odd(&line))?),
                "inference-header-content-length" => reply.head = Some(number.map_err(|_| odd(&line))?),
                _ => {}
            }
        }
        reply.body.resize(length.ok_or_else(|| odd("an answer without a length"))?, 0);
        self.0.read_exact(&mut reply.body)?;
        Ok(reply)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| odd(&line))
    }
}

fn odd(found: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("expected HTTP/1.1, found '{found}'"))
}
