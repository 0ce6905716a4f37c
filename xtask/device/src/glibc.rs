//! Which glibc a program needs: the highest version among those of the symbols that it imports.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::FileHeader;
use xtask_workspace::{failure, name_of};

/// A version of glibc, such as 2.31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glibc {
    major: u32,
    minor: u32,
}

impl Glibc {
    pub(crate) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Of a symbol's version, such as `GLIBC_2.2.5`; its third number counts for nothing here.
    fn of_version(name: &str) -> Option<Self> {
        let mut numbers = name.strip_prefix("GLIBC_")?.split('.').map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a program or library needs, if that is not more than `most`.
///
/// # Errors
/// If it needs a newer glibc, with the names of the versions that are too new.
pub(crate) fn require_at_most(path: &Path, most: Glibc) -> Result<Glibc> {
    let bytes = fs::read(path).with_context(|| format!("cannot open {}", path.display()))?;
    let versions =
        imported(&bytes).with_context(|| format!("{} is no 64-bit ELF file", path.display()))?;
    let needed = needed(&versions);
    if needed <= most {
        return Ok(needed);
    }
    let is_newer = |name: &&String| Glibc::of_version(name).is_some_and(|version| version > most);
    let newer: Vec<&str> = versions.iter().filter(is_newer).map(String::as_str).collect();
    Err(failure(
        format!("{} needs glibc {needed} ({}), more than {most}", name_of(path), newer.join(", ")),
        format!("it must be linked against glibc {most}: was cargo-zigbuild given `.{most}`?"),
    ))
}

fn needed(versions: &[String]) -> Glibc {
    let versions = versions.iter().filter_map(|name| Glibc::of_version(name));
    versions.max().unwrap_or(Glibc::new(2, 0))
}

/// Names of the versions of all symbols that a file imports, such as `GLIBC_2.17`.
fn imported(bytes: &[u8]) -> object::Result<Vec<String>> {
    let header = FileHeader64::<LittleEndian>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut names = Vec::new();
    let Some((mut libraries, link)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(names);
    };
    let strings = sections.strings(endian, bytes, link)?;
    while let Some((library, mut versions)) = libraries.next()? {
        let _ = library;
        while let Some(version) = versions.next()? {
            names.push(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let names = ["GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "GCC_4.2.0", "GLIBC_PRIVATE"];
        assert_eq!(needed(&names.map(str::to_owned)), Glibc::new(2, 17));
        assert_eq!(needed(&[]), Glibc::new(2, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_needs_more_is_refused_by_name() {
        // This test is linked against the glibc of this machine.
        let own = std::env::current_exe().unwrap();
        let found = require_at_most(&own, Glibc::new(9, 0)).unwrap();
        assert!(found > Glibc::new(2, 0), "{found}");
        let error = require_at_most(&own, Glibc::new(2, 1)).unwrap_err();
        let text = xtask_workspace::describe(&error);
        assert!(text.contains(&format!("needs glibc {found} (")), "{text}");
        assert!(text.contains("GLIBC_2.") && text.contains("more than 2.1\nhint: "), "{text}");
        let text = format!("{:#}", require_at_most(Path::new("Cargo.toml"), found).unwrap_err());
        assert!(text.contains("Cargo.toml is no 64-bit ELF file"), "{text}");
    }
}
