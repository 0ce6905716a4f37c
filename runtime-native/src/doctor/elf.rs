//! What a shared library says of itself, read without loading it.

use std::fs::File;
use std::path::Path;

use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::read::{ReadCache, ReadRef, StringTable};
use object::{LittleEndian, elf};

/// More strings has no library, in bytes.
const MOST_STRINGS: u64 = 1 << 28;

/// A 64-bit little-endian ELF library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    /// Such as `EM_AARCH64`.
    pub(crate) machine: u16,
    /// Libraries that it needs.
    pub(crate) needed: Vec<String>,
    /// Folders where it looks for them first; `$ORIGIN` is its own.
    pub(crate) folders: Vec<String>,
    /// Names of symbol versions that it defines or needs, such as `GLIBC_2.31`.
    pub(crate) versions: Vec<String>,
    /// Offset and length of its GPU code.
    pub(crate) fatbin: Option<(u64, u64)>,
}

impl Elf {
    /// Reads a library.
    ///
    /// # Errors
    /// Why it is none, in a few words that go behind its name.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let cache = ReadCache::new(file);
        Self::parse(&cache).map_err(|error| format!("is no whole 64-bit ELF library: {error}"))
    }

    fn parse<'data, R: ReadRef<'data>>(data: R) -> object::Result<Self> {
        let header = elf::FileHeader64::<LittleEndian>::parse(data)?;
        let endian = header.endian()?;
        let segments = header.program_headers(endian, data)?;
        let mut found = Self { machine: header.e_machine(endian), ..Self::default() };
        let dynamic = segments.iter().find_map(|segment| segment.dynamic(endian, data).transpose());
        let Some(entries) = dynamic.transpose()? else { return Ok(found) };
        let value = |tag: u32| {
            let is = |entry: &&elf::Dyn64<LittleEndian>| entry.tag32(endian) == Some(tag);
            entries.iter().find(is).map(|entry| entry.d_val(endian))
        };
        let (address, size) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ));
        let (Some(address), Some(size)) = (address, size) else { return Ok(found) };
        let offset = segments.iter().find_map(|segment| {
            let start = segment.p_vaddr(endian);
            let inside = segment.p_type(endian) == elf::PT_LOAD
                && (start..start.saturating_add(segment.p_filesz(endian))).contains(&address);
            inside.then(|| segment.p_offset(endian).checked_add(address - start)).flatten()
        });
        let Some(offset) = offset else { return Ok(found) };
        let size = size.min(MOST_STRINGS);
        let strings = StringTable::new(data, offset, offset.saturating_add(size));
        let text = |index: u64| {
            let bytes = strings.get(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        for entry in entries {
            match entry.tag32(endian) {
                Some(elf::DT_NEEDED) => found.needed.push(text(entry.d_val(endian))),
                Some(elf::DT_RPATH | elf::DT_RUNPATH) => {
                    let list = text(entry.d_val(endian));
                    found.folders.extend(list.split(':').map(str::to_owned));
                }
                _ => {}
            }
        }
        if let Ok(bytes) = data.read_bytes_at(offset, size) {
            let texts =
                bytes.split(|&byte| byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
            let is_version = |text: &&str| {
                ["GLIBC_", "GLIBCXX_", "VERS_"].iter().any(|prefix| {
                    text.strip_prefix(prefix)
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                })
            };
            found.versions = texts.filter(is_version).map(str::to_owned).collect();
        }
        // Files without a table of sections are whole all the same.
        if let Ok(sections) = header.sections(endian, data) {
            let fat = sections.section_by_name(endian, b".nv_fatbin");
            found.fatbin = fat.and_then(|(_, section)| section.file_range(endian));
        }
        Ok(found)
    }

    /// The highest version of that name, such as `2.31` of `GLIBC`.
    pub(crate) fn highest(&self, name: &str) -> Option<Version> {
        let of_name =
            |text: &String| text.strip_prefix(name)?.strip_prefix('_').and_then(Version::of);
        self.versions.iter().filter_map(of_name).max()
    }
}

/// Numbers with dots between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<u32>);

impl Version {
    pub(crate) fn of(text: &str) -> Option<Self> {
        text.split('.').map(|number| number.parse().ok()).collect::<Option<_>>().map(Self)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}
