//! The program that libFuzzer drives: the target is named by the variable `GQN_FUZZ_TARGET`.

#![no_main]
#![allow(
    unsafe_code,
    missing_docs,
    reason = "libFuzzer calls a C function, which the macro writes"
)]

use std::sync::OnceLock;

use gqn_fuzz::{Bounded, Target, target};
use libfuzzer_sys::fuzz_target;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded::new();

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let chosen = TARGET.get_or_init(|| {
        let name = std::env::var("GQN_FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("GQN_FUZZ_TARGET names no target: `{name}`"))
    });
    (chosen.run)(data);
});
