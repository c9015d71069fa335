//! The thread that owns the [`Looker`]: it looks at the disk as often as it is told to, and does what clients ask. One
//! thing at a time, so no two changes ever meet.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::RepositoryError;
use super::swap::Looker;
use crate::error::RequestError;

/// What a command comes to.
type Reply = oneshot::Sender<Result<(), RequestError>>;

/// What the thread can be asked.
#[derive(Debug)]
pub(super) enum Command {
    Look,
    Load { name: String, reply: Reply },
    Unload { name: String, reply: Reply },
}

/// A way to the thread, which ends when there is none any more.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    commands: mpsc::Sender<Command>,
}

impl Keeper {
    /// Starts the thread. `poll`: how often it looks by itself.
    pub(super) fn begin(looker: Looker, poll: Option<Duration>) -> Result<Keeper, RepositoryError> {
        let (commands, asked) = mpsc::channel();
        spawn("repository", move || keep(looker, &asked, poll)).map_err(RepositoryError::Thread)?;
        Ok(Keeper { commands })
    }

    /// Has it done some time soon.
    pub(super) fn send(&self, command: Command) {
        // The thread is gone only where this process ends.
        let _ = self.commands.send(command);
    }

    /// Has it done, and waits for what it comes to.
    pub(super) async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<(), RequestError> {
        let (reply, replied) = oneshot::channel();
        self.send(command(reply));
        let gone = |_| RequestError::Unavailable("the server looks after no models any more".into());
        replied.await.map_err(gone)?
    }
}

fn keep(mut looker: Looker, asked: &Receiver<Command>, poll: Option<Duration>) {
    loop {
        let command = match poll {
            Some(poll) => asked.recv_timeout(poll),
            None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        // Nobody waits for a reply whose receiver is gone.
        let _ = match command {
            Ok(Command::Look) | Err(RecvTimeoutError::Timeout) => {
                looker.look(None);
                Ok(())
            }
            Ok(Command::Load { name, reply }) => reply.send(looker.load(&name)),
            Ok(Command::Unload { name, reply }) => reply.send(looker.unload(&name)),
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}

/// A thread of the repository, by its name.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}
