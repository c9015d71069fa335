//! What the program and whoever started it agree on: numbers of descriptors, and the one packet that it sends.

use crate::refusal::Refusal;

/// The socket to the launcher. A restored worker goes on with it.
pub const SOCKET: i32 = 3;
/// The memory shared with the launcher. A restored worker goes on with it.
pub const MEMORY: i32 = 4;
/// The image. Closed before the worker resumes.
pub const IMAGE: i32 = 5;
/// The kind of the packet that tells a refusal.
pub const REFUSED: u32 = 4;

/// The packet that tells `refusal`: kind and code, two details, zero.
pub const fn packet(refusal: Refusal) -> [u64; 4] {
    let (code, a, b) = refusal.encode();
    [REFUSED as u64 | (code as u64) << 32, a, b, 0]
}
