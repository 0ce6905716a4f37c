//! `gqn-train`: starts the trainer proper, `gqn-train-libtorch` beside it, once its shared libraries are seen to be
//! there. A program that links a library cannot say what to do about its absence: the system's loader ends it first.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use gqn_command_line::say;
use gqn_system::{LibraryDamage, LibraryNeeds, library_needs};

/// What glibc is told about memory: a step asks for what the last one gave back, some of it in very large pieces. By
/// itself glibc hands these to the system, which clears every page of them again; that can take longer than all of the
/// step's arithmetic that is not in products of matrices.
const MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "17179869184")];

const HINT: &str = "hint: `cargo xtask setup --libtorch` gets it, or put the folder of your own libtorch 2.11 into \
                    LD_LIBRARY_PATH";

fn main() -> ExitCode {
    let error = match start() {
        Ok(code) => return code,
        Err(error) => error,
    };
    say(&format!("error: {error}"));
    ExitCode::FAILURE
}

/// Becomes the trainer; returns only where a process cannot become another, or with what stands in the way.
fn start() -> Result<ExitCode, String> {
    let own = std::env::current_exe()
        .map_err(|error| format!("the path of this program is not known: {error}"))?;
    let trainer = own.with_file_name(format!("gqn-train-libtorch{}", std::env::consts::EXE_SUFFIX));
    if !trainer.is_file() {
        return Err(format!(
            "{} is missing\nhint: gqn-train needs it beside itself; cargo builds both",
            trainer.display()
        ));
    }
    let search = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    if let Some((library, damage)) = damaged_library(&trainer, &search) {
        return Err(format!("no libtorch: {} {damage}\n{HINT}", library.display()));
    }
    let Listing { missing, undefined } = listed(&trainer);
    if !missing.is_empty() {
        return Err(format!("no libtorch: {} not found\n{HINT}", missing.join(", ")));
    }
    if let Some(symbol) = undefined {
        return Err(format!(
            "no libtorch 2.11: the libraries that are found have no `{symbol}`, and are other ones or of another version\n\
             {HINT}"
        ));
    }
    let settings = MEMORY.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
    become_program(Command::new(&trainer).args(std::env::args_os().skip(1)).envs(settings))
        .map_err(|error| format!("{} does not start: {error}", trainer.display()))
}

/// The first library that the loader would find for a program and that is not whole: it would be killed over it. The
/// system's own are left to it.
fn damaged_library(program: &Path, search: &OsStr) -> Option<(PathBuf, LibraryDamage)> {
    let mut needs = vec![(program.to_owned(), library_needs(program).ok()?)];
    let mut seen = BTreeSet::new();
    while let Some((of, LibraryNeeds { names, folders })) = needs.pop() {
        let origin = of.parent().unwrap_or(Path::new("."));
        // The environment comes before what a library says itself, but for what is said in the old way; both name the
        // folders of libtorch alone.
        let own = folders.iter().map(|folder| match folder.strip_prefix("$ORIGIN") {
            Some(rest) => origin.join(rest.trim_start_matches('/')),
            None => PathBuf::from(folder),
        });
        let places: Vec<PathBuf> = std::env::split_paths(search).chain(own).collect();
        for name in names {
            let found = places.iter().map(|folder| folder.join(&name)).find(|path| path.exists());
            let Some(path) = found.filter(|_| seen.insert(name)) else { continue };
            match library_needs(&path) {
                Ok(more) => needs.push((path, more)),
                Err(damage) => return Some((path, damage)),
            }
        }
    }
    None
}

/// What the loader says of a program before it starts it; nothing where it cannot be asked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listing {
    /// Libraries that it does not find.
    missing: Vec<String>,
    /// The first name that no library has.
    undefined: Option<String>,
}

fn listed(program: &Path) -> Listing {
    // glibc's loader then lists the libraries, and what they lack, instead of starting the program.
    let loader = [("LD_TRACE_LOADED_OBJECTS", "1"), ("LD_WARN", "yes")];
    let output = Command::new(program).envs(loader).output();
    output.map_or_else(
        |_| Listing::default(),
        |output| {
            let said = [output.stdout, output.stderr].concat();
            Listing::read(&String::from_utf8_lossy(&said), &program.to_string_lossy())
        },
    )
}

impl Listing {
    /// What a library lacks that the program may never call is of no interest.
    fn read(listing: &str, program: &str) -> Self {
        let missing = |line: &str| {
            line.trim().strip_suffix("=> not found").map(|library| library.trim().to_owned())
        };
        let undefined = |line: &str| {
            let (_, rest) = line.split_once("undefined symbol: ")?;
            let (symbol, of) = rest.split_once([' ', ',', '\t'])?;
            of.contains(program).then(|| symbol.to_owned())
        };
        Self {
            missing: listing.lines().filter_map(missing).collect(),
            undefined: listing.lines().find_map(undefined),
        }
    }
}

#[cfg(unix)]
fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_listing_is_read() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibtorch_cpu.so => not found\n\
                       \tlibm.so.6 => /lib/libm.so.6 (0x00007f4b)\n\tlibc10.so => not found\n";
        let read = |listing| Listing::read(listing, "./gqn-train-libtorch");
        assert_eq!(read(listing).missing, ["libtorch_cpu.so", "libc10.so"]);
        assert_eq!(read("\tstatically linked\n"), Listing::default());
        let lacking = "undefined symbol: of_another\t(/lib/libtorch_cpu.so)\n\
                       undefined symbol: _ZN2at4_ops\t(./gqn-train-libtorch)\n";
        assert_eq!(read(lacking).undefined.as_deref(), Some("_ZN2at4_ops"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_is_cut_short_is_found_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = std::env::current_exe().expect("a path");
        assert!(damaged_library(&program, folder.path().as_os_str()).is_none());
        let bytes = std::fs::read(&program).expect("this program");
        let path = folder.path().join("libc.so.6");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("half of a library");
        let found =
            damaged_library(&program, folder.path().as_os_str()).expect("what is cut short");
        assert_eq!(found.0, path);
        assert!(found.1.to_string().contains("is cut short"), "{}", found.1);
    }
}
