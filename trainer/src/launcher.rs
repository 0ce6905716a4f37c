//! `gqn-train`: starts the trainer proper, `gqn-train-libtorch` beside it, once its shared libraries are seen to be
//! there. A program that links a library cannot say what to do about its absence: the system's loader ends it first.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

/// What glibc is told about memory: a step asks for what the last one gave back, some of it in very large pieces. By
/// itself glibc hands these to the system, which clears every page of them again; that can take longer than all of the
/// step's arithmetic that is not in products of matrices.
const MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "17179869184")];

fn main() -> ExitCode {
    let error = match start() {
        Ok(code) => return code,
        Err(error) => error,
    };
    let _ = writeln!(io::stderr().lock(), "error: {error}");
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
    let missing = missing_libraries(&trainer);
    if !missing.is_empty() {
        return Err(format!(
            "no libtorch: {} not found\nhint: `cargo xtask setup --libtorch` gets it, or put the folder of your own \
             libtorch 2.11 into LD_LIBRARY_PATH",
            missing.join(", ")
        ));
    }
    let settings = MEMORY.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
    become_program(Command::new(&trainer).args(std::env::args_os().skip(1)).envs(settings))
        .map_err(|error| format!("{} does not start: {error}", trainer.display()))
}

/// Libraries that the loader would not find; empty as well where the loader cannot be asked.
fn missing_libraries(program: &Path) -> Vec<String> {
    // glibc's loader then lists the libraries instead of starting the program.
    let listing = Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output();
    let listing = listing.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    listing.map(|listing| not_found(&listing)).unwrap_or_default()
}

fn not_found(listing: &str) -> Vec<String> {
    let name = |line: &str| {
        line.trim().strip_suffix("=> not found").map(|library| library.trim().to_owned())
    };
    listing.lines().filter_map(name).collect()
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
    use super::not_found;

    #[test]
    fn the_loaders_listing_is_read() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibtorch_cpu.so => not found\n\
                       \tlibm.so.6 => /lib/libm.so.6 (0x00007f4b)\n\tlibc10.so => not found\n";
        assert_eq!(not_found(listing), ["libtorch_cpu.so", "libc10.so"]);
        assert!(not_found("\tstatically linked\n").is_empty());
    }
}
