//! [`Notifier`]: tells whoever has started the server how it stands, by the socket that `NOTIFY_SOCKET` names.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::warn;

/// Where to tell; without `NOTIFY_SOCKET` nobody is told.
#[derive(Clone, Debug, Default)]
pub struct Notifier {
    socket: Option<OsString>,
}

impl Notifier {
    /// To whoever has started this process, if it wants to hear.
    pub fn from_environment() -> Notifier {
        Notifier { socket: env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) }
    }

    /// Requests are answered from now on.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// Told to end; what has come is still answered.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Nobody waits for this to succeed; that it does not is told.
    fn tell(&self, message: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = send(socket, message)
        {
            warn!(%error, "{message} could not be told to NOTIFY_SOCKET");
        }
    }
}

fn send(socket: &OsStr, message: &str) -> io::Result<()> {
    let address = match socket.as_bytes().split_first() {
        #[cfg(target_os = "linux")]
        Some((b'@', name)) => <SocketAddr as SocketAddrExt>::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    let from = UnixDatagram::unbound()?;
    // A listener that takes nothing more must not hold the server up.
    from.set_nonblocking(true)?;
    from.send_to_addr(message.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_reach_sockets_with_and_without_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("blink-test-{}", std::process::id());
        #[cfg(target_os = "linux")]
        let others =
            [(<SocketAddr as SocketAddrExt>::from_abstract_name(&name).unwrap(), OsString::from(format!("@{name}")))];
        #[cfg(not(target_os = "linux"))]
        let others = [];
        let with_path = (SocketAddr::from_pathname(&path).unwrap(), path.into_os_string());
        for (address, name) in [with_path].into_iter().chain(others) {
            let heard = UnixDatagram::bind_addr(&address).unwrap();
            let notifier = Notifier { socket: Some(name) };
            notifier.ready();
            notifier.stopping();
            let next = || {
                let mut bytes = [0; 100];
                let len = heard.recv(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes[..len]).into_owned()
            };
            assert_eq!([next(), next()], ["READY=1", "STOPPING=1"]);
        }
    }

    #[test]
    fn a_socket_that_is_not_there_is_no_end() {
        assert!(send(OsStr::new("/nowhere/at/all"), "READY=1").is_err());
        Notifier { socket: Some("/nowhere/at/all".into()) }.ready();
        Notifier::default().ready();
    }
}
