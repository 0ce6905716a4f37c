//! How much memory reading a file may take: counted where it is taken, so that a small file cannot ask for a lot of it, in
//! whatever way it does.

/// What any file may take, and how many times its own length.
const LEAST: u64 = 1 << 26;
const TIMES_LENGTH: u64 = 4;

/// Bytes that are left to a file.
#[derive(Debug)]
pub(crate) struct Budget {
    most: u64,
    left: u64,
}

impl Budget {
    /// For a file of that length.
    pub(crate) fn of(length: u64) -> Self {
        let most = length.saturating_mul(TIMES_LENGTH).saturating_add(LEAST);
        Self { most, left: most }
    }

    /// Before memory is taken; what is given back is not counted, since nothing is read that is not needed.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or_else(|| {
            format!("it asks for more memory than its length allows, {} MiB", self.most >> 20)
        })?;
        Ok(())
    }
}
