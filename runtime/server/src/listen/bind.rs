//! [`Listeners`]: the sockets that a configuration asks for, or those that systemd has opened instead.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::sockopt::{set_socket_reuseaddr, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};

use super::inherited::{self, Inherited};
use super::listener::{Listener, Purpose};
use super::unix;
use crate::config::{Address, Config};

/// Connections that may wait to be accepted; the kernel takes less where it is set to.
pub(super) const BACKLOG: i32 = 4096;

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ListenError {
    #[error("{address} cannot be listened on: {source}{}", hint(source))]
    Bind { address: SocketAddr, source: io::Error },
    #[error("socket {path} cannot be listened on: {source}", path = path.display())]
    BindUnix { path: PathBuf, source: io::Error },
    #[error(
        "socket {path} is in use: somebody answers there; end that server, or name another path",
        path = path.display()
    )]
    InUse { path: PathBuf },
    #[error("{path} is there and is no socket: it is not replaced; name another path", path = path.display())]
    NotASocket { path: PathBuf },
    #[error("nothing is listened on: name an address with --http or --grpc")]
    Nowhere,
    #[error("LISTEN_FDS is '{found}', expected a number of sockets, as systemd sets it")]
    Count { found: String },
    #[error("descriptor {number} from systemd is no listening stream socket: check ListenStream in the .socket unit")]
    NotListening { number: i32 },
    #[error("descriptor {number} from systemd is called '{name}', expected http or grpc: check FileDescriptorName")]
    Name { number: i32, name: String },
    #[error("socket cannot be used by the server: {0}")]
    Prepare(io::Error),
    #[error("signals cannot be heard: {0}")]
    Signals(io::Error),
}

/// Every socket that the server listens on.
#[derive(Debug)]
pub struct Listeners {
    all: Vec<Listener>,
}

impl Listeners {
    /// Binds what `config` says; takes those that systemd has opened where there are any, and then no others.
    ///
    /// An address that is named for both protocols is bound once. To be called within the runtime.
    pub fn open(config: &Config) -> Result<Listeners, ListenError> {
        let inherited = inherited::take()?;
        if !inherited.is_empty() {
            let all = inherited.into_iter().map(adopt).collect::<Result<_, _>>()?;
            return Ok(Listeners { all });
        }
        let mut all: Vec<Listener> = Vec::new();
        let http = config.http.iter().map(|address| (Purpose::Http, address));
        let grpc = config.grpc.iter().filter(|address| !config.http.contains(address) || is_any_port(address));
        for (purpose, address) in http.chain(grpc.map(|address| (Purpose::Grpc, address))) {
            all.push(match address {
                Address::Tcp(address) => Listener::tcp(tcp(*address)?, purpose)?,
                Address::Unix(path) => {
                    let (socket, file) = unix::bind_at(path)?;
                    Listener::unix(socket, Some(file))?
                }
            });
        }
        if all.is_empty() { Err(ListenError::Nowhere) } else { Ok(Listeners { all }) }
    }

    /// Each of them, in the order of the configuration, HTTP first.
    pub fn into_listeners(self) -> Vec<Listener> {
        self.all
    }
}

fn is_any_port(address: &Address) -> bool {
    matches!(address, Address::Tcp(address) if address.port() == 0)
}

fn tcp(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let open = || -> io::Result<OwnedFd> {
        let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // A server that follows one that has just ended need not wait for its last connections.
        set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &address)?;
        listen(&socket, BACKLOG)?;
        Ok(socket)
    };
    open().map(TcpListener::from).map_err(|source| ListenError::Bind { address, source })
}

/// A socket that systemd has opened, which must be one that this server can accept on.
fn adopt(Inherited { number, socket, name }: Inherited) -> Result<Listener, ListenError> {
    let purpose = match name.as_str() {
        "grpc" => Purpose::Grpc,
        // What systemd calls a socket that nobody has named.
        "http" | "" | "unknown" => Purpose::Http,
        _ if name.ends_with(".socket") => Purpose::Http,
        _ => return Err(ListenError::Name { number, name }),
    };
    let is_listening = |socket: &OwnedFd| -> rustix::io::Result<bool> {
        let is_stream = socket_type(socket.as_fd())? == SocketType::STREAM;
        Ok(is_stream && rustix::net::sockopt::socket_acceptconn(socket.as_fd())?)
    };
    if !is_listening(&socket).unwrap_or(false) {
        return Err(ListenError::NotListening { number });
    }
    match socket_domain(&socket) {
        Ok(AddressFamily::INET | AddressFamily::INET6) => Listener::tcp(socket.into(), purpose),
        Ok(AddressFamily::UNIX) => Listener::unix(socket.into(), None),
        _ => Err(ListenError::NotListening { number }),
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another server listens there: end it, or name another port",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege: name a higher one",
        io::ErrorKind::AddrNotAvailable => "; this host does not have that address",
        _ => "",
    }
}

#[cfg(test)]
#[path = "bind_tests.rs"]
mod tests;
