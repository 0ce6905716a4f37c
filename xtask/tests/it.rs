//! `cargo xtask` as it is called; its parts are tested in `src/`.
//!
//! Cargo builds a package's programs when it has a test like this one, and the crate `tests` calls them.

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).output().expect("a started program")
}

#[test]
fn help_names_every_command() {
    let output = xtask(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for command in ["setup", "demo", "web", "fuzz", "test"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in: {help}");
    }
}

#[test]
fn options_that_make_no_sense_are_usage_errors() {
    for arguments in [&["fly"][..], &["demo", "--minutes", "-1"], &["setup", "--rust"]] {
        assert_eq!(xtask(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
