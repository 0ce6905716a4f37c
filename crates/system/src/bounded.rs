//! Reading streams up to a number of bytes, so that no input decides how much memory is taken.

use std::io::{self, Read};

/// All of a source, or `None` if it has more than `most` bytes; takes memory for what is there alone.
///
/// # Errors
/// What the source says.
pub fn read_at_most(source: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
