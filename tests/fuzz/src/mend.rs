//! Checksums put right: a mutated file is refused for them before anything else of it is looked at.

/// Record files: lengths fit into the file, and both checksums of each record are those of its bytes.
pub(crate) fn records(bytes: &[u8]) -> Vec<u8> {
    const AROUND: usize = 8 + 4 + 4;
    let mut mended = bytes.to_vec();
    let mut rest = &mut mended[..];
    while rest.len() >= AROUND {
        let room = rest.len() - AROUND;
        let length = u64::from_le_bytes(rest[..8].try_into().expect("eight bytes"));
        let length = usize::try_from(length).map_or(room, |length| length.min(room));
        let (record, behind) = rest.split_at_mut(length + AROUND);
        record[..8].copy_from_slice(&(length as u64).to_le_bytes());
        let header = masked(&record[..8]);
        record[8..12].copy_from_slice(&header);
        let data = masked(&record[12..12 + length]);
        record[12 + length..].copy_from_slice(&data);
        rest = behind;
    }
    mended
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Zips: the checksum of every entry that is stored as it is.
pub(crate) fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    let entries = bytes.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x01\x02");
    for (at, _) in entries {
        let Some((local, checksum)) = stored(bytes, at) else { continue };
        for place in [at + 16, local + 14] {
            mended[place..place + 4].copy_from_slice(&checksum);
        }
    }
    mended
}

/// Where the local header of a stored entry is, and the checksum of its bytes; `at` is its place in the directory.
fn stored(bytes: &[u8], at: usize) -> Option<(usize, [u8; 4])> {
    let directory = bytes.get(at..at + 46)?;
    let half = |from: &[u8], at: usize| usize::from(from[at]) | usize::from(from[at + 1]) << 8;
    let word = |from: &[u8], at: usize| half(from, at) | half(from, at + 2) << 16;
    if half(directory, 10) != 0 {
        return None;
    }
    let (length, place) = (word(directory, 20), word(directory, 42));
    let local = bytes.get(place..place + 30)?;
    let start = place + 30 + half(local, 26) + half(local, 28);
    let content = bytes.get(start..start.checked_add(length)?)?;
    Some((place, crc32fast::hash(content).to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Write};

    use super::*;

    #[test]
    fn mutated_records_are_sound() {
        let mut file = Vec::new();
        gqn_datasets::append_record(&mut file, b"scene");
        gqn_datasets::append_record(&mut file, b"another scene");
        assert_eq!(records(&file), file);
        file[14] ^= 1;
        file[3] = 0xFF;
        // The first record now reaches to the end of the file.
        let mended = records(&file);
        let mut expected = Vec::new();
        gqn_datasets::append_record(&mut expected, &file[12..file.len() - 4]);
        assert_eq!(mended, expected);
    }

    #[test]
    fn mutated_entries_are_read() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        zip.start_file("a", options).expect("an entry");
        zip.write_all(b"content").expect("its content");
        let mut bytes = zip.finish().expect("a zip").into_inner();
        let at = bytes.windows(7).position(|seven| seven == b"content").expect("it is stored");
        bytes[at] = b'C';
        let read = |bytes: &[u8]| {
            let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
            let mut content = String::new();
            let read = zip.by_index(0).expect("an entry").read_to_string(&mut content);
            read.map(|_| content)
        };
        read(&bytes).expect_err("the checksum is another's");
        assert_eq!(read(&self::zip(&bytes)).expect("an entry"), "Content");
    }
}
