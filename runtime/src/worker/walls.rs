//! The walls of a worker that serves: what its launcher has told, raised before it goes on to the model.
//!
//! By then everything that it needs from a path is open: the artifact, the library with all that it reads of the
//! machine when it is loaded, the guest's native code. So a worker without grants is left no path at all.

use std::os::unix::net::UnixStream;

use super::process;
use crate::channel::{Failure, FailureClass, Orders};
use crate::sandbox::{Sandbox, Standing};

/// Raises the walls that the launcher at the other end of `socket` wants; `None`: it wants none. Ends the process where
/// nobody is there, or somebody who says something else.
pub(super) fn raise(socket: &UnixStream) -> Result<Option<Standing>, Failure> {
    let Ok(Some(Orders { level, grants })) = Orders::receive(socket) else { process::end() };
    if level == Sandbox::Off {
        return Ok(None);
    }
    process::settle_local_time();
    match grants.walls().raise(level) {
        Ok(standing) => Ok(Some(standing)),
        Err(error) => Err(Failure { class: FailureClass::Sandbox, message: error.to_string() }),
    }
}
