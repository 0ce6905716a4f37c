//! Where the records of a file begin.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::frame::{FOOTER, HEADER, length_in};

/// Bytes that are read at once when the next whole header is searched for.
const WINDOW: usize = 1 << 20;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scan {
    /// Where the records begin whose lengths are sound, in order; their data has not been looked at.
    pub(crate) offsets: Vec<u64>,
    /// Stretches, first and end byte, that belong to no record.
    pub(crate) gaps: Vec<(u64, u64)>,
}

/// Finds the records by their headers alone: a file of gigabytes takes a few thousand small reads.
///
/// Behind a damaged header goes on at the next byte where a header with a sound checksum and a possible length begins,
/// so that one flipped bit costs one record and not the rest of the file.
pub(crate) fn scan(file: &mut (impl Read + Seek)) -> io::Result<Scan> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut scan = Scan::default();
    let mut at = 0;
    let mut header = [0; HEADER as usize];
    while at < end {
        let length = if at + HEADER + FOOTER <= end {
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut header)?;
            fitting(&header, at, end)
        } else {
            None
        };
        if let Some(length) = length {
            scan.offsets.push(at);
            at += HEADER + length + FOOTER;
        } else {
            let next = next_header(file, at + 1, end)?.unwrap_or(end);
            scan.gaps.push((at, next));
            at = next;
        }
    }
    Ok(scan)
}

/// The length in a header at `at`, if it is sound and the record fits into a file of `end` bytes.
fn fitting(header: &[u8], at: u64, end: u64) -> Option<u64> {
    let length = length_in(header)?;
    let room = end.checked_sub(at)?.checked_sub(HEADER + FOOTER)?;
    (length <= room).then_some(length)
}

fn next_header(file: &mut (impl Read + Seek), from: u64, end: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(from))?;
    let mut reader = BufReader::with_capacity(WINDOW, file);
    let mut window = Vec::new();
    let mut start = from;
    loop {
        let had = window.len();
        reader.by_ref().take(WINDOW as u64).read_to_end(&mut window)?;
        // A sound header whose record was cut off is none.
        let mut headers = window.windows(HEADER as usize).zip(start..);
        if let Some((_, at)) = headers.find(|(header, at)| fitting(header, *at, end).is_some()) {
            return Ok(Some(at));
        }
        if window.len() == had {
            return Ok(None);
        }
        let keep = window.len().min(HEADER as usize - 1);
        start += (window.len() - keep) as u64;
        window.drain(..window.len() - keep);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::frame::{append, read};
    use super::*;

    /// Three records of 5, 0 and 70 bytes.
    fn file() -> Vec<u8> {
        let mut file = Vec::new();
        for data in [&b"first"[..], b"", &[7; 70]] {
            append(&mut file, data);
        }
        file
    }

    /// The data that can be read of a file.
    fn sound(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut file = Cursor::new(bytes);
        let scan = scan(&mut file).expect("no IO");
        let mut starts = scan.offsets.clone();
        starts.extend(scan.gaps.iter().map(|gap| gap.0));
        starts.sort_unstable();
        assert!(bytes.is_empty() || starts[0] == 0, "no byte is lost: {scan:?}");
        for gap in &scan.gaps {
            assert!(gap.1 == bytes.len() as u64 || starts.contains(&gap.1), "{scan:?}");
        }
        let data = scan.offsets.iter().map(|offset| read(&mut file, *offset).expect("no IO"));
        data.filter_map(Result::ok).map(|data| data.to_vec()).collect()
    }

    #[test]
    fn finds_all_records() {
        let file = file();
        assert_eq!(sound(&file), [b"first".to_vec(), vec![], vec![7; 70]]);
        assert!(sound(&[]).is_empty());
    }

    #[test]
    fn a_flipped_bit_costs_one_record() {
        let file = file();
        for byte in 0..file.len() {
            for bit in 0..8 {
                let mut damaged = file.clone();
                damaged[byte] ^= 1 << bit;
                let found = sound(&damaged);
                assert_eq!(found.len(), 2, "byte {byte}, bit {bit}: {found:?}");
            }
        }
    }

    #[test]
    fn a_cut_costs_what_was_cut_off() {
        let file = file();
        let ends = [21, 37, 123];
        for length in 0..file.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(sound(&file[..length]).len(), whole, "{length} of {} bytes", file.len());
        }
    }

    #[test]
    fn many_records_that_were_cut_off_are_passed_over_at_once() {
        // Headers of records that are longer than the file, one after the other: each is looked at once.
        let length = 1_u64 << 40;
        let mut header = length.to_le_bytes().to_vec();
        header.extend(super::super::checksum::masked(&length.to_le_bytes()).to_le_bytes());
        let mut bytes = header.repeat(1 << 18);
        append(&mut bytes, b"last");
        assert_eq!(sound(&bytes), [b"last".to_vec()]);
        let mut file = Counted { file: Cursor::new(&bytes[..]), read: 0 };
        scan(&mut file).expect("no IO");
        // Reading the rest of the window for each of them would be hundreds of gigabytes.
        assert!(file.read < 2 * bytes.len(), "{} of {} bytes", file.read, bytes.len());
    }

    /// Counts the bytes that are read.
    struct Counted<'a> {
        file: Cursor<&'a [u8]>,
        read: usize,
    }

    impl Read for Counted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.file.read(buffer)?;
            self.read += count;
            Ok(count)
        }
    }

    impl Seek for Counted<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    #[test]
    fn rubbish_holds_nothing() {
        let mut bits = 1_u32;
        let rubbish: Vec<u8> = (0..100_000)
            .map(|_| {
                bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (bits >> 24) as u8
            })
            .collect();
        assert!(sound(&rubbish).is_empty());
        let mut embedded = rubbish[..1000].to_vec();
        embedded.extend(file());
        assert_eq!(sound(&embedded).len(), 3);
    }
}
