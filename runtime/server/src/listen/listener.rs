//! [`Listener`] and [`Stream`]: TCP and Unix sockets as one type each.

use std::io::{self, IoSlice};
use std::net::TcpListener as StdTcpListener;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::bind::ListenError;
use super::unix::SocketFile;

/// What clients are told a TCP listener is for. Each of them speaks everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Http,
    Grpc,
}

/// A socket that takes connections. A Unix socket's file goes when this does, where this server has made it.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: String,
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

impl Listener {
    pub(super) fn tcp(socket: StdTcpListener, purpose: Purpose) -> Result<Listener, ListenError> {
        let scheme = match purpose {
            Purpose::Http => "http",
            Purpose::Grpc => "grpc",
        };
        let open = || {
            socket.set_nonblocking(true)?;
            let address = format!("{scheme}://{}", socket.local_addr()?);
            Ok(Listener { socket: Socket::Tcp(TcpListener::from_std(socket)?), address, _file: None })
        };
        open().map_err(ListenError::Prepare)
    }

    pub(super) fn unix(socket: StdUnixListener, file: Option<SocketFile>) -> Result<Listener, ListenError> {
        let open = || {
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            let address = address.as_pathname().map(|path| path.display().to_string()).unwrap_or_default();
            let socket = Socket::Unix(UnixListener::from_std(socket)?);
            Ok(Listener { socket, address: format!("unix:{address}"), _file: file })
        };
        open().map_err(ListenError::Prepare)
    }

    /// The next connection. What fails is the client's, or a lack of descriptors: neither is the listener's end.
    pub async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // Answers are written whole; none is to wait for the acknowledgement of the one before.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Socket::Unix(socket) => Ok(Stream::Unix(socket.accept().await?.0)),
        }
    }

    /// Where it is: `http://127.0.0.1:8080`, `grpc://127.0.0.1:9000`, `unix:/run/blink.sock`. The port is the real one.
    pub fn address(&self) -> String {
        self.address.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
