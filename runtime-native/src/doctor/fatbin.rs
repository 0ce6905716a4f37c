//! Which GPUs a library holds code for: the headers of its fat binaries.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;

const MAGIC: u32 = 0xBA55_ED50;
const CONTAINER_HEADER: u64 = 16;
const ENTRY_HEADER: usize = 64;
const INTERMEDIATE: u16 = 1;
const MACHINE: u16 = 2;
/// More entries has no library.
const MOST_ENTRIES: usize = 1 << 20;

/// Compute capabilities times ten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Architectures {
    /// Those with machine code.
    pub machine_code: BTreeSet<u32>,
    /// Those with PTX, which a driver compiles for them and all later ones.
    pub ptx: BTreeSet<u32>,
}

impl Architectures {
    /// Reads the headers between two offsets of a file; what is no fat binary ends the search.
    pub(crate) fn read(path: &Path, (start, length): (u64, u64)) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        let end = start.saturating_add(length);
        let (mut found, mut at, mut entries) = (Self::default(), start, 0);
        while at + CONTAINER_HEADER <= end {
            let mut header = [0; CONTAINER_HEADER as usize];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut header)?;
            let magic = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
            if magic != MAGIC {
                // Containers begin at multiples of eight, with zeros between them.
                if header[..8] == [0; 8] {
                    at += 8;
                    continue;
                }
                break;
            }
            let length = u16::from_le_bytes([header[6], header[7]]);
            let size = u64::from_le_bytes(header[8..].try_into().expect("eight bytes"));
            let mut entry = at + u64::from(length);
            let last = entry.saturating_add(size).min(end);
            while entry + ENTRY_HEADER as u64 <= last && entries < MOST_ENTRIES {
                let mut header = [0; ENTRY_HEADER];
                file.seek(SeekFrom::Start(entry))?;
                file.read_exact(&mut header)?;
                let number = |from: usize| {
                    u32::from_le_bytes(header[from..from + 4].try_into().expect("four bytes"))
                };
                let kind = u16::from_le_bytes([header[0], header[1]]);
                let size = u64::from_le_bytes(header[8..16].try_into().expect("eight bytes"));
                let architecture = number(28);
                match kind {
                    INTERMEDIATE => found.ptx.insert(architecture),
                    MACHINE => found.machine_code.insert(architecture),
                    _ => false,
                };
                let step = u64::from(number(4)).saturating_add(size);
                if step == 0 {
                    break;
                }
                (entry, entries) = (entry.saturating_add(step), entries + 1);
            }
            at = last.next_multiple_of(8).max(at + CONTAINER_HEADER);
        }
        Ok(found)
    }

    /// Whether there is code for a GPU. Machine code of an earlier GPU of the same generation runs on a later one, but not on the
    /// chips of Jetsons.
    pub(crate) fn serve(&self, sm: u32, is_tegra: bool) -> bool {
        let runs = |&code: &u32| code == sm || !is_tegra && code / 10 == sm / 10 && code < sm;
        self.machine_code.iter().any(runs) || self.ptx.iter().any(|&ptx| ptx <= sm)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A container of entries without code: kind and architecture.
    pub(crate) fn container(entries: &[(u16, u32)]) -> Vec<u8> {
        let mut content = Vec::new();
        for (kind, architecture) in entries {
            let mut header = [0; ENTRY_HEADER];
            header[..2].copy_from_slice(&kind.to_le_bytes());
            header[4..8].copy_from_slice(&(ENTRY_HEADER as u32).to_le_bytes());
            header[8..16].copy_from_slice(&8_u64.to_le_bytes());
            header[28..32].copy_from_slice(&architecture.to_le_bytes());
            content.extend_from_slice(&header);
            content.extend_from_slice(&[0xAA; 8]);
        }
        let mut bytes = MAGIC.to_le_bytes().to_vec();
        bytes.extend_from_slice(&[1, 0, 16, 0]);
        bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
        bytes.extend(content);
        bytes
    }

    #[test]
    fn architectures_of_all_containers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("code");
        let parts = [container(&[(2, 89), (2, 90)]), vec![0; 8], container(&[(1, 90), (7, 5)])];
        std::fs::write(&path, parts.concat()).expect("a file");
        let length = parts.concat().len() as u64;
        let found = Architectures::read(&path, (0, length)).expect("headers");
        assert_eq!(found.machine_code.iter().copied().collect::<Vec<_>>(), [89, 90]);
        assert_eq!(found.ptx.iter().copied().collect::<Vec<_>>(), [90]);
        // A table of sections may promise more than the file has.
        assert!(Architectures::read(&path, (0, 8 * length)).is_err());
        std::fs::write(&path, [0xFF; 64]).expect("a file");
        assert_eq!(Architectures::read(&path, (0, 64)).expect("none"), Architectures::default());
    }

    #[test]
    fn code_for_one_gpu_is_not_for_all() {
        let of = |machine_code: &[u32], ptx: &[u32]| Architectures {
            machine_code: machine_code.iter().copied().collect(),
            ptx: ptx.iter().copied().collect(),
        };
        assert!(of(&[80], &[]).serve(86, false) && !of(&[80], &[]).serve(87, true));
        assert!(of(&[87], &[]).serve(87, true) && !of(&[89, 90, 120], &[]).serve(87, true));
        assert!(of(&[], &[75]).serve(87, true) && !of(&[], &[90]).serve(87, true));
    }
}
