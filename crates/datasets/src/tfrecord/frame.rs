//! One record: where it lies, and its bytes.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::checksum::masked;
use crate::damage::Damage;

/// Bytes of a record before its data, and after.
pub(super) const HEADER: u64 = 12;
pub(super) const FOOTER: u64 = 4;

/// The length that a header gives, if its checksum says that it is one.
pub(super) fn length_in(header: &[u8]) -> Option<u64> {
    let (length, checksum) = header.get(..HEADER as usize)?.split_at(8);
    let checks = u32::from_le_bytes(checksum.try_into().ok()?) == masked(length);
    checks.then(|| u64::from_le_bytes(length.try_into().expect("eight bytes")))
}

/// The data of the record at `offset`, compared with its checksum.
///
/// The outer error is the file's; what is wrong with the bytes is the inner one.
pub(crate) fn read(
    file: &mut (impl Read + Seek),
    offset: u64,
) -> io::Result<Result<Bytes, Damage>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut header = Vec::with_capacity(HEADER as usize);
    file.by_ref().take(HEADER).read_to_end(&mut header)?;
    let Some(length) = length_in(&header) else { return Ok(Err(Damage::NoRecord)) };
    let wanted = length.saturating_add(FOOTER);
    let mut data = Vec::new();
    file.take(wanted).read_to_end(&mut data)?;
    if (data.len() as u64) < wanted {
        return Ok(Err(Damage::CutShort { found: data.len() as u64, expected: wanted }));
    }
    let footer = data.split_off(length as usize);
    let expected = u32::from_le_bytes(footer.try_into().expect("four bytes"));
    let found = masked(&data);
    if found != expected {
        return Ok(Err(Damage::Checksum { found, expected }));
    }
    Ok(Ok(data.into()))
}

/// Writes a record of `TensorFlow`'s record files behind others.
pub fn append(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked(data).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_length_beyond_all_files_is_damage() {
        // Checksums guard against accidents, not against those who compute them.
        for length in [u64::MAX, u64::MAX - 3, 1 << 40] {
            let mut file = length.to_le_bytes().to_vec();
            file.extend(masked(&length.to_le_bytes()).to_le_bytes());
            file.extend([0; 20]);
            let read = read(&mut Cursor::new(file), 0).expect("no IO");
            assert!(matches!(read, Err(Damage::CutShort { found: 20, .. })), "{read:?}");
        }
    }
}
