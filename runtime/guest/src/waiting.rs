//! What a run waits with: a runtime of the thread's own, kept from run to run.

use std::cell::OnceCell;
use std::io;

use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// For guests without a network, made at the first run of a thread. It holds no descriptors.
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Does `work` where it can wait for clocks, and for sockets if it may have any; or says why there is no such place.
pub(crate) fn on_a_runtime<T>(network: bool, work: impl Future<Output = T>) -> Result<T, String> {
    if network {
        let made = Builder::new_current_thread().enable_time().enable_io().build();
        return made.map(|runtime| runtime.block_on(work)).map_err(nothing_to_wait_with);
    }
    let make = || Builder::new_current_thread().enable_time().build();
    RUNTIME.with(|kept| on_a_kept_runtime(kept, make, work))
}

fn nothing_to_wait_with(error: io::Error) -> String {
    format!("guest has nothing to wait with: {error}")
}

/// Does `work` on the runtime that is `kept`, which is made where there is none.
pub(crate) fn on_a_kept_runtime<T>(
    kept: &OnceCell<Runtime>,
    make: impl FnOnce() -> io::Result<Runtime>,
    work: impl Future<Output = T>,
) -> Result<T, String> {
    let runtime = match kept.get() {
        Some(runtime) => runtime,
        None => {
            let made = make().map_err(nothing_to_wait_with)?;
            kept.get_or_init(|| made)
        }
    };
    Ok(runtime.block_on(work))
}
