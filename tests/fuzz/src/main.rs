//! The program that libFuzzer drives: the target is named by the variable `GQN_FUZZ_TARGET`. Without it, the program runs
//! the targets that its arguments name, each in a process of its own.

#![no_main]
#![allow(
    unsafe_code,
    missing_docs,
    reason = "libFuzzer calls a C function, which the macro writes"
)]

use std::io::Write;
use std::sync::OnceLock;

use gqn_fuzz::{Bounded, TARGET_VARIABLE, Target, run_targets, target};
use libfuzzer_sys::fuzz_target;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded::new();

static TARGET: OnceLock<&'static Target> = OnceLock::new();

/// Runs the targets and ends, unless this is the process of one of them.
fn run_all() {
    if std::env::var_os(TARGET_VARIABLE).is_some() {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = run_targets(&arguments);
    if let Err(error) = &done {
        let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
    }
    std::process::exit(i32::from(done.is_err()));
}

fuzz_target!(init: run_all(), |data: &[u8]| {
    let chosen = TARGET.get_or_init(|| {
        let name = std::env::var(TARGET_VARIABLE).unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("GQN_FUZZ_TARGET names no target: `{name}`"))
    });
    (chosen.run)(data);
});
