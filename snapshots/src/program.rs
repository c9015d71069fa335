//! The restorer's program, as a file that can be executed.

use std::fs::File;
use std::io;

/// The program; `None` where there is none for this system.
pub(crate) const PROGRAM: Option<&[u8]> = {
    #[cfg(restorer)]
    {
        Some(include_bytes!(concat!(env!("OUT_DIR"), "/restorer")))
    }
    #[cfg(not(restorer))]
    {
        None
    }
};

/// Puts the program into memory, as a file without a name that nobody can change any more; executed by its descriptor.
///
/// [`io::ErrorKind::Unsupported`] where there is no program for this system.
pub fn restorer() -> io::Result<File> {
    let program = PROGRAM.ok_or(io::ErrorKind::Unsupported)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
        use rustix::io::Errno;
        use std::io::Write;
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let made = match memfd_create(c"blink-restorer", flags | MemfdFlags::EXEC) {
            // A kernel before 6.3 does not know the flag, and every such file can be executed.
            Err(Errno::INVAL) => memfd_create(c"blink-restorer", flags),
            made => made,
        };
        let mut file = File::from(made?);
        file.write_all(program)?;
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(file)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = program;
        Err(io::ErrorKind::Unsupported.into())
    }
}
