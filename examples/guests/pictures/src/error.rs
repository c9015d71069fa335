//! Why bytes are no picture.

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bytes.
    #[error("picture is empty: expected a JPEG or PNG file")]
    Empty,
    /// Neither format.
    #[error("picture is neither JPEG nor PNG")]
    Format,
    /// A file that cannot be decoded.
    #[error("{format} cannot be decoded: {reason}")]
    Broken {
        /// `JPEG` or `PNG`.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// More pixels than are taken, or none.
    #[error("picture is {width}x{height} pixels, expected 1 to {} million, no side over {}",
        crate::MOST_PIXELS / 1_000_000,
        crate::LONGEST_SIDE
    )]
    Large {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
}
