//! [`Grpc`]: one HTTP/2 connection, for one call at a time with a small message.
//!
//! Only as much of HTTP/2 as a unary call needs: heads are written without compression of theirs and never read, for an
//! answer that has its message has succeeded.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::ClientError;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest frame that either side may send without agreeing on more.
const MOST_FRAME: usize = 16 << 10;
/// What every connection begins with, and settings: any amount may be sent to us on a stream.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff";
/// How much may be sent to us on the whole connection: after what there is at first, and each time it is used up.
const WINDOW: u32 = 1 << 30;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const ACKNOWLEDGED: u8 = 1;

/// A connection that is kept open.
#[derive(Debug)]
pub struct Grpc {
    stream: TcpStream,
    head: Vec<u8>,
    /// The last call's stream.
    call: u32,
    /// Read and not yet taken: `buffer[taken..filled]`.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    message: Vec<u8>,
    /// Bytes of messages since the window was last opened.
    received: u32,
}

impl Grpc {
    /// Connects, to call `path`, which is `/PACKAGE.SERVICE/METHOD`.
    pub fn open(address: SocketAddr, path: &str) -> Result<Grpc, ClientError> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(PREFACE)?;
        stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &WINDOW.to_be_bytes()))?;
        let (head, message) = (head(path)?, Vec::new());
        let buffer = vec![0; 64 << 10];
        Ok(Grpc { stream, head, call: 0, buffer, taken: 0, filled: 0, message, received: 0 })
    }

    /// Calls with `message`, and gives the message that is answered.
    pub fn ask(&mut self, message: &[u8]) -> Result<&[u8], ClientError> {
        let len = u32::try_from(message.len() + 5).ok().filter(|len| *len as usize <= MOST_FRAME);
        let len = len.ok_or(ClientError::Form("the request is larger than one frame"))?;
        self.call = if self.call == 0 { 1 } else { self.call + 2 };
        let call = self.call;
        let mut request = frame(HEADERS, END_HEADERS, call, &self.head);
        request.extend_from_slice(&frame_head(DATA, END_STREAM, call, len));
        request.push(0);
        request.extend_from_slice(&(len - 5).to_be_bytes());
        request.extend_from_slice(message);
        self.stream.write_all(&request)?;
        self.message.clear();
        while !self.frame(call)? {}
        let said = self.message.get(1..5).and_then(|len| len.try_into().ok()).map(u32::from_be_bytes);
        match said {
            None => Err(ClientError::Form("the call failed: there is no message")),
            Some(len) if len as usize != self.message.len() - 5 => Err(ClientError::Form("its length is wrong")),
            Some(_) => Ok(&self.message[5..]),
        }
    }

    /// Reads one frame; gives whether it was the last of `call`.
    fn frame(&mut self, call: u32) -> Result<bool, ClientError> {
        let head: [u8; 9] = self.take(9)?.try_into().map_err(|_| ClientError::Form("a frame has no head"))?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        if len > MOST_FRAME {
            return Err(ClientError::Form("a frame is larger than was agreed"));
        }
        let payload = self.take(len)?;
        let is_ours = u32::from_be_bytes(stream) == call;
        match kind {
            DATA if is_ours && flags & PADDED == 0 => {
                let payload = payload.to_owned();
                self.message.extend_from_slice(&payload);
                self.received += len as u32;
                if self.received > WINDOW / 2 {
                    self.stream.write_all(&frame(WINDOW_UPDATE, 0, 0, &self.received.to_be_bytes()))?;
                    self.received = 0;
                }
                Ok(flags & END_STREAM != 0)
            }
            HEADERS if is_ours && flags & END_HEADERS != 0 => Ok(flags & END_STREAM != 0),
            RESET => Err(ClientError::Form("the call was reset")),
            GO_AWAY => Err(ClientError::Form("the server goes away")),
            SETTINGS | PING if flags & ACKNOWLEDGED == 0 => {
                let payload = if kind == PING { payload.to_owned() } else { Vec::new() };
                self.stream.write_all(&frame(kind, ACKNOWLEDGED, 0, &payload))?;
                Ok(false)
            }
            SETTINGS | PING | WINDOW_UPDATE => Ok(false),
            _ => Err(ClientError::Form("a frame was not expected")),
        }
    }

    /// The next `len` bytes, at most as many as the buffer holds.
    fn take(&mut self, len: usize) -> Result<&[u8], ClientError> {
        if self.taken == self.filled {
            (self.taken, self.filled) = (0, 0);
        }
        if self.taken + len > self.buffer.len() {
            self.buffer.copy_within(self.taken..self.filled, 0);
            (self.taken, self.filled) = (0, self.filled - self.taken);
        }
        while self.filled < self.taken + len {
            match self.stream.read(&mut self.buffer[self.filled..])? {
                0 => return Err(ClientError::Form("it ended early")),
                more => self.filled += more,
            }
        }
        self.taken += len;
        Ok(&self.buffer[self.taken - len..self.taken])
    }
}

fn frame_head(kind: u8, flags: u8, stream: u32, len: u32) -> [u8; 9] {
    let ([_, a, b, c], [s, t, u, v]) = (len.to_be_bytes(), stream.to_be_bytes());
    [a, b, c, kind, flags, s, t, u, v]
}

/// A frame of at most [`MOST_FRAME`] bytes.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    [&frame_head(kind, flags, stream, payload.len() as u32), payload].concat()
}

/// The head of a call: fields by their place in HPACK's static table where they have one.
fn head(path: &str) -> Result<Vec<u8>, ClientError> {
    let len =
        u8::try_from(path.len()).ok().filter(|len| *len < 127).ok_or(ClientError::Form("the path is too long"))?;
    // `:method POST`, `:scheme http`; then `:path`, `:authority`, `content-type` and `te`, whose values stand here.
    let mut head = vec![0x83, 0x86, 0x04, len];
    head.extend_from_slice(path.as_bytes());
    head.extend_from_slice(b"\x01\x05blink\x0f\x10\x10application/grpc\x00\x02te\x08trailers");
    Ok(head)
}
