//! Is a shared library there as a whole? A loader maps the file and touches the mapping: where the file ends early, the
//! process is killed by a signal.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use thiserror::Error;

const MAGIC: [u8; 4] = *b"\x7fELF";
/// Bytes of the header of a 64-bit file, and of an entry of its table of segments.
const HEADER: usize = 64;
const SEGMENT: usize = 56;
const LOADED: u32 = 1;
const DYNAMIC: u32 = 2;
/// Kinds of entries of the dynamic section.
const NEEDED: u64 = 1;
const STRINGS: u64 = 5;
const OLD_SEARCH_PATH: u64 = 15;
const SEARCH_PATH: u64 = 29;
/// More of the dynamic section, or of one name in it, has no library.
const MOST_ENTRIES: u64 = 4096;
const LONGEST_NAME: u64 = 1 << 16;

/// What is wrong with a library; a text that goes behind its name.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum LibraryDamage {
    #[error("is cut short: it has {found} bytes, expected {expected} or more")]
    CutShort { found: u64, expected: u64 },
    #[error("is empty")]
    Empty,
    #[error("is no shared library: it does not begin as an ELF file")]
    NotElf,
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
}

/// What a library says of the libraries that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LibraryNeeds {
    /// Their names.
    pub names: Vec<String>,
    /// Folders to look for them in, which may begin with `$ORIGIN`, the library's own folder.
    pub folders: Vec<String>,
}

/// Compares the segments of a library with the length of its file. Files of other kinds than 64-bit ELF in the usual byte
/// order are left to the loader where the system may have others.
///
/// # Errors
/// [`LibraryDamage`]: loading it would end the process, or it is none.
pub fn check_library(path: &Path) -> Result<(), LibraryDamage> {
    library_needs(path).map(drop)
}

/// As [`check_library`]; gives what the library needs itself.
///
/// # Errors
/// As [`check_library`].
pub fn library_needs(path: &Path) -> Result<LibraryNeeds, LibraryDamage> {
    let mut file = File::open(path).map_err(LibraryDamage::Unreadable)?;
    let found = file.metadata().map_err(LibraryDamage::Unreadable)?.len();
    if found == 0 {
        return Err(LibraryDamage::Empty);
    }
    let cut_short = |expected| LibraryDamage::CutShort { found, expected };
    let mut at = |offset: u64, buffer: &mut [u8]| {
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(buffer));
        read.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_short(offset.saturating_add(buffer.len() as u64)),
            _ => LibraryDamage::Unreadable(error),
        })
    };
    let mut header = [0; HEADER];
    let start = (found as usize).min(MAGIC.len());
    at(0, &mut header[..start])?;
    if header[..start] != MAGIC[..start] {
        // Other systems have other kinds of libraries.
        return if cfg!(target_os = "linux") {
            Err(LibraryDamage::NotElf)
        } else {
            Ok(LibraryNeeds::default())
        };
    }
    at(0, &mut header)?;
    let is_usual = header[4] == 2 && header[5] == 1;
    let (table, size) = (word(&header, 32), usize::from(half(&header, 54)));
    if !is_usual || size < SEGMENT {
        return Ok(LibraryNeeds::default());
    }
    let mut segments = Vec::new();
    for index in 0..u64::from(half(&header, 56)) {
        let mut entry = [0; SEGMENT];
        at(table.saturating_add(index * size as u64), &mut entry)?;
        let kind = u32::from_le_bytes(entry[..4].try_into().expect("four bytes"));
        let segment = Segment {
            kind,
            offset: word(&entry, 8),
            address: word(&entry, 16),
            length: word(&entry, 32),
        };
        let end = segment.offset.saturating_add(segment.length);
        if kind == LOADED && end > found {
            return Err(cut_short(end));
        }
        segments.push(segment);
    }
    needs(&segments, &mut at)
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    length: u64,
}

/// The names in the dynamic section.
fn needs(
    segments: &[Segment],
    at: &mut impl FnMut(u64, &mut [u8]) -> Result<(), LibraryDamage>,
) -> Result<LibraryNeeds, LibraryDamage> {
    let mut needs = LibraryNeeds::default();
    let Some(dynamic) = segments.iter().find(|segment| segment.kind == DYNAMIC) else {
        return Ok(needs);
    };
    let mut entries = Vec::new();
    for index in 0..(dynamic.length / 16).min(MOST_ENTRIES) {
        let mut entry = [0; 16];
        at(dynamic.offset + 16 * index, &mut entry)?;
        entries.push((word(&entry, 0), word(&entry, 8)));
    }
    let strings = entries.iter().find(|(kind, _)| *kind == STRINGS).and_then(|(_, address)| {
        let holds = |segment: &&Segment| {
            segment.kind == LOADED
                && (segment.address..segment.address + segment.length).contains(address)
        };
        segments.iter().find(holds).map(|segment| address - segment.address + segment.offset)
    });
    let Some(strings) = strings else { return Ok(needs) };
    for (kind, place) in entries {
        if ![NEEDED, SEARCH_PATH, OLD_SEARCH_PATH].contains(&kind) {
            continue;
        }
        let mut name = Vec::new();
        for index in 0..LONGEST_NAME {
            let mut byte = [0];
            at(strings.saturating_add(place).saturating_add(index), &mut byte)?;
            match byte {
                [0] => break,
                [byte] => name.push(byte),
            }
        }
        let name = String::from_utf8_lossy(&name);
        if kind == NEEDED {
            needs.names.push(name.into_owned());
        } else {
            needs.folders.extend(name.split(':').map(str::to_owned));
        }
    }
    Ok(needs)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use std::fs;

    use super::*;

    /// The test itself is an ELF file that needs others.
    fn own() -> Vec<u8> {
        fs::read(std::env::current_exe().expect("a path")).expect("this program")
    }

    #[test]
    fn a_library_says_what_it_needs() {
        let needs = library_needs(&std::env::current_exe().expect("a path")).expect("a program");
        assert!(needs.names.iter().any(|name| name.starts_with("libc.so")), "{needs:?}");
    }

    #[test]
    fn what_is_cut_short_or_no_library_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("liba.so");
        let check = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("a file");
            check_library(&path)
        };
        let bytes = own();
        check(&bytes).expect("a whole one");
        for length in [3, 4, 40, 64, 100, 4096, bytes.len() / 2] {
            let damage = check(&bytes[..length]).expect_err("a part");
            assert!(
                matches!(damage, LibraryDamage::CutShort { found, expected }
                if found == length as u64 && expected > found),
                "{length}: {damage}"
            );
        }
        assert!(matches!(check(b""), Err(LibraryDamage::Empty)));
        assert!(matches!(check(b"no library"), Err(LibraryDamage::NotElf)));
        assert!(matches!(check_library(folder.path()), Err(LibraryDamage::Unreadable(_))));
    }

    #[test]
    fn mutated_headers_end_in_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("liba.so");
        let bytes = own();
        // Every byte of the header and of the table of segments, at its most.
        for index in 4..512 {
            let mut changed = bytes[..bytes.len().min(1 << 16)].to_vec();
            changed[index] = 0xFF;
            fs::write(&path, changed).expect("a file");
            let _ = check_library(&path);
        }
    }
}
