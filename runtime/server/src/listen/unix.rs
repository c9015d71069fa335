//! The file of a Unix socket. One that nobody answers on was left behind and is replaced; anything else is not touched.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use super::bind::{BACKLOG, ListenError};

/// Who may connect: the owner and the group.
const MODE: Mode = Mode::from_raw_mode(0o660);

/// A socket's file, which goes when this does.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Which file it is: one that has taken its place is another's.
    identity: Identity,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.identity) {
            // Nobody is left to hear of a failure.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file: device, inode, and when it was made, as inodes are used again.
type Identity = (u64, u64, (i64, i64));

/// Listens at `path`.
pub(super) fn bind_at(path: &Path) -> Result<(UnixListener, SocketFile), ListenError> {
    let failed = |source| ListenError::BindUnix { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(ListenError::NotASocket { path: path.to_owned() });
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(_) => return Err(ListenError::InUse { path: path.to_owned() }),
        },
        Err(_) => {}
    }
    let socket = listen_at(path).map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    Ok((socket, SocketFile { path: path.to_owned(), identity: identity(&metadata) }))
}

fn listen_at(path: &Path) -> io::Result<UnixListener> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The file is made with the socket's own mode, so there is no moment in which more may connect.
    fchmod(&socket, MODE)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    // And the umask may have taken the group's part.
    fs::set_permissions(path, Permissions::from_mode(MODE.as_raw_mode()))?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_for_owner_and_group_and_goes_with_the_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("b.sock");
        let (_socket, file) = bind_at(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        assert!(UnixStream::connect(&path).is_ok());
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_nobody_answers_on_is_replaced_and_no_other_thing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("b.sock");
        let (socket, left) = bind_at(&path).unwrap();
        assert!(matches!(bind_at(&path), Err(ListenError::InUse { .. })));
        drop(socket);
        let (_socket, _file) = bind_at(&path).unwrap();
        // The first one's file is gone already; this one is not its own.
        drop(left);
        assert!(UnixStream::connect(&path).is_ok());
        let other = directory.path().join("file");
        fs::write(&other, "kept").unwrap();
        assert!(matches!(bind_at(&other), Err(ListenError::NotASocket { .. })));
        assert_eq!(fs::read(&other).unwrap(), b"kept");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let long = format!("/tmp/{}", "x".repeat(200));
        for path in [long.as_str(), "/nowhere/at/all.sock"] {
            assert!(matches!(bind_at(Path::new(path)), Err(ListenError::BindUnix { .. })), "{path}");
        }
    }
}
